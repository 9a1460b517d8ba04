using System.Data.Common;
using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>A subscription as its user sees it.</summary>
/// <param name="Topic">To what.</param>
/// <param name="CreatedAt">Since when, Unix milliseconds.</param>
public readonly record struct StoredSubscription(string Topic, long CreatedAt);

/// <summary>Where a device is.</summary>
/// <param name="Device">Its name; empty for the one that connections without a name share.</param>
/// <param name="Position">See <see cref="DevicePosition"/>.</param>
/// <param name="UpdatedAt">Since when, Unix milliseconds.</param>
public readonly record struct StoredDevice(string Device, long Position, long UpdatedAt);

/// <summary>A webhook of a user, without its secret.</summary>
public readonly record struct ExportedWebhook(Guid Id, string Url, string Types, long CreatedAt, long? DisabledAt, string? DisabledReason);

/// <summary>A delivery to a user.</summary>
public sealed record ExportedDelivery(
    Guid Id, Guid? EventId, string Channel, string Target, string Kind, string? Category, long? Seq, string State, string Reason, long CreatedAt, long DueAt,
    long? FinishedAt, long Attempts, long? LastAttemptAt, long? LastCode, string? LastError, string? LastResponse);

public sealed partial class Store
{
    /// <summary>A user's subscriptions by topic, after a cursor.</summary>
    public Task<List<StoredSubscription>> SubscriptionsOfAsync(UserKey key, string after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT topic, created_at FROM subscriptions WHERE tenant = $1 AND user_id = $2 AND topic > $3 ORDER BY topic LIMIT $4",
            r => new StoredSubscription(r.GetString(0), r.GetInt64(1)), key.Tenant, key.User, after, limit),
        cancellationToken);

    /// <summary>A user's devices by name, after a cursor; null is before the one without a name.</summary>
    public Task<List<StoredDevice>> DevicesOfAsync(UserKey key, string? after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT device, position, updated_at FROM positions WHERE tenant = $1 AND user_id = $2 AND (CAST($3 AS TEXT) IS NULL OR device > $3) " +
            "ORDER BY device LIMIT $4",
            r => new StoredDevice(r.GetString(0), r.GetInt64(1), r.GetInt64(2)), key.Tenant, key.User, after, limit),
        cancellationToken);

    /// <summary>A user's webhooks, oldest first, after a cursor.</summary>
    public Task<List<ExportedWebhook>> WebhooksOfAsync(UserKey key, Guid after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, url, types, created_at, disabled_at, disabled_reason FROM webhooks WHERE tenant = $1 AND user_id = $2 AND id > $3 ORDER BY id LIMIT $4",
            r => new ExportedWebhook(Ids.FromBytes((byte[])r[0]), r.GetString(1), r.GetString(2), r.GetInt64(3), Time(r, 4), Text(r, 5)),
            key.Tenant, key.User, after.Bytes(), limit),
        cancellationToken);

    /// <summary>Everything in a user's log, oldest first, after a place; also what is archived, withdrawn or deleted but still kept.</summary>
    public Task<List<InboxItem>> ItemsOfAsync(UserKey key, long after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(ItemsOf + "AND i.seq > $3 ORDER BY i.seq LIMIT $4", ReadItem, key.Tenant, key.User, after, limit), cancellationToken);

    /// <summary>Deliveries to a user, oldest first, after a cursor.</summary>
    public Task<List<ExportedDelivery>> DeliveriesOfAsync(UserKey key, Guid after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, event_id, channel, target, kind, category, seq, state, reason, created_at, due_at, finished_at, attempts, last_attempt_at, last_code, " +
            "last_error, last_response FROM deliveries WHERE tenant = $1 AND user_id = $2 AND id > $3 ORDER BY id LIMIT $4",
            ReadExportedDelivery, key.Tenant, key.User, after.Bytes(), limit),
        cancellationToken);

    private static ExportedDelivery ReadExportedDelivery(DbDataReader r) => new(
        Ids.FromBytes((byte[])r[0]), r.IsDBNull(1) ? null : Ids.FromBytes((byte[])r[1]), r.GetString(2), r.GetString(3), r.GetString(4), Text(r, 5),
        Time(r, 6), r.GetString(7), r.GetString(8), r.GetInt64(9), r.GetInt64(10), Time(r, 11), r.GetInt64(12), Time(r, 13), Time(r, 14), Text(r, 15), Text(r, 16));
}
