using System.Globalization;
using Notifications.Inbox;
using Notifications.Storage;
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

    [Fact]
    public async Task Logs_that_are_read_together_are_what_each_is_alone()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync([.. Enumerable.Range(0, 130).Select(i => i % 3 == 0 ? To("ann", "bob") : To("bob"))]);
        await UserLog.ChangeAsync(Bob, [.. (await ItemsAsync(Bob)).Where(i => i.Seq is 40 or 128).Select(i => i.Id)], new InboxChange { Read = true });
        var behind = new UserKey(Tenant, "behind");
        CatchUpRequest[] requests =
        [
            new(Ann, 0, 500), new(Bob, 90, 500), new(Ann, 20, 5), new(new UserKey(Tenant, "nobody"), 0, 500), new(Bob, 131, 500), new(Bob, 1_000, 500), new(behind, 0, 500),
            new(Bob, 0, 500),
        ];
        var together = await Store.CatchUpAsync(requests);
        Assert.Equal([true, true, true, false, true, true, false, true], together.Select(r => r.IsCurrent));
        Assert.Null(together[^1].Value); // Too far behind for others to wait for it.
        foreach (var (request, read) in requests.Zip(together).Where(p => p.Second.Value is not null))
        {
            var alone = (await Store.CatchUpAsync([request]))[0].Value!;
            Assert.Equal((alone.Head, alone.Position, alone.HasMore), (read.Value!.Head, read.Value.Position, read.Value.HasMore));
            Assert.Equal(alone.Steps.Select(Outline), read.Value.Steps.Select(Outline));
        }

        Assert.Equal(132, (await LogAsync(Bob)).Position);
        Assert.Equal([true, true, false], (await Store.HeadsAsync([Bob, Ann, behind])).Select(h => h.IsCurrent));

        static string Outline(UserPush push) => $"{push.Key} {push.First}-{push.Last} {push.Counts}: {string.Join(' ', push.Items.Select(i => $"{i.Seq}/{i.Rev}/{i.ReadAt}"))}";
    }
}
