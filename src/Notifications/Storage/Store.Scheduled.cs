using Notifications.Dispatch;
using Notifications.Log;
using Notifications.Routing;

namespace Notifications.Storage;

/// <summary>An event that waits for its time.</summary>
/// <param name="EventId">The event.</param>
/// <param name="Tenant">Whose.</param>
/// <param name="DueAt">When, Unix milliseconds.</param>
/// <param name="Payload">The event, as it was in the log.</param>
public sealed record ScheduledEvent(Guid EventId, string Tenant, long DueAt, byte[] Payload);

public sealed partial class Store
{
    /// <summary>When the next event of each partition is due, Unix milliseconds; partitions without one are missing.</summary>
    public Task<Dictionary<int, long>> NextScheduledAsync(CancellationToken cancellationToken) => database.ReadAsync(
        async session => (await session.QueryAsync(
            "SELECT p.id, (SELECT MIN(s.due_at) FROM scheduled s WHERE s.partition = p.id) FROM partitions p",
            r => (Partition: r.GetInt32(0), DueAt: r.IsDBNull(1) ? (long?)null : r.GetInt64(1))))
            .Where(p => p.DueAt is not null).ToDictionary(p => p.Partition, p => p.DueAt!.Value),
        cancellationToken);

    /// <summary>When the next event of a partition is due, Unix milliseconds; null where none waits.</summary>
    public Task<long?> NextScheduledAsync(int partition, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync("SELECT MIN(due_at) FROM scheduled WHERE partition = $1", r => r.IsDBNull(0) ? (long?)null : r.GetInt64(0), partition), cancellationToken);

