using Notifications.IntegrationTests.Support;
using Notifications.Log;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>What a log says of itself. How much waits may be known a moment after a commit, for the log is told of it after the store.</summary>
public abstract partial class EventLogContract
{
    [Fact]
    public async Task A_log_that_can_take_appends_has_no_fault()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        Assert.Null(await log.FaultAsync(default));
    }

    [Fact]
    public async Task An_empty_log_has_all_its_partitions_and_nothing_in_them()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        Assert.Equal(Enumerable.Range(0, FourAndOne.Count).Select(p => new PartitionStats(p, 0, 0, 0, null)), await log.StatsAsync(default));
    }

    [Fact]
    public async Task What_waits_is_counted_from_its_first_entry_on()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        var start = Time.GetUtcNow();
        await log.AppendAsync([Entry(0) with { Payload = new byte[100] }, Entry(4) with { Payload = new byte[7] }]);
        Time.Advance(TimeSpan.FromSeconds(5));
        await log.AppendAsync([Entry(0) with { Payload = new byte[50] }]);

        var stats = await log.StatsAsync(default);
        Assert.Equal(new PartitionStats(0, 2, 2, 150, start), stats[0]);
        Assert.Equal(new PartitionStats(1, 0, 0, 0, null), stats[1]);
        Assert.Equal(new PartitionStats(4, 1, 1, 7, start), stats[4]);

        var first = (await log.ReadAsync(0, LogPosition.Start, 1, int.MaxValue, default))[0];
        var lease = await store.AcquirePartitionAsync(0, "test");
        await store.CommitAsync(lease, first.Position, [], []);
        log.Committed(0, first.Position, first.Payload.Length);
        await UntilAsync(log, new PartitionStats(0, 2, 1, 50, start.AddSeconds(5)));
        Assert.Equal(new PartitionStats(4, 1, 1, 7, start), (await log.StatsAsync(default))[4]);
    }

    [Fact]
    public async Task What_is_committed_stays_in_the_log_until_it_is_trimmed()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([Entry(2), Entry(2), Entry(2)]);
        await CommitAllAsync(log, store, 2);
        await UntilAsync(log, new PartitionStats(2, 3, 0, 0, null));

        Time.Advance(TimeSpan.FromHours(1));
        await TrimAllAsync(log, 2);
        await UntilAsync(log, new PartitionStats(2, 1, 0, 0, null));

        var later = Time.GetUtcNow();
        await log.AppendAsync([Entry(2) with { Payload = new byte[9] }]);
        await UntilAsync(log, new PartitionStats(2, 2, 1, 9, later));
    }

    [Fact]
    public async Task What_was_refused_is_not_counted()
    {
        var (log, _) = await OpenAsync(FourAndOne, 100);
        await log.AppendAsync([Entry(1, externalId: "a", fingerprint: 1) with { Payload = new byte[100] }]);
        await log.AppendAsync([Entry(1, externalId: "a", fingerprint: 1), Entry(1)]);
        var stats = (await log.StatsAsync(default))[1];
        Assert.Equal((1, 1, 100), (stats.Length, stats.Lag, stats.LagBytes));
    }

    [Fact]
    public async Task After_a_restart_as_much_waits_as_before()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([Entry(0), Entry(0), Entry(3) with { Payload = new byte[11] }]);
        await CommitAllAsync(log, store, 0);
        await UntilAsync(log, new PartitionStats(0, 2, 0, 0, null));
        var before = await log.StatsAsync(default);

        (log, _) = await ReopenAsync(FourAndOne, NoLimit);
        Assert.Equal(before, await log.StatsAsync(default));
    }

    private static Task<PartitionStats> UntilAsync(IEventLog log, PartitionStats expected) =>
        Until.ValueAsync($"{expected}", async () => (await log.StatsAsync(default))[expected.Partition], stats => stats == expected);
}
