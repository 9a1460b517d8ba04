using System.Data.Common;
using System.Text;
using Notifications.Channels;

namespace Notifications.Storage;

/// <summary>What came of asking for a delivery to be sent again.</summary>
public enum ResendOutcome : byte
{
    /// <summary>It waits for its first attempt again.</summary>
    Resent,

    /// <summary>There is no such delivery.</summary>
    NotFound,

    /// <summary>It has not ended yet.</summary>
    Pending,

    /// <summary>The other side has taken it.</summary>
    Sent,

    /// <summary>It was decided that it is not to be sent.</summary>
    Skipped,

    /// <summary>What it is about was deleted or withdrawn.</summary>
    Gone,
}

public sealed partial class Store
{
    private const string DeliveryColumns =
        "SELECT d.id, d.event_id, d.user_id, d.channel, d.target, d.kind, d.category, d.state, d.reason, d.created_at, d.due_at, d.finished_at, d.attempts, " +
        "d.last_attempt_at, d.last_code, d.last_error, d.last_response, CASE WHEN q.owner = '' THEN q.due_at ELSE NULL END " +
        "FROM deliveries d LEFT JOIN delivery_queue q ON q.id = d.id WHERE d.tenant = $1 ";

    /// <summary>A delivery by its id, or null.</summary>
    public Task<StoredDelivery?> DeliveryAsync(string tenant, Guid id, CancellationToken cancellationToken) => database.ReadAsync(
        async session => await session.FirstAsync(DeliveryColumns + "AND d.id = $2", ReadDelivery, tenant, id.Bytes()) is not { } delivery
            ? null
            : delivery.Kind != "digest"
                ? delivery
                : delivery with
                {
                    EventIds = await session.QueryAsync(
                        "SELECT event_id FROM digest_items WHERE delivery_id = $1 ORDER BY created_at, event_id LIMIT 500", r => Ids.FromBytes((byte[])r[0]), id.Bytes()),
                },
        cancellationToken);

    /// <summary>A tenant's deliveries before an id, newest first.</summary>
    public Task<List<StoredDelivery>> DeliveriesAsync(string tenant, DeliveryFilter filter, Guid before, int limit, CancellationToken cancellationToken)
    {
        // One statement per combination, so that each finds its index.
        var sql = new StringBuilder(DeliveryColumns).Append("AND d.id < $2 ");
        var arguments = new List<object?> { tenant, before.Bytes() };
        And("d.user_id", filter.UserId);
        And("d.event_id", filter.EventId?.Bytes());
        And("d.channel", filter.Channel);
        And("d.state", filter.State);
        And("d.target", filter.Target);
        arguments.Add(limit);
        sql.Append(System.Globalization.CultureInfo.InvariantCulture, $"ORDER BY d.id DESC LIMIT ${arguments.Count}");
        var text = sql.ToString();
        return database.ReadAsync(session => session.QueryAsync(text, ReadDelivery, [.. arguments]), cancellationToken);

        void And(string column, object? value)
        {
            if (value is not null)
            {
                arguments.Add(value);
                sql.Append(System.Globalization.CultureInfo.InvariantCulture, $"AND {column} = ${arguments.Count} ");
            }
        }
    }

    /// <summary>
    /// Sends a delivery that has ended once more, under the same id: (1) it has ended, and (2) there is still something to send; (3) it waits for its
    /// first attempt; (4) its dead letter goes.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="id">Which.</param>
    /// <param name="force">Also if the other side has taken it.</param>
    public Task<ResendOutcome> ResendAsync(string tenant, Guid id, bool force) => database.WriteAsync(async session =>
    {
        var found = await session.FirstAsync( // (1)
            "SELECT d.state, d.kind, d.event_id FROM deliveries d WHERE d.tenant = $1 AND d.id = $2 {lock}",
            r => (State: r.GetString(0), Kind: r.GetString(1), Event: r.IsDBNull(2) ? null : (byte[])r[2]), tenant, id.Bytes());
        switch (found.State)
        {
            case null: return ResendOutcome.NotFound;
            case "pending": return ResendOutcome.Pending;
            case "skipped": return ResendOutcome.Skipped;
            case "sent" when !force: return ResendOutcome.Sent;
        }

        var there = found.Kind switch // (2)
        {
            "event" => await session.FirstAsync("SELECT 1 FROM events WHERE id = $1 AND withdrawn_at IS NULL", r => true, found.Event),
            "digest" => await session.FirstAsync("SELECT 1 FROM digest_items WHERE delivery_id = $1 LIMIT 1", r => true, id.Bytes()),
            _ => true,
        };
        if (!there)
        {
            return ResendOutcome.Gone;
        }

        await ReviveAsync(session, tenant, [id], found.State, "resent"); // (3)
        await session.ExecuteAsync("DELETE FROM dead_letters WHERE delivery_id = $1", id.Bytes()); // (4)
        return ResendOutcome.Resent;
    });

    /// <summary>Lets deliveries begin anew: they wait, due at once. What was heard of the attempts before stays to be read.</summary>
    /// <returns>Those that were in the state that is named.</returns>
    private async ValueTask<HashSet<Guid>> ReviveAsync(StoreSession session, string tenant, Guid[] ids, string state, string reason)
    {
        if (ids.Length == 0)
        {
            return [];
        }

        var rows = await session.QueryAsync(
            "UPDATE deliveries SET state = 'pending', reason = r.reason, attempts = 0, finished_at = NULL FROM {rows} AS r " +
            "WHERE deliveries.tenant = r.tenant AND deliveries.id = r.id AND deliveries.state = r.state RETURNING deliveries.id, deliveries.channel",
            r => (Id: Ids.FromBytes((byte[])r[0]), Channel: r.GetString(1)),
            new Rows().With("id", Column(ids, id => id.Bytes())).With("tenant", Column(ids, _ => tenant)).With("state", Column(ids, _ => state))
                .With("reason", Column(ids, _ => reason)));
        var now = Now;
        await session.ExecuteAsync(
            "INSERT INTO delivery_queue (id, tenant, channel, due_at) SELECT r.id, r.tenant, r.channel, r.due_at FROM {rows} AS r WHERE true ON CONFLICT DO NOTHING",
            new Rows().With("id", Column(rows, r => r.Id.Bytes())).With("tenant", Column(rows, _ => tenant)).With("channel", Column(rows, r => r.Channel))
                .With("due_at", Column(rows, _ => now)));
        return [.. rows.Select(r => r.Id)];
    }

    private static StoredDelivery ReadDelivery(DbDataReader r) => new(
        Ids.FromBytes((byte[])r[0]), r.IsDBNull(1) ? null : Ids.FromBytes((byte[])r[1]), Text(r, 2), r.GetString(3), r.GetString(4), r.GetString(5), Text(r, 6),
        r.GetString(7), r.GetString(8), Moment(r.GetInt64(9)), Moment(r.GetInt64(10)), Moment(r, 11), r.GetInt32(12), Moment(r, 13),
        r.IsDBNull(14) ? null : r.GetInt32(14), Text(r, 15), Text(r, 16), Moment(r, 17));
}