    /// <summary>Events of a partition whose time has come, earliest first.</summary>
    public Task<List<ScheduledEvent>> DueEventsAsync(int partition, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT event_id, tenant, due_at, payload FROM scheduled WHERE partition = $1 AND due_at <= $2 ORDER BY due_at, event_id LIMIT $3",
            ReadScheduled, partition, Now, limit),
        cancellationToken);

    /// <summary>Events of a tenant that wait, by time, after a place.</summary>
    public Task<List<ScheduledEvent>> ScheduledEventsAsync(string tenant, long dueAt, Guid after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT event_id, tenant, due_at, payload FROM scheduled WHERE tenant = $1 AND (due_at, event_id) > ($2, $3) ORDER BY due_at, event_id LIMIT $4",
            ReadScheduled, tenant, dueAt, after.Bytes(), limit),
        cancellationToken);

    /// <summary>An event that waits, or null.</summary>
    public async Task<EventRecord?> ScheduledEventAsync(string tenant, Guid id, CancellationToken cancellationToken)
    {
        var payload = await database.ReadAsync(
            session => session.FirstAsync("SELECT payload FROM scheduled WHERE event_id = $1 AND tenant = $2", r => (byte[])r[0], id.Bytes(), tenant), cancellationToken);
        return payload is not null && EventRecord.TryRead(new LogEntry(LogPosition.Start, tenant, id, payload), out var record) == RecordState.Valid ? record : null;
    }

    /// <summary>
    /// Commits events whose time has come: (1) fence, or an owner after this one would not know of a fan-out; (2) delete their rows, and go on with
    /// those that were there and unchanged, which makes it happen once; (3) as a batch from the log.
    /// </summary>
    /// <exception cref="OwnershipLostException">Nothing was written.</exception>
    public Task<CommitResult> CommitDueAsync(PartitionLease lease, IReadOnlyList<Plan> plans) => database.WriteAsync(async session =>
    {
        var owned = await session.QueryAsync( // (1)
            "SELECT id FROM partitions WHERE id = $1 AND epoch = $2 {lock}", r => r.GetInt32(0), lease.Partition, lease.Epoch);
        if (owned.Count == 0)
        {
            throw new OwnershipLostException(lease.Partition);
        }

        var due = (await session.QueryAsync( // (2)
            "DELETE FROM scheduled WHERE (event_id, payload) IN (SELECT r.event_id, r.payload FROM {rows} AS r) RETURNING event_id",
            r => Ids.FromBytes((byte[])r[0]),
            new Rows().With("event_id", Column(plans, p => p.Event.Id.Bytes())).With("payload", Column(plans, p => p.Event.Write().ToArray())))).ToHashSet();
        var fresh = plans.Where(p => due.Contains(p.Event.Id)).ToList();
        var now = Now;
        await session.ExecuteAsync(
            "UPDATE events SET state = NULL, stored_at = r.stored_at, decisions = r.decisions FROM {rows} AS r WHERE events.id = r.id",
            new Rows().With("id", Column(fresh, p => p.Event.Id.Bytes())).With("stored_at", Column(fresh, _ => now))
                .With("decisions", Column(fresh, p => Decision.Write(p.Decisions))));
        var broadcasts = await InsertBroadcastsAsync(session, fresh); // (3)
        var pushes = await DeliverAsync(session, fresh, broadcasts);
        await UpdateDecisionsAsync(session, fresh);
        var fanOuts = await InsertFanOutsAsync(session, lease.Partition, fresh.FindAll(p => p.FanOut));
        return new CommitResult(pushes, [.. broadcasts.Keys], fanOuts);
    });

    /// <summary>Gives up an event whose time has come and which cannot be delivered.</summary>
    public Task GiveUpScheduledAsync(ScheduledEvent scheduled, int partition, string reason, string error) => database.WriteAsync(async session =>
    {
        if (await session.ExecuteAsync("DELETE FROM scheduled WHERE event_id = $1", scheduled.EventId.Bytes()) == 0)
        {
            return 0;
        }

        // Without its row the event can be replayed as if it came for the first time.
        await session.ExecuteAsync("DELETE FROM events WHERE id = $1 AND state = 'scheduled'", scheduled.EventId.Bytes());
        return await session.ExecuteAsync(
            "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload) VALUES ($1, $2, $3, $4, 0, $5, $6, $7, $8)",
            Ids.New(time).Bytes(), scheduled.Tenant, scheduled.EventId.Bytes(), partition, reason, error, Now, scheduled.Payload);
    });

    /// <summary>Takes back an event that still waits.</summary>
    /// <returns>Whether it did.</returns>
    public Task<bool> CancelScheduledAsync(string tenant, Guid id) => database.WriteAsync(async session =>
    {
        var cancelled = await session.ExecuteAsync("DELETE FROM scheduled WHERE event_id = $1 AND tenant = $2", id.Bytes(), tenant) == 1;
        if (cancelled)
        {
            await session.ExecuteAsync("UPDATE events SET state = 'cancelled', withdrawn_at = $2 WHERE id = $1", id.Bytes(), Now);
        }

        return cancelled;
    });

    /// <summary>Changes an event that still waits.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="record">As it is to be, with the same id; its options say when.</param>
    /// <returns>Whether it still waited.</returns>
    public Task<bool> ChangeScheduledAsync(string tenant, EventRecord record) => database.WriteAsync(async session =>
    {
        var dueAt = record.Options?.SendAt ?? Now;
        var changed = await session.ExecuteAsync(
            "UPDATE scheduled SET due_at = $3, payload = $4 WHERE event_id = $1 AND tenant = $2", record.Id.Bytes(), tenant, dueAt, record.Write().ToArray()) == 1;
        if (changed)
        {
            await session.ExecuteAsync(
                "UPDATE events SET recipients = $2, category = $3, content = $4, options = $5, expires_at = $6 WHERE id = $1", record.Id.Bytes(),
                string.Join('\n', record.To), record.Category, record.Content.ToArray(), record.Options?.Write(), record.Options?.ExpiresAt);
        }

        return changed;
    });

    private static async ValueTask InsertScheduledAsync(StoreSession session, int partition, List<Plan> plans)
    {
        if (plans.Count > 0)
        {
            await session.ExecuteAsync(
                "INSERT INTO scheduled (event_id, tenant, partition, due_at, payload) SELECT r.event_id, r.tenant, r.partition, r.due_at, r.payload FROM {rows} AS r WHERE true",
                new Rows().With("event_id", Column(plans, p => p.Event.Id.Bytes())).With("tenant", Column(plans, p => p.Event.Tenant))
                    .With("partition", Column(plans, _ => partition)).With("due_at", Column(plans, p => p.ScheduledFor!.Value))
                    .With("payload", Column(plans, p => p.Event.Write().ToArray())));
        }
    }

    private static ScheduledEvent ReadScheduled(System.Data.Common.DbDataReader r) =>
        new(Ids.FromBytes((byte[])r[0]), r.GetString(1), r.GetInt64(2), (byte[])r[3]);
}
