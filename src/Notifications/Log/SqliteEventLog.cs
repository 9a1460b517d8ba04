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
    private long _backlog;

    private SqliteEventLog(IDatabase database, TimeProvider time, PartitionLayout layout, long limit, long backlog)
    {
        _database = database;
        _time = time;
        _limit = limit;
        _backlog = backlog;
        Layout = layout;
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
        var backlog = await database.WriteAsync(async session =>
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
            return waiting;
        });
        return new SqliteEventLog(database, time, layout, limitBytes, backlog);
    }

    /// <inheritdoc/>
    public async ValueTask<AppendResult[]> AppendAsync(IReadOnlyList<LogAppend> entries)
    {
        if (Volatile.Read(ref _backlog) >= _limit)
        {
            return [.. entries.Select(e => new AppendResult(AppendOutcome.Full, e.EventId))];
        }

        AppendResult[] results;
        try
        {
            results = await _database.WriteAsync(session => InsertAsync(session, entries, _time.GetUtcNow().ToUnixTimeMilliseconds()));
        }
        catch (StoreUnavailableException e)
        {
            throw new LogUnavailableException(e.Message, e);
        }

        for (var i = 0; i < results.Length; i++)
        {
            if (results[i].Outcome == AppendOutcome.Appended)
            {
                Interlocked.Add(ref _backlog, entries[i].Payload.Length);
                _doorbells[entries[i].Partition].Writer.TryWrite(true);
            }
        }

        return results;
    }

    /// <inheritdoc/>
    public async ValueTask<List<LogEntry>> ReadAsync(
        int partition, LogPosition after, int maxEntries, int maxBytes, CancellationToken cancellationToken)
    {
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
    public void Committed(int partition, LogPosition position, long bytes) => Interlocked.Add(ref _backlog, -bytes);

    /// <inheritdoc/>
    public async ValueTask<int> TrimAsync(int partition, LogPosition committed, DateTimeOffset before, int maxEntries)
    {
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

    private static async ValueTask<AppendResult[]> InsertAsync(StoreSession session, IReadOnlyList<LogAppend> entries, long now)
    {
        var results = new AppendResult[entries.Count];
        for (var i = 0; i < entries.Count; i++)
        {
            var entry = entries[i];
            if (entry.ExternalId is not null)
            {
                // Younger than the last trim it is in the log, older than the last commit among the events.
                var known = await session.FirstAsync(
                    "SELECT event_id, fingerprint FROM log WHERE tenant = $1 AND source = $2 AND external_id = $3 " +
                    "UNION ALL SELECT id, fingerprint FROM events WHERE tenant = $1 AND source = $2 AND external_id = $3",
                    r => ((byte[])r[0], (byte[])r[1]), entry.Tenant, entry.Source, entry.ExternalId);
                if (known != default)
                {
                    var same = known.Item2.AsSpan().SequenceEqual(entry.Fingerprint.Span);
                    results[i] = new AppendResult(same ? AppendOutcome.Duplicate : AppendOutcome.Conflict, Ids.FromBytes(known.Item1));
                    continue;
                }
            }

            await session.ExecuteAsync(
                "INSERT INTO log (partition, tenant, source, external_id, fingerprint, event_id, appended_at, payload) " +
                "VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                entry.Partition, entry.Tenant, entry.Source, entry.ExternalId, entry.ExternalId is null ? null : entry.Fingerprint.ToArray(),
                entry.EventId.Bytes(), now, entry.Payload.ToArray());
            results[i] = new AppendResult(AppendOutcome.Appended, entry.EventId);
        }

        return results;
    }
}
