using System.Threading.Channels;
using Notifications.Storage;

namespace Notifications.Log;

/// <summary>
/// The log as a table in the embedded database. An append is a unit of work of the writer, so that concurrent appends, and the
/// dispatcher's commits, share one fsync.
/// </summary>
public sealed class SqliteEventLog : IEventLog
{
    /// <summary>No ring is lost within a process; this is for what nobody thought of.</summary>
    private static readonly TimeSpan Poll = TimeSpan.FromSeconds(10);

    private readonly IDatabase _database;
    private readonly TimeProvider _time;
    private readonly long _limit;
    private readonly Channel<bool>[] _doorbells;
    private readonly LogTail[] _tails;
    private readonly Lock _lock = new();
    private List<PendingAppend> _waiting = [];
    private long _backlog;

    /// <summary>The id given last; the writer's alone.</summary>
    private long _newest;

    private SqliteEventLog(IDatabase database, TimeProvider time, PartitionLayout layout, long limit, long backlog, long newest)
    {
        _database = database;
        _time = time;
        _limit = limit;
        _backlog = backlog;
        _newest = newest;
        Layout = layout;
        _tails = [.. Enumerable.Range(0, layout.Count).Select(_ => new LogTail(newest))];
        _doorbells = new Channel<bool>[layout.Count];
        for (var i = 0; i < _doorbells.Length; i++)
        {
            // One ring that is not yet heard stands for all that follow it.
            _doorbells[i] = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
        }
    }

    /// <inheritdoc/>
    public PartitionLayout Layout { get; }

    /// <summary>Bytes of payload that are not committed yet.</summary>
    public long BacklogBytes => Volatile.Read(ref _backlog);

    /// <summary>Opens the log. Its layout is stored with it and changes only while it is empty.</summary>
    /// <param name="database">The embedded database.</param>
    /// <param name="time">Stamps entries.</param>
    /// <param name="layout">The layout that is configured.</param>
    /// <param name="limitBytes">How many bytes of payload may wait to be committed before appends are refused.</param>
    /// <exception cref="InvalidOperationException">Another layout is configured than the log has, and it holds uncommitted entries.</exception>
    public static async Task<SqliteEventLog> OpenAsync(IDatabase database, TimeProvider time, PartitionLayout layout, long limitBytes)
    {
        var (backlog, newest) = await database.WriteAsync(async session =>
        {
            var wanted = new[] { (byte)layout.Normal, (byte)layout.Critical };
            var stored = await session.FirstAsync("SELECT value FROM settings WHERE name = 'log-layout'", r => (byte[])r[0]);
            var waiting = await session.FirstAsync(
                "SELECT COALESCE(SUM(LENGTH(l.payload)), 0) FROM log l LEFT JOIN partitions p ON p.id = l.partition WHERE l.id > COALESCE(p.position, 0)",
                r => r.GetInt64(0));
            if (stored is not null && !stored.AsSpan().SequenceEqual(wanted) && waiting > 0)
            {
                throw new InvalidOperationException(
                    $"Notifications:Log:Partitions and CriticalPartitions are {layout.Normal} and {layout.Critical}, but the log was written with " +
                    $"{stored[0]} and {stored[1]} and still holds events. Start once with the old values, wait until it is empty, then change them.");
            }

            await session.ExecuteAsync(
                "INSERT INTO settings (name, value) VALUES ('log-layout', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", wanted);
            return (waiting, await session.FirstAsync("SELECT COALESCE(MAX(id), 0) FROM log", r => r.GetInt64(0)));
        });
        return new SqliteEventLog(database, time, layout, limitBytes, backlog, newest);
    }

    /// <inheritdoc/>
    /// <remarks>Appends that are asked for while one waits for the writer join it: a busy log takes one unit of work for all of them.</remarks>
    public ValueTask<AppendResult[]> AppendAsync(IReadOnlyList<LogAppend> entries)
    {
        if (Volatile.Read(ref _backlog) >= _limit)
        {
            return new([.. entries.Select(e => new AppendResult(AppendOutcome.Full, e.EventId))]);
        }

        var append = new PendingAppend(entries);
        bool first;
        lock (_lock)
        {
            first = _waiting.Count == 0;
            _waiting.Add(append);
        }

        if (first)
        {
            _ = FlushAsync();
        }

        return new(append.Source.Task);
    }

