using System.Text;
using Notifications.Events;
using Notifications.Log;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>What every event log keeps to. A subclass supplies an engine: a log, and the store that remembers what was committed from it.</summary>
public abstract partial class EventLogContract : IAsyncLifetime
{
    private const long NoLimit = long.MaxValue;

    /// <summary>Only so that a ring that is lost ends in a failure and not in a test run that hangs.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private static readonly PartitionLayout FourAndOne = new(4, 1);
    private int _ids;

    protected FakeTime Time { get; } = new();

    /// <summary>Opens the engine; after <see cref="CloseAsync"/> on the same data.</summary>
    protected abstract Task<(IEventLog Log, Store Store)> OpenAsync(PartitionLayout layout, long limitBytes);

    /// <summary>Stops using the data, which stays.</summary>
    protected abstract Task CloseAsync();

    /// <summary>Closes and deletes the data.</summary>
    protected abstract Task DeleteAsync();

    public Task InitializeAsync() => Task.CompletedTask;

    public Task DisposeAsync() => DeleteAsync();

    [Fact]
    public async Task Entries_are_read_in_the_order_of_their_partition()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var entries = Enumerable.Range(0, 30).Select(i => Entry(i % 3)).ToArray();
        foreach (var batch in entries.Chunk(7))
        {
            Assert.All(await log.AppendAsync(batch), r => Assert.Equal(AppendOutcome.Appended, r.Outcome));
        }

