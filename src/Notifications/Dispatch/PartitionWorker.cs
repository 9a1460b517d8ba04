using Microsoft.Extensions.Logging;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Routing;
using Notifications.Stats;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>
/// One partition, from the log to the users: (1) own it; (2) read after its position; (3) route; (4) commit, in one transaction with what other partitions have ready;
/// (5) ring; (6) trim what was committed long enough ago. Beside it, the fan-outs of the partition, and its events whose time comes.
/// <para>
/// An entry that kills the process is found by counting owners that began a batch and committed nothing: after two of them entries are
/// taken one by one, after five the first one is given up unread.
/// </para>
/// </summary>
public sealed partial class PartitionWorker(
    int partition, ILeases leases, IEventLog log, Store store, RoutingFacts facts, EventSchedule schedule, IDoorbell doorbell, Lane lane, TimeProvider time,
    ILogger logger)
{
    private const int MaxBatch = 512;
    private const int MaxBatchBytes = 4 * 1024 * 1024;
    private const int MaxRowsPerCommit = 2_000;
    private const int TrimBatch = 1_000;

    /// <summary>If so many went, more may be waiting: large entries end a batch early.</summary>
    private const int TrimMore = 16;
    private static readonly TimeSpan Retry = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan TrimEvery = TimeSpan.FromSeconds(30);

    /// <summary>How long committed entries stay in the log: what was delivered can be looked at, and ids seen twice are found there.</summary>
    private static readonly TimeSpan KeepCommitted = TimeSpan.FromMinutes(15);

    private const int CarefulAfter = 2;
    private const int GiveUpAfter = 5;

    /// <summary>So many entries are taken one by one then: more than the batch that was at fault can have had.</summary>
    private const int CarefulFor = 2 * MaxBatch;

    private PartitionLease _lease;
    private DateTimeOffset _nextTrim;

    /// <summary>How many owners died of what comes next; counted once per owner, before its first batch.</summary>
    private int? _attempts;
    private bool _counted;
    private int _carefully;

    /// <summary>Works until it is told to stop or owns the partition no more; a batch that has begun is finished. Faults of log and store are waited out.</summary>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (await OpenAsync(stoppingToken) is not { } lease) // (1)
                {
                    return;
                }

                _lease = lease;
                using var fanOuts = new FanOuts(_lease, await store.FanOutsAsync(partition, stoppingToken), store, facts, doorbell);
                using var lost = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
                var running = fanOuts.RunAsync(lost.Token);
                var reading = ReadAsync(fanOuts, lost.Token);
                var scheduled = RunScheduledAsync(fanOuts, lost.Token);
                var ended = await Task.WhenAny(running, reading, scheduled); // Because the process ends, or because it failed: then both begin anew.
                await lost.CancelAsync();
                await Task.WhenAll(running, reading, scheduled).ContinueWith(_ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
                await ended;
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                await SurviveAsync();
                return;
            }
            catch (Exception e)
            {
                await SurviveAsync();
                if (e is LogUnavailableException or StoreUnavailableException)
                {
                    LogWaiting(logger, partition, e.Message);
                }
                else if (e is not (OwnershipLostException or LogRewoundException))
                {
                    LogFailed(logger, partition, e);
                }

                await Task.WhenAny(Task.Delay(Retry, time, stoppingToken));
            }
        }
    }

    /// <summary>This process did not die of the batch that it began, so that does not count: it is counted again with the next one.</summary>
    private async Task SurviveAsync()
    {
        if (!_counted)
        {
            return;
        }

        try
        {
            await store.UncountAttemptAsync(partition);
            (_counted, _attempts) = (false, null);
        }
        catch (StoreUnavailableException)
        {
            // It stays counted, once for this owner.
        }
    }

    /// <summary>
    /// The lease, once log and store agree on what it stands for. A log that went back is read again from its first entry: ids tell what was
    /// done. A store that went back gets a new epoch, and what the log still has.
    /// </summary>
    private async Task<PartitionLease?> OpenAsync(CancellationToken cancellationToken)
    {
        if (await leases.OpenAsync(partition, cancellationToken) is not { } lease)
        {
            return null;
        }

        switch (await log.BeginAsync(partition, lease.Position))
        {
            case LogState.Rewound:
                LogRewound(logger, partition);
                return await store.RewindPartitionAsync(lease);
            case LogState.StoreRewound:
                await store.RaiseEpochAsync();
                LogStoreRewound(logger, partition);
                return lease;
            default:
                return lease;
        }
    }

    private async Task ReadAsync(FanOuts fanOuts, CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await TrimAsync();
            if (!await TakeTurnAsync(fanOuts, cancellationToken))
            {
                await log.WaitAsync(partition, cancellationToken);
            }
        }
    }

    /// <summary>Reads what has gathered until it is this worker's turn, and takes it to its users.</summary>
    /// <returns>False where there was nothing.</returns>
    private async Task<bool> TakeTurnAsync(FanOuts fanOuts, CancellationToken cancellationToken)
    {
        await (lane.Turns?.WaitAsync(cancellationToken) ?? Task.CompletedTask);
        try
        {
            return await TakeAsync(fanOuts, cancellationToken);
        }
        finally
        {
            lane.Turns?.Release();
        }
    }

    private async Task<bool> TakeAsync(FanOuts fanOuts, CancellationToken cancellationToken)
    {
        var entries = await log.ReadAsync(partition, _lease.Position, _carefully > 0 ? 1 : MaxBatch, MaxBatchBytes, cancellationToken); // (2)
        if (entries.Count == 0)
        {
            return false;
        }

        if (_attempts is null)
        {
            _attempts = await store.CountAttemptAsync(_lease);
            _counted = true;
            if (_attempts > GiveUpAfter)
            {
                await CommitAsync([entries[0]], [], [new DeadEntry(entries[0], "crashed_process", "Several processes ended while they worked on this entry.")], fanOuts);
                return true;
            }

            if (_attempts >= CarefulAfter)
            {
                _carefully = CarefulFor;
                return true; // Read again, one by one.
            }
        }

        _carefully = Math.Max(0, _carefully - 1);
        await DispatchAsync(entries, fanOuts, cancellationToken);
        return true;
    }

    private async Task DispatchAsync(List<LogEntry> entries, FanOuts fanOuts, CancellationToken cancellationToken)
    {
        var dead = new List<DeadEntry>();
        var records = Parse(entries, dead);
        var context = await facts.LoadAsync(records, null, cancellationToken) with { MustWait = fanOuts.MustWait };
        var (from, next) = (0, 0);
        while (from < entries.Count)
        {
            // As many entries as fit into one transaction; those of one ordering key behind a fan-out of the same batch wait for it too.
            var (plans, rows, to) = (new List<Plan>(), 0, from);
            var started = new HashSet<(string, string)>();
            for (; to < entries.Count && rows < MaxRowsPerCommit; to++)
            {
                if (next < records.Count && records[next].Id == entries[to].EventId)
                {
                    var plan = Route(records[next++], context, started, dead, entries[to]);
                    if (plan is not null)
                    {
                        plans.Add(plan);
                        rows += plan.Rows;
                    }
                }
            }

            var batch = entries.GetRange(from, to - from);
            await CommitAsync(batch, plans, dead, fanOuts);
            from = to;
        }
    }

    private static List<EventRecord> Parse(List<LogEntry> entries, List<DeadEntry> dead)
    {
        var records = new List<EventRecord>(entries.Count);
        foreach (var entry in entries)
        {
            var state = EventRecord.TryRead(entry, out var record);
            if (state == RecordState.Valid)
            {
                records.Add(record!);
                continue;
            }

            dead.Add(state == RecordState.UnknownVersion
                ? new DeadEntry(entry, "unknown_version", "The entry was written by a newer version of the service.")
                : new DeadEntry(entry, "malformed", "The entry is not an event."));
        }

        return records;
    }

    private static Plan? Route(
        EventRecord record, RoutingContext context, HashSet<(string, string)> started, List<DeadEntry> dead, LogEntry entry) // (3)
    {
        try
        {
            var plan = Router.Route(
                record, started.Count == 0 ? context : context with { MustWait = (tenant, key) => started.Contains((tenant, key)) || context.MustWait(tenant, key) });
            if (plan is { FanOut: true, Broadcast: false })
            {
                started.Add((record.Tenant, record.OrderingKey));
            }

            return plan;
        }
        catch (Exception e)
        {
            dead.Add(e is RoutingException refused ? new DeadEntry(entry, refused.Reason, e.Message) : new DeadEntry(entry, "routing_failed", e.ToString()));
            return null;
        }
    }

    /// <summary>Commits entries; what the store refuses for itself is found by halving, and given up alone.</summary>
    private async Task CommitAsync(List<LogEntry> entries, List<Plan> plans, List<DeadEntry> dead, FanOuts fanOuts)
    {
        var ids = entries.Select(e => e.EventId).ToHashSet();
        var refused = dead.FindAll(d => ids.Contains(d.Entry.EventId));
        var waiting = plans.FindAll(p => p.FanOut);
        fanOuts.Announce(waiting); // Before the commit, so that no event of the same key can slip past between the two.
        CommitResult result;
        try
        {
            var commit = new Commit(_lease, entries[^1].Position, plans, refused);
            result = _carefully > 0 ? (await store.CommitAsync([commit]))[0] : await lane.Commits.RunAsync(commit); // (4)
        }
        catch (Exception e) when (e is not (StoreUnavailableException or OwnershipLostException)) // Those two begin anew, fan-outs and all.
        {
            fanOuts.Committed(waiting, []);
            if (entries.Count == 1)
            {
                if (plans.Count == 0)
                {
                    throw; // Not for what is in the entry.
                }

                LogRefused(logger, partition, entries[0].EventId, e);
                await CommitAsync(entries, [], [.. refused, new DeadEntry(entries[0], "refused_by_store", e.ToString())], fanOuts);
                return;
            }

            foreach (var half in entries.Chunk((entries.Count + 1) / 2))
            {
                var part = half.Select(h => h.EventId).ToHashSet();
                await CommitAsync([.. half], plans.FindAll(p => part.Contains(p.Event.Id)), dead, fanOuts);
            }

            return;
        }

        _lease = _lease with { Position = entries[^1].Position };
        _counted = false; // The commit has set it back.
        log.Committed(partition, _lease.Position, entries.Sum(e => (long)e.Payload.Length));
        fanOuts.Committed(waiting, result.FanOuts);
        await TellAsync(plans, result); // (5)
        foreach (var entry in refused)
        {
            LogDead(logger, partition, entry.Entry.EventId, entry.Reason);
        }
    }

    private async Task TellAsync(List<Plan> plans, CommitResult result)
    {
        NodeMeter.Committed(plans.Count);
        NodeMeter.Written(result.Pushes.Count);
        await doorbell.RingAsync(result.Pushes);
        foreach (var tenant in result.BroadcastTenants)
        {
            await doorbell.RingAllAsync(tenant);
        }

        var sends = false;
        foreach (var plan in plans)
        {
            sends |= plan.Deliveries.Count > 0;
            if (plan.ScheduledFor is { } dueAt)
            {
                schedule.Add(partition, dueAt);
            }
        }

        if (sends)
        {
            facts.Bell.Ring();
        }
    }

    private async Task TrimAsync() // (6)
    {
        var now = time.GetUtcNow();
        if (now < _nextTrim)
        {
            return;
        }

        // The entry at the position stays: by it the log is known to be the same one.
        var trimmed = await log.TrimAsync(partition, new LogPosition(_lease.Position.Value - 1), now - KeepCommitted, TrimBatch);
        _nextTrim = trimmed >= TrimMore ? now : now + TrimEvery;
    }

    [LoggerMessage(3001, LogLevel.Error, "Partition {Partition} stopped and begins anew")]
    private static partial void LogFailed(ILogger logger, int partition, Exception exception);

    [LoggerMessage(3004, LogLevel.Warning, "Partition {Partition} waits: {Reason}")]
    private static partial void LogWaiting(ILogger logger, int partition, string reason);

    [LoggerMessage(3005, LogLevel.Error, "Partition {Partition}: the log was flushed or is an older copy. It is read again from its first entry; events that are stored already are passed over, those that only the lost part held are gone")]
    private static partial void LogRewound(ILogger logger, int partition);

    [LoggerMessage(3006, LogLevel.Error, "Partition {Partition}: more of the log was committed than the store knows of, so the store is an older copy. The epoch is raised, and clients start over")]
    private static partial void LogStoreRewound(ILogger logger, int partition);

    [LoggerMessage(3002, LogLevel.Error, "Partition {Partition}: the store refused event {Event}")]
    private static partial void LogRefused(ILogger logger, int partition, Guid @event, Exception exception);

    [LoggerMessage(3003, LogLevel.Error, "Partition {Partition}: event {Event} was given up on: {Reason}")]
    private static partial void LogDead(ILogger logger, int partition, Guid @event, string reason);
}
