using Notifications.Events;
using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>An event as it is stored.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Source">CloudEvents source, or empty.</param>
/// <param name="ExternalId">The producer's id, or null.</param>
/// <param name="AcceptedAt">When it was durable in the log, Unix milliseconds.</param>
/// <param name="StoredAt">When it was committed, Unix milliseconds.</param>
/// <param name="To">Its recipients, a line each.</param>
/// <param name="OrderingKey">What it was ordered by.</param>
/// <param name="Content">See <see cref="InboxItem.Content"/>.</param>
/// <param name="Decisions">What routing decided, as JSON.</param>
/// <param name="FannedOut">How many users a fan-out that still runs has reached, or null where none runs.</param>
/// <param name="Recipients">How many inboxes it is in.</param>
/// <param name="Options">What it asked for beyond being shown, or null.</param>
/// <param name="State"><c>scheduled</c>, <c>cancelled</c>, <c>expired</c> or null.</param>
/// <param name="WithdrawnAt">Since when it is withdrawn, Unix milliseconds.</param>
public sealed record StoredEvent(
    Guid Id, string Source, string? ExternalId, long AcceptedAt, long StoredAt, string To, string OrderingKey, byte[] Content, byte[] Decisions,
    long? FannedOut, long Recipients, EventOptions? Options, string? State, long? WithdrawnAt);

/// <summary>A delivery of an event, in short.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Channel">How.</param>
/// <param name="UserId">Whose, or null.</param>
/// <param name="Target">Address, or id of the webhook.</param>
/// <param name="State">See <see cref="Channels.DeliveryStates"/>.</param>
/// <param name="Reason">Why.</param>
/// <param name="Attempts">How many were made.</param>
public sealed record EventDelivery(Guid Id, string Channel, string? UserId, string Target, string State, string Reason, int Attempts);

/// <summary>What became of an event for one user.</summary>
/// <param name="Item">The notification; without content.</param>
/// <param name="Acknowledged">Whether one of the user's devices has it, as far as is known.</param>
public sealed record StoredRecipient(InboxItem Item, bool Acknowledged);

public sealed partial class Store
{
    private const string EventColumns =
        "SELECT e.id, e.source, e.external_id, e.accepted_at, e.stored_at, e.recipients, e.ordering_key, e.content, e.decisions, " +
        "(SELECT f.done FROM fanouts f WHERE f.event_id = e.id), (SELECT COUNT(*) FROM inbox i WHERE i.event_id = e.id) + (SELECT COUNT(*) FROM inbox s WHERE s.shown_event = e.id), " +
        "e.options, e.state, e.withdrawn_at FROM events e WHERE e.tenant = $1 ";

    private const string RecipientColumns =
        "i.user_id, i.seq, i.rev, i.event_id, i.created_at, i.seen_at, i.read_at, i.archived_at, i.snoozed_until, i.withdrawn_at, i.deleted, " +
        "$2 AS content, i.shown_event, COALESCE((SELECT MAX(p.position) FROM positions p WHERE p.tenant = i.tenant AND p.user_id = i.user_id), 0) AS position ";

    /// <summary>An event by its id, or null.</summary>
    public Task<StoredEvent?> EventAsync(string tenant, Guid id, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync(EventColumns + "AND e.id = $2", ReadEvent, tenant, id.Bytes()), cancellationToken);

    /// <summary>An event by its producer's id, or null; of several sources the first.</summary>
    public Task<StoredEvent?> EventAsync(string tenant, string externalId, string? source, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync(
            EventColumns + "AND e.external_id = $2 AND (CAST($3 AS TEXT) IS NULL OR e.source = $3) ORDER BY e.source LIMIT 1", ReadEvent, tenant, externalId, source),
        cancellationToken);

    /// <summary>What became of an event, by user id, after a cursor.</summary>
    public Task<List<StoredRecipient>> EventRecipientsAsync(string tenant, Guid id, string after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.QueryAsync(
                "SELECT * FROM (SELECT " + RecipientColumns + "FROM inbox i WHERE i.event_id = $2 AND i.tenant = $1 AND i.user_id > $3 " +
                "UNION ALL SELECT " + RecipientColumns + "FROM inbox i WHERE i.shown_event = $2 AND i.tenant = $1 AND i.user_id > $3) AS r ORDER BY 1 LIMIT $4",
                r => ReadItem(r) is var item ? new StoredRecipient(item, r.GetInt64(13) >= item.Seq) : null!, tenant, id.Bytes(), after, limit),
            cancellationToken);

    /// <summary>Deliveries of an event, first ones first.</summary>
    public Task<List<EventDelivery>> EventDeliveriesAsync(string tenant, Guid id, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, channel, user_id, target, state, reason, attempts FROM deliveries WHERE event_id = $1 AND tenant = $2 ORDER BY id LIMIT $3",
            r => new EventDelivery(
                Ids.FromBytes((byte[])r[0]), r.GetString(1), Text(r, 2), r.GetString(3), r.GetString(4), r.GetString(5), r.GetInt32(6)),
            id.Bytes(), tenant, limit),
        cancellationToken);

    private static StoredEvent ReadEvent(System.Data.Common.DbDataReader r) => new(
        Ids.FromBytes((byte[])r[0]), r.GetString(1), r.IsDBNull(2) ? null : r.GetString(2), r.GetInt64(3), r.GetInt64(4), r.GetString(5), r.GetString(6),
        (byte[])r[7], (byte[])r[8], r.IsDBNull(9) ? null : r.GetInt64(9), r.GetInt64(10), r.IsDBNull(11) ? null : EventOptions.Read((byte[])r[11]), Text(r, 12), Time(r, 13));
}