        for (var partition = 0; partition < FourAndOne.Count; partition++)
        {
            var read = await ReadAllAsync(log, partition);
            Assert.Equal(entries.Where(e => e.Partition == partition).Select(e => e.EventId), read.Select(e => e.EventId));
            Assert.Equal(read.Select(e => e.Position.Value).Order().Distinct(), read.Select(e => e.Position.Value));
        }
    }

    [Fact]
    public async Task An_entry_comes_back_as_it_was_appended()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var bytes = Enumerable.Range(0, 1000).Select(i => (byte)i).ToArray();
        var entry = Entry(4, tenant: "\uE000-😀") with { Payload = bytes };
        var result = Assert.Single(await log.AppendAsync([entry]));
        Assert.Equal(new AppendResult(AppendOutcome.Appended, entry.EventId), result);

        var read = Assert.Single(await ReadAllAsync(log, 4));
        Assert.Equal(entry.EventId, read.EventId);
        Assert.Equal(entry.Tenant, read.Tenant);
        Assert.Equal(bytes, read.Payload.ToArray());
        Assert.True(read.Position.Value > LogPosition.Start.Value);
    }

    [Fact]
    public async Task Concurrent_appends_are_all_there_each_batch_in_its_order()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var batches = Enumerable.Range(0, 40).Select(_ => Enumerable.Range(0, 5).Select(_ => Entry(1)).ToArray()).ToArray();
        await Task.WhenAll(batches.Select(b => Task.Run(async () => await log.AppendAsync(b))));

        var order = (await ReadAllAsync(log, 1)).Select((e, i) => (e.EventId, i)).ToDictionary(e => e.EventId, e => e.i);
        Assert.Equal(200, order.Count);
        Assert.All(batches, b => Assert.Equal(b.Select(e => order[e.EventId]).Order(), b.Select(e => order[e.EventId])));
    }

    [Fact]
    public async Task Reading_goes_on_after_a_position()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([Entry(0), Entry(1), Entry(0), Entry(0)]);
        var all = await ReadAllAsync(log, 0);

        Assert.Equal(all[1..].Select(e => e.EventId), (await log.ReadAsync(0, all[0].Position, 100, int.MaxValue, default)).Select(e => e.EventId));
        Assert.Empty(await log.ReadAsync(0, all[2].Position, 100, int.MaxValue, default));
        Assert.Empty(await log.ReadAsync(2, LogPosition.Start, 100, int.MaxValue, default));
    }

    [Theory]
    [InlineData(2, int.MaxValue, 2)]
    [InlineData(100, 25, 3)] // 10, 20, and the one that passes 25
    [InlineData(100, 1, 1)]
    [InlineData(100, 0, 1)]
    [InlineData(1, 0, 1)]
    [InlineData(100, 50, 5)]
    public async Task A_read_stops_at_its_limits_but_returns_at_least_one_entry(int maxEntries, int maxBytes, int expected)
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var entries = Enumerable.Range(0, 5).Select(_ => Entry(0) with { Payload = new byte[10] }).ToArray();
        await log.AppendAsync(entries);

        var read = await log.ReadAsync(0, LogPosition.Start, maxEntries, maxBytes, default);
        Assert.Equal(entries.Take(expected).Select(e => e.EventId), read.Select(e => e.EventId));
    }

    [Fact]
    public async Task The_same_event_again_is_a_duplicate_and_another_one_a_conflict()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var first = Entry(0, externalId: "order-1", fingerprint: 1);
        await log.AppendAsync([first]);

        var again = await log.AppendAsync([Entry(0, externalId: "order-1", fingerprint: 1), Entry(0, externalId: "order-1", fingerprint: 2)]);
        Assert.Equal(new AppendResult(AppendOutcome.Duplicate, first.EventId), again[0]);
        Assert.Equal(AppendOutcome.Conflict, again[1].Outcome);
        Assert.Equal(first.EventId, Assert.Single(await ReadAllAsync(log, 0)).EventId);
    }

    [Fact]
    public async Task Ids_are_known_across_partitions()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var first = Entry(0, externalId: "order-1", fingerprint: 1);
        await log.AppendAsync([first]);

        // The fingerprint covers the ordering key, but a changed layout may send a retry elsewhere.
        Assert.Equal(new AppendResult(AppendOutcome.Duplicate, first.EventId), (await log.AppendAsync([Entry(3, externalId: "order-1", fingerprint: 1)]))[0]);
        Assert.Empty(await ReadAllAsync(log, 3));
    }

    [Fact]
    public async Task Tenants_and_sources_have_ids_of_their_own()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var results = await log.AppendAsync(
        [
            Entry(0, externalId: "1", fingerprint: 1),
            Entry(0, externalId: "1", fingerprint: 2, tenant: "other"),
            Entry(0, externalId: "1", fingerprint: 3, source: "/shop"),
            Entry(0, externalId: "1 ", fingerprint: 4),
            Entry(0),
            Entry(0),
        ]);
        Assert.All(results, r => Assert.Equal(AppendOutcome.Appended, r.Outcome));
        Assert.Equal(6, (await ReadAllAsync(log, 0)).Count);
    }

    [Fact]
    public async Task Ids_are_known_within_one_batch()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var first = Entry(0, externalId: "1", fingerprint: 1);
        var results = await log.AppendAsync(
            [first, Entry(0), Entry(0, externalId: "1", fingerprint: 1), Entry(0, externalId: "1", fingerprint: 9), Entry(0, externalId: "2", fingerprint: 1)]);

        Assert.Equal(
            [AppendOutcome.Appended, AppendOutcome.Appended, AppendOutcome.Duplicate, AppendOutcome.Conflict, AppendOutcome.Appended],
            results.Select(r => r.Outcome));
        Assert.Equal(first.EventId, results[2].EventId);
        Assert.Equal(3, (await ReadAllAsync(log, 0)).Count);
    }

    [Fact]
    public async Task Of_many_that_race_with_one_id_one_is_appended_and_the_others_name_it()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var results = await Task.WhenAll(Enumerable.Range(0, 30)
            .Select(_ => Task.Run(async () => (await log.AppendAsync([Entry(2, externalId: "once", fingerprint: 7)]))[0])));

        var appended = Assert.Single(results, r => r.Outcome == AppendOutcome.Appended);
        Assert.All(results, r => Assert.Equal(appended.EventId, r.EventId));
        Assert.Equal(29, results.Count(r => r.Outcome == AppendOutcome.Duplicate));
        Assert.Equal(appended.EventId, Assert.Single(await ReadAllAsync(log, 2)).EventId);
    }

    [Fact]
    public async Task An_id_is_known_after_its_entry_was_trimmed()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        var first = Entry(0, externalId: "order-1", fingerprint: 1);
        await log.AppendAsync([first, Entry(0)]);
        await CommitAllAsync(log, store, 0);
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await TrimAllAsync(log, 0));

        var again = await log.AppendAsync([Entry(0, externalId: "order-1", fingerprint: 1), Entry(0, externalId: "order-1", fingerprint: 2)]);
        Assert.Equal(new AppendResult(AppendOutcome.Duplicate, first.EventId), again[0]);
        Assert.Equal(AppendOutcome.Conflict, again[1].Outcome);
    }

    [Fact]
    public async Task A_full_log_refuses_until_entries_are_committed()
    {
        var (log, _) = await OpenAsync(FourAndOne, 100);
        Assert.Equal(AppendOutcome.Appended, (await log.AppendAsync([Entry(0) with { Payload = new byte[100] }]))[0].Outcome);
        Assert.All(await log.AppendAsync([Entry(0), Entry(0)]), r => Assert.Equal(AppendOutcome.Full, r.Outcome));
        var only = Assert.Single(await ReadAllAsync(log, 0));

        log.Committed(0, only.Position, only.Payload.Length);
        Assert.Equal(AppendOutcome.Appended, (await log.AppendAsync([Entry(0)]))[0].Outcome);
        Assert.Equal(2, (await ReadAllAsync(log, 0)).Count);
    }

    [Fact]
    public async Task What_was_refused_takes_no_room()
    {
        var (log, _) = await OpenAsync(FourAndOne, 100);
        for (var i = 0; i < 20; i++)
        {
            var results = await log.AppendAsync([Entry(0, externalId: "same", fingerprint: 1) with { Payload = new byte[30] }]);
            Assert.NotEqual(AppendOutcome.Full, results[0].Outcome);
        }
    }

    [Fact]
    public async Task After_a_restart_a_full_log_is_still_full_and_a_committed_one_is_not()
    {
        var (log, store) = await OpenAsync(FourAndOne, 100);
        await log.AppendAsync([Entry(0) with { Payload = new byte[60] }, Entry(1) with { Payload = new byte[60] }]);

        (log, store) = await ReopenAsync(FourAndOne, 100);
        Assert.Equal(AppendOutcome.Full, (await log.AppendAsync([Entry(0)]))[0].Outcome);
        await CommitAllAsync(log, store, 0);

        (log, _) = await ReopenAsync(FourAndOne, 100);
        Assert.Equal(AppendOutcome.Appended, (await log.AppendAsync([Entry(0)]))[0].Outcome);
    }

    [Fact]
    public async Task An_append_wakes_who_waits_for_its_partition()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var wait = log.WaitAsync(2, default);
        await log.AppendAsync([Entry(2)]);
        await wait.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_ring_before_the_wait_is_not_lost()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([Entry(2)]);
        await log.WaitAsync(2, default).WaitAsync(Patience);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_reader_that_waits_when_there_is_nothing_misses_nothing(bool commits)
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var entries = Enumerable.Range(0, 300).Select(_ => Entry(3)).ToArray();
        var reading = Task.Run(async () =>
        {
            var read = new List<LogEntry>();
            while (read.Count < entries.Length)
            {
                var next = await log.ReadAsync(3, read.Count == 0 ? LogPosition.Start : read[^1].Position, 4, int.MaxValue, default);
                read.AddRange(next);
                if (next.Count == 0)
                {
                    await log.WaitAsync(3, default); // The clock stands still: only the doorbell can end this.
                }
                else if (commits)
                {
                    log.Committed(3, next[^1].Position, next.Sum(e => (long)e.Payload.Length));
                }
            }

            return read;
        });
        foreach (var entry in entries)
        {
            await log.AppendAsync([entry]);
        }

        Assert.Equal(entries.Select(e => e.EventId), (await reading.WaitAsync(Patience)).Select(e => e.EventId));
    }

    [Fact]
    public async Task A_wait_ends_by_itself_after_a_while_or_when_it_is_cancelled()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var wait = log.WaitAsync(0, default);
        Time.Advance(TimeSpan.FromMinutes(1));
        await wait.WaitAsync(Patience);

        using var cancel = new CancellationTokenSource();
        var cancelled = log.WaitAsync(0, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled.WaitAsync(Patience));
    }

    [Fact]
    public async Task Trimming_keeps_the_last_the_young_and_the_uncommitted()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([Entry(0), Entry(0), Entry(1), Entry(1)]);
        await CommitAllAsync(log, store, 0);
        Time.Advance(TimeSpan.FromHours(1));
        var border = Time.GetUtcNow();
        await log.AppendAsync([Entry(0), Entry(0)]);
        await CommitAllAsync(log, store, 0);
        Time.Advance(TimeSpan.FromHours(1));
        await log.AppendAsync([Entry(0)]);
        var before = await ReadAllAsync(log, 0);

        Assert.Equal(2, await log.TrimAsync(0, before[3].Position, border, 100)); // the young stay
        Assert.Equal(before[2..].Select(e => e.EventId), (await ReadAllAsync(log, 0)).Select(e => e.EventId));
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await log.TrimAsync(0, before[2].Position, Time.GetUtcNow(), 100)); // the uncommitted stay
        Assert.Equal(1, await log.TrimAsync(0, before[4].Position, Time.GetUtcNow(), 100)); // the last stays
        Assert.Equal(0, await log.TrimAsync(0, before[4].Position, Time.GetUtcNow(), 100));
        Assert.Equal(before[4].EventId, Assert.Single(await ReadAllAsync(log, 0)).EventId);
        Assert.Equal(2, (await ReadAllAsync(log, 1)).Count); // and so does another partition
    }

    [Fact]
    public async Task Trimming_goes_in_steps()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([.. Enumerable.Range(0, 10).Select(_ => Entry(0))]);
        await CommitAllAsync(log, store, 0);
        var all = await ReadAllAsync(log, 0);
        Time.Advance(TimeSpan.FromHours(1));

        Assert.Equal(4, await log.TrimAsync(0, all[^1].Position, Time.GetUtcNow(), 4));
        Assert.Equal(all[4..].Select(e => e.EventId), (await ReadAllAsync(log, 0)).Select(e => e.EventId));
        Assert.Equal(4, await log.TrimAsync(0, all[^1].Position, Time.GetUtcNow(), 4));
        Assert.Equal(1, await log.TrimAsync(0, all[^1].Position, Time.GetUtcNow(), 4));
    }

    [Fact]
    public async Task A_position_is_never_used_again()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([.. Enumerable.Range(0, 5).Select(_ => Entry(0))]);
        await CommitAllAsync(log, store, 0);
        var last = (await ReadAllAsync(log, 0))[^1].Position;
        for (var round = 0; round < 3; round++)
        {
            Time.Advance(TimeSpan.FromHours(1));
            await TrimAllAsync(log, 0);
            (log, store) = await ReopenAsync(FourAndOne, NoLimit);
            var entry = Entry(0);
            await log.AppendAsync([entry]);

            var next = Assert.Single(await log.ReadAsync(0, last, 100, int.MaxValue, default)); // nothing a reader has passed comes back
            Assert.Equal(entry.EventId, next.EventId);
            Assert.True(next.Position.Value > last.Value);
            last = next.Position;
            await CommitAllAsync(log, store, 0);
        }
    }

    [Fact]
    public async Task Entries_are_there_after_a_restart()
    {
        var (log, _) = await OpenAsync(FourAndOne, NoLimit);
        var entries = new[] { Entry(0, externalId: "a", fingerprint: 1), Entry(4), Entry(0) };
        await log.AppendAsync(entries);
        var before = await ReadAllAsync(log, 0);

        (log, _) = await ReopenAsync(FourAndOne, NoLimit);
        Assert.Equal(before.Select(e => (e.Position, e.EventId)), (await ReadAllAsync(log, 0)).Select(e => (e.Position, e.EventId)));
        Assert.Equal(entries[1].EventId, Assert.Single(await ReadAllAsync(log, 4)).EventId);
        Assert.Equal(
            new AppendResult(AppendOutcome.Duplicate, entries[0].EventId), (await log.AppendAsync([Entry(0, externalId: "a", fingerprint: 1)]))[0]);
    }

    [Fact]
    public async Task The_layout_changes_only_while_nothing_waits()
    {
        var (log, store) = await OpenAsync(FourAndOne, NoLimit);
        await log.AppendAsync([Entry(3)]);
        await CloseAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => OpenAsync(new PartitionLayout(8, 1), NoLimit));
        await CloseAsync();

        (log, store) = await OpenAsync(FourAndOne, NoLimit); // the old one still opens
        Assert.Equal(FourAndOne, log.Layout);
        await CommitAllAsync(log, store, 3);
        (log, _) = await ReopenAsync(new PartitionLayout(8, 2), NoLimit);
        Assert.Equal(new PartitionLayout(8, 2), log.Layout);
        await log.AppendAsync([Entry(9)]);
        Assert.Single(await ReadAllAsync(log, 9));
    }

    private static async Task<List<LogEntry>> ReadAllAsync(IEventLog log, int partition) =>
        await log.ReadAsync(partition, LogPosition.Start, 10_000, int.MaxValue, default);

    private async Task<(IEventLog Log, Store Store)> ReopenAsync(PartitionLayout layout, long limitBytes)
    {
        await CloseAsync();
        return await OpenAsync(layout, limitBytes);
    }

    private async Task<int> TrimAllAsync(IEventLog log, int partition) =>
        await log.TrimAsync(partition, (await ReadAllAsync(log, partition))[^1].Position, Time.GetUtcNow(), 1_000);

    /// <summary>Does what the owner of the partition does with what waits in it.</summary>
    private async Task CommitAllAsync(IEventLog log, Store store, int partition)
    {
        var lease = await store.AcquirePartitionAsync(partition, "test");
        var entries = await log.ReadAsync(partition, lease.Position, 10_000, int.MaxValue, default);
        var plans = entries.ConvertAll(entry =>
        {
            var parts = Encoding.UTF8.GetString(entry.Payload.Span).Split('|'); // source, external id, fingerprint: see Entry
            return new Plan
            {
                Event = new EventRecord
                {
                    Id = entry.EventId,
                    Tenant = entry.Tenant,
                    Source = parts.Length < 3 ? "" : parts[0],
                    ExternalId = parts.Length < 3 || parts[1].Length == 0 ? null : parts[1],
                    Fingerprint = parts.Length < 3 ? default : Fingerprint(int.Parse(parts[2], null)),
                    AcceptedAt = Time.Milliseconds,
                    To = [new Recipient(RecipientKind.User, "ann")],
                    OrderingKey = "user:ann",
                    Content = "{\"type\":\"t\"}"u8.ToArray(),
                },
                Decisions = [],
                Users = ["ann"],
            };
        });
        await store.CommitAsync(lease, entries[^1].Position, plans, []);
        log.Committed(partition, entries[^1].Position, entries.Sum(e => (long)e.Payload.Length));
    }

    private static byte[] Fingerprint(int seed) => [.. Enumerable.Repeat((byte)seed, 32)];

    private LogAppend Entry(int partition, string? externalId = null, int fingerprint = 0, string tenant = "acme", string source = "")
    {
        var id = Guid.CreateVersion7(Time.GetUtcNow());
        return new LogAppend(
            partition, tenant, id, source, externalId, externalId is null ? default : Fingerprint(fingerprint),
            Encoding.UTF8.GetBytes($"{source}|{externalId}|{fingerprint}|{Interlocked.Increment(ref _ids)}"));
    }
}
