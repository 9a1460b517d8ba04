using System.Diagnostics;

namespace Notifications.IntegrationTests.Support;

/// <summary>Waits for a condition that has no event to await. The limit is generous: it says that something hangs, not how fast it is.</summary>
public static class Until
{
    /// <summary>How long anything may take before it counts as hanging.</summary>
    public static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    /// <summary>Waits until the condition holds.</summary>
    /// <exception cref="TimeoutException">It did not; the message says <paramref name="what"/>.</exception>
    public static Task TrueAsync(string what, Func<Task<bool>> condition, TimeSpan? limit = null) =>
        ValueAsync(what, condition, holds => holds, limit);

    /// <summary>Waits until a value is as it should be, and returns it.</summary>
    /// <exception cref="TimeoutException">It never was; the message says <paramref name="what"/> and the last value.</exception>
    public static async Task<T> ValueAsync<T>(string what, Func<Task<T>> read, Func<T, bool> expected, TimeSpan? limit = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            var value = await read();
            if (expected(value))
            {
                return value;
            }

            if (Stopwatch.GetElapsedTime(started) > (limit ?? Limit))
            {
                throw new TimeoutException($"Waited in vain for: {what}. Last seen: {value}");
            }

            await Task.Delay(Pause, TimeProvider.System);
        }
    }
}
