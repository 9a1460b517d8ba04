using System.Globalization;
using Xunit.Sdk;

namespace Notifications.IntegrationTests.Contracts;

/// <content>The per-user log against its model.</content>
public abstract partial class StoreContract
{
    private const int Sequences = 240;
    private const int Length = 60;
    private const int AtOnce = 12;
    private int _runs;

    /// <summary>
    /// Random sequences of publishing, changing, retention, and devices that connect, read in small pages, lose their connection half-way and resume.
    /// Sequences run side by side, each in a tenant of its own. <c>NOTIFICATIONS_TEST_SEED</c> chooses others than the usual ones.
    /// </summary>
    [Fact]
    public async Task Whatever_happens_every_device_ends_with_what_the_log_says()
    {
        var seed = int.Parse(Environment.GetEnvironmentVariable("NOTIFICATIONS_TEST_SEED") ?? "1", CultureInfo.InvariantCulture);
        var options = new ParallelOptions { MaxDegreeOfParallelism = AtOnce };
        await Parallel.ForAsync(seed, seed + Sequences, options, async (number, cancellationToken) =>
        {
            var random = new Random(number);
            var steps = Enumerable.Range(0, Length).Select(_ => UserLogStep.Next(random)).ToList();
            var (done, error) = await RunAsync(steps);
            if (error is not null)
            {
                throw await ShrinkAsync(number, steps[..Math.Min(done + 1, steps.Count)], error);
            }
        });
    }

    private Task<(int Done, Exception? Error)> RunAsync(List<UserLogStep> steps) =>
        new UserLogRun(_database, 100 + Interlocked.Increment(ref _runs)).RunAsync(steps);

    /// <summary>Leaves out what is not needed to fail.</summary>
    private async Task<Exception> ShrinkAsync(int seed, List<UserLogStep> steps, Exception error)
    {
        for (var chunk = steps.Count / 2; chunk > 0; chunk /= 2)
        {
            for (var at = steps.Count - chunk; at >= 0; at -= chunk)
            {
                var fewer = steps.ToList();
                fewer.RemoveRange(at, Math.Min(chunk, fewer.Count - at));
                if ((await RunAsync(fewer)).Error is { } still)
                {
                    (steps, error) = (fewer, still);
                    at = Math.Min(at, steps.Count);
                }
            }
        }

        return new XunitException($"Seed {seed} fails with {steps.Count} steps:\n{string.Join('\n', steps)}\n{error}");
    }
}
