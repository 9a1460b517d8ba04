using System.Diagnostics;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>
/// Connections of which each sends again when it is answered: as much as whoever answers can take, or as much as arrives where what is under way is
/// bounded.
/// </summary>
/// <param name="server">Where it goes.</param>
/// <param name="connections">How many send.</param>
/// <param name="next">The next request: of a connection, and how many it has sent before.</param>
internal sealed class PostLoad(Uri server, int connections, Func<int, long, Request> next)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string?[] _lastAnswers = new string?[connections];
    private long _answered;

    /// <summary>Requests answered so far.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Holds senders back while it says so: asked before each request, with the number of requests that were sent before it.</summary>
    public Func<long, bool>? IsTooMuch { get; init; }

    /// <summary>Measures how many requests are answered each second.</summary>
    /// <returns>Requests each second.</returns>
    public Task<double> MeasureAsync(Turn turn) => MeasureAsync(turn, () => Answered);

    /// <summary>Sends, gets going first, measures how fast something grows, and waits until the last request was answered.</summary>
    /// <param name="turn">Begins and ends with what counts.</param>
    /// <param name="count">What grows.</param>
    /// <returns>How much each second.</returns>
    public async Task<double> MeasureAsync(Turn turn, Func<long> count)
    {
        using var enough = new CancellationTokenSource();
        var sending = SendAsync(enough.Token);
        await Within(sending, Turn.RampUp);
        turn.Begin();
        var (before, began) = (count(), Stopwatch.GetTimestamp());
        await Within(sending, Turn.Length);
        var perSecond = (count() - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        turn.End();
        await enough.CancelAsync();
        await sending;
        return perSecond;
    }

    /// <summary>Waits until the last events, which name themselves in the last answers, are in inboxes.</summary>
    public async Task StoredAsync(Api api)
    {
        foreach (var answer in _lastAnswers.OfType<string>())
        {
            const int IdLength = 36;
            var id = answer.Substring(answer.LastIndexOf("evt_", StringComparison.Ordinal), IdLength);
            await Until.TrueAsync("the last events to be stored", async () => (await api.GetAsync($"/v1/events/{id}")).Status == 200, Patience);
        }
    }

    private static async Task Within(Task sending, TimeSpan time)
    {
        if (await Task.WhenAny(sending, Task.Delay(time, TimeProvider.System)) == sending)
        {
            await sending;
        }
    }

    private Task SendAsync(CancellationToken enough)
    {
        var sent = 0L;
        return Task.WhenAll(Enumerable.Range(0, connections).Select(c => Task.Run(
            async () =>
            {
                using var connection = await RawConnection.OpenAsync(server);
                var n = 0L;
                while (!enough.IsCancellationRequested)
                {
                    if (IsTooMuch?.Invoke(Interlocked.Read(ref sent)) == true)
                    {
                        await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
                        continue;
                    }

                    Interlocked.Increment(ref sent);
                    await connection.SendAsync(next(c, n++).Bytes);
                    Interlocked.Increment(ref _answered);
                }

                _lastAnswers[c] = n > 0 ? connection.Answer : null;
            },
            CancellationToken.None)));
    }
}