    /// <inheritdoc/>
    public async ValueTask<List<LogEntry>> ReadAsync(
        int partition, LogPosition after, int maxEntries, int maxBytes, CancellationToken cancellationToken)
    {
        if (_tails[partition].TryRead(after, maxEntries, maxBytes) is { } recent)
        {
            return recent;
        }

        try
        {
            var entries = await _database.ReadAsync(
                session => session.QueryAsync(
                    "SELECT id, tenant, event_id, payload FROM log WHERE partition = $1 AND id > $2 ORDER BY id LIMIT $3",
                    r => new LogEntry(new LogPosition(r.GetInt64(0)), r.GetString(1), Ids.FromBytes((byte[])r[2]), (byte[])r[3]),
                    partition, after.Value, maxEntries),
                cancellationToken);
            var sum = 0L;
            var end = entries.FindIndex(e => (sum += e.Payload.Length) > maxBytes);
            return end >= 0 && end + 1 < entries.Count ? entries.GetRange(0, end + 1) : entries;
        }
        catch (StoreUnavailableException e)
        {
            throw new LogUnavailableException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    public async Task WaitAsync(int partition, CancellationToken cancellationToken)
    {
        var rings = _doorbells[partition].Reader;
        if (rings.TryRead(out _))
        {
            return;
        }

        using var limit = new CancellationTokenSource(Poll, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await rings.WaitToReadAsync(both.Token);
            rings.TryRead(out _);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <inheritdoc/>
    /// <remarks>Log and store are one database: they are never apart.</remarks>
    public ValueTask<LogState> BeginAsync(int partition, LogPosition committed) => new(LogState.Continues);

    /// <inheritdoc/>
    public void Committed(int partition, LogPosition position, long bytes) => Interlocked.Add(ref _backlog, -bytes);

    /// <inheritdoc/>
    public async ValueTask<int> TrimAsync(int partition, LogPosition committed, DateTimeOffset before, int maxEntries)
    {
        _tails[partition].ForgetThrough(committed);
        try
        {
            return await _database.WriteAsync(session => session.ExecuteAsync(
                // Entries are in the order of their times, so the oldest few tell; looking for all that are old enough would read the whole log.
                "DELETE FROM log WHERE id IN (SELECT o.id FROM (SELECT id, appended_at FROM log WHERE partition = $1 AND id <= $2 " +
                "AND id < (SELECT MAX(id) FROM log WHERE partition = $1) ORDER BY id LIMIT $4) AS o WHERE o.appended_at < $3)",
                partition, committed.Value, before.ToUnixTimeMilliseconds(), maxEntries));
        }
        catch (StoreUnavailableException e)
        {
            throw new LogUnavailableException(e.Message, e);
        }
    }

    /// <inheritdoc/>
    /// <remarks>It is a table of the store: who asks about the store has asked about the log.</remarks>
    public ValueTask<string?> FaultAsync(CancellationToken cancellationToken) => default;

    /// <inheritdoc/>
    /// <remarks>What is committed is counted in an index; only what waits is looked at.</remarks>
    public async ValueTask<IReadOnlyList<PartitionStats>> StatsAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await _database.ReadAsync(
                async session =>
                {
                    var stats = new List<PartitionStats>(Layout.Count);
                    for (var partition = 0; partition < Layout.Count; partition++)
                    {
                        var length = await session.FirstAsync("SELECT COUNT(*) FROM log WHERE partition = $1", r => r.GetInt64(0), partition);
                        stats.Add(await session.FirstAsync(
                            "SELECT COUNT(*), COALESCE(SUM(LENGTH(payload)), 0), MIN(appended_at) FROM log " +
                            "WHERE partition = $1 AND id > COALESCE((SELECT position FROM partitions WHERE id = $1), 0)",
                            r => new PartitionStats(
                                partition, length, r.GetInt64(0), r.GetInt64(1),
                                r.IsDBNull(2) ? null : DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(2))),
                            partition));
                    }

                    return stats;
                },
                cancellationToken);
        }
        catch (StoreUnavailableException e)
        {
            throw new LogUnavailableException(e.Message, e);
        }
    }

    /// <summary>Writes what waits, in one unit of work; what is refused for itself is told from its neighbours by writing them one by one.</summary>
    private async Task FlushAsync()
    {
        List<PendingAppend> taken = [];
        try
        {
            var last = await _database.WriteAsync(session =>
            {
                taken = TakeWaiting();
                return InsertAsync(session, taken);
            });
            Complete(taken, last);
        }
        catch (Exception e) when (e is not StoreUnavailableException && taken.Count > 1)
        {
            foreach (var append in taken)
            {
                await FlushAloneAsync(append);
            }
        }
        catch (Exception e)
        {
            foreach (var append in taken.Count > 0 ? taken : TakeWaiting())
            {
                append.Fail(e);
            }
        }
    }

    private async Task FlushAloneAsync(PendingAppend append)
    {
        try
        {
            Complete([append], await _database.WriteAsync(session => InsertAsync(session, [append])));
        }
        catch (Exception e)
        {
            append.Fail(e);
        }
    }

    private List<PendingAppend> TakeWaiting()
    {
        lock (_lock)
        {
            (var taken, _waiting) = (_waiting, []);
            return taken;
        }
    }

    private void Complete(List<PendingAppend> appends, long last)
    {
        foreach (var tail in _tails)
        {
            tail.ShowThrough(last);
        }

        foreach (var append in appends)
        {
            for (var i = 0; i < append.Results.Length; i++)
            {
                if (append.Results[i].Outcome == AppendOutcome.Appended)
                {
                    Interlocked.Add(ref _backlog, append.Entries[i].Payload.Length);
                    _doorbells[append.Entries[i].Partition].Writer.TryWrite(true);
                }
            }

            append.Source.SetResult(append.Results);
        }
    }

    /// <returns>The highest id that was given, or 0.</returns>
    private async ValueTask<long> InsertAsync(StoreSession session, List<PendingAppend> appends)
    {
        var (now, last) = (_time.GetUtcNow().ToUnixTimeMilliseconds(), 0L);
        foreach (var append in appends)
        {
            for (var i = 0; i < append.Entries.Count; i++)
            {
                var entry = append.Entries[i];
                if (await FindAsync(session, entry) is { } known)
                {
                    append.Results[i] = known;
                    continue;
                }

                last = await session.FirstAsync(
                    "INSERT INTO log (partition, tenant, source, external_id, fingerprint, event_id, appended_at, payload) " +
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
                    r => r.GetInt64(0), entry.Partition, entry.Tenant, entry.Source, entry.ExternalId,
                    entry.ExternalId is null ? null : entry.Fingerprint.ToArray(), entry.EventId.Bytes(), now, entry.Payload.ToArray());
                DropRolledBack(last);
                _tails[entry.Partition].Add(new LogEntry(new LogPosition(last), entry.Tenant, entry.EventId, entry.Payload));
                append.Results[i] = new AppendResult(AppendOutcome.Appended, entry.EventId);
            }
        }

        return last;
    }

    /// <summary>Ids that a rolled-back transaction had given are given again: one that is not the highest so far says that there was one.</summary>
    private void DropRolledBack(long id)
    {
        if (id <= _newest)
        {
            foreach (var tail in _tails)
            {
                tail.DropFrom(id);
            }
        }

        _newest = id;
    }

    /// <summary>Looks an external id up: younger than the last trim it is in the log, older than the last commit among the events.</summary>
    private static async ValueTask<AppendResult?> FindAsync(StoreSession session, LogAppend entry)
    {
        if (entry.ExternalId is null)
        {
            return null;
        }

        var known = await session.FirstAsync(
            "SELECT event_id, fingerprint FROM log WHERE tenant = $1 AND source = $2 AND external_id = $3 " +
            "UNION ALL SELECT id, fingerprint FROM events WHERE tenant = $1 AND source = $2 AND external_id = $3",
            r => ((byte[])r[0], (byte[])r[1]), entry.Tenant, entry.Source, entry.ExternalId);
        return known == default
            ? null
            : new AppendResult(
                known.Item2.AsSpan().SequenceEqual(entry.Fingerprint.Span) ? AppendOutcome.Duplicate : AppendOutcome.Conflict,
                Ids.FromBytes(known.Item1));
    }

    /// <summary>An append that waits for the writer.</summary>
    private sealed class PendingAppend(IReadOnlyList<LogAppend> entries)
    {
        public IReadOnlyList<LogAppend> Entries { get; } = entries;

        public AppendResult[] Results { get; } = new AppendResult[entries.Count];

        public TaskCompletionSource<AppendResult[]> Source { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Fail(Exception e) => Source.SetException(e is StoreUnavailableException ? new LogUnavailableException(e.Message, e) : e);
    }
}
