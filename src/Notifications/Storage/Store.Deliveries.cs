using Notifications.Channels;
using Notifications.Log;
using Notifications.Preferences;
using Notifications.Routing;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Writes what goes out beside the inbox, of several events at once: what waits also into the queue.</summary>
    /// <param name="session">The transaction of the events.</param>
    /// <param name="plans">The events, each with its item in each user's inbox.</param>
    private async ValueTask InsertDeliveriesAsync(StoreSession session, IEnumerable<(Plan Plan, Dictionary<string, long> Seqs)> plans)
    {
        var now = Now;
        var rows = new List<(byte[] Id, EventRecord Event, long? Seq, PlannedDelivery Delivery)>();
        var digests = new List<(EventRecord Event, long? Seq, PlannedDigest Digest)>();
        foreach (var (plan, seqs) in plans)
        {
            long? Seq(string? user) => user is not null && seqs.TryGetValue(user, out var seq) ? seq : null;
            rows.AddRange(plan.Deliveries.Select(d => (Ids.New(time).Bytes(), plan.Event, Seq(d.User), d)));
            digests.AddRange(plan.Digests.Select(d => (plan.Event, Seq(d.User), d)));
        }

        await session.ExecuteAsync(
            "INSERT INTO deliveries (tenant, id, event_id, user_id, channel, target, kind, category, seq, state, reason, created_at, due_at, finished_at) " +
            "SELECT r.tenant, r.id, r.event_id, r.user_id, r.channel, r.target, 'event', r.category, r.seq, r.state, r.reason, r.created_at, r.due_at, r.finished_at " +
            "FROM {rows} AS r WHERE true",
            new Rows().With("tenant", Column(rows, r => r.Event.Tenant)).With("id", Column(rows, r => r.Id))
                .With("event_id", Column(rows, r => r.Event.Id.Bytes())).With("user_id", Column(rows, r => r.Delivery.User))
                .With("channel", Column(rows, r => r.Delivery.Channel)).With("target", Column(rows, r => r.Delivery.Target))
                .With("category", Column(rows, r => r.Event.Category)).With("seq", Column(rows, r => r.Seq))
                .With("state", Column(rows, r => r.Delivery.DueAt is null ? DeliveryStates.Skipped : DeliveryStates.Pending))
                .With("reason", Column(rows, r => r.Delivery.Reason)).With("created_at", Column(rows, _ => now))
                .With("due_at", Column(rows, r => r.Delivery.DueAt ?? now)).With("finished_at", Column(rows, r => r.Delivery.DueAt is null ? (long?)now : null)));
        var waiting = rows.FindAll(r => r.Delivery.DueAt is not null);
        await session.ExecuteAsync(
            "INSERT INTO delivery_queue (id, tenant, channel, due_at, recheck) SELECT r.id, r.tenant, r.channel, r.due_at, r.recheck FROM {rows} AS r WHERE true",
            new Rows().With("id", Column(waiting, r => r.Id)).With("tenant", Column(waiting, r => r.Event.Tenant))
                .With("channel", Column(waiting, r => r.Delivery.Channel)).With("due_at", Column(waiting, r => r.Delivery.DueAt!.Value))
                .With("recheck", Column(waiting, r => (int)r.Delivery.Recheck)));
        await session.ExecuteAsync(
            "INSERT INTO digest_items (tenant, user_id, channel, event_id, seq, category, due_at, created_at) " +
            "SELECT r.tenant, r.user_id, r.channel, r.event_id, r.seq, r.category, r.due_at, r.created_at FROM {rows} AS r WHERE true ON CONFLICT DO NOTHING",
            new Rows().With("tenant", Column(digests, d => d.Event.Tenant)).With("user_id", Column(digests, d => d.Digest.User))
                .With("channel", Column(digests, _ => ChannelNames.Email)).With("event_id", Column(digests, d => d.Event.Id.Bytes()))
                .With("seq", Column(digests, d => d.Seq)).With("category", Column(digests, d => d.Event.Category))
                .With("due_at", Column(digests, d => d.Digest.DueAt)).With("created_at", Column(digests, _ => now)));
    }

    /// <summary>
    /// Claims deliveries that are due, earliest first, and counts the attempt that follows before it is made: one that ends the process is counted
    /// too. What nobody settles until the claim ends is due again.
    /// </summary>
    /// <param name="channel">Of which channel.</param>
    /// <param name="node">For whom.</param>
    /// <param name="limit">At most so many: as many as can be sent at once.</param>
    /// <param name="floor">Nothing that was due before; spares going through what was claimed a moment ago and is still remembered by the index.</param>
    /// <param name="until">When the claim ends, Unix milliseconds.</param>
    public Task<List<Claim>> ClaimAsync(string channel, string node, int limit, long floor, long until) => database.WriteAsync(async session =>
    {
        var due = await session.QueryAsync(
            "SELECT tenant, id, due_at, attempts, lost, recheck, owner FROM delivery_queue WHERE channel = $1 AND due_at >= $2 AND due_at <= $3 " +
            "ORDER BY due_at LIMIT $4 {lock free}",
            r => new Claim(
                r.GetString(0), Ids.FromBytes((byte[])r[1]), r.GetInt64(2), r.GetInt32(3) + 1, r.GetInt32(4) + (r.GetString(6).Length == 0 ? 0 : 1), (Recheck)r.GetInt32(5)),
            channel, floor, Now, limit);
        await session.ExecuteAsync(
            "UPDATE delivery_queue SET due_at = r.until, owner = r.node, attempts = r.attempts, lost = r.lost FROM {rows} AS r WHERE delivery_queue.id = r.id",
            new Rows().With("id", Column(due, c => c.Id.Bytes())).With("until", Column(due, _ => until)).With("node", Column(due, _ => node))
                .With("attempts", Column(due, c => c.Attempts)).With("lost", Column(due, c => c.Lost)));
        return due;
    });

    /// <summary>What dead nodes had claimed is due at once; of this one too, where it has just begun under a name that was used before.</summary>
    /// <param name="channel">Of which channel.</param>
    /// <param name="node">This one.</param>
    /// <param name="starting">Whether it has just begun.</param>
    /// <param name="until">When the longest claim ends, Unix milliseconds: what is due later is not claimed.</param>
    /// <returns>How many.</returns>
    public Task<int> ReclaimAsync(string channel, string node, bool starting, long until) => database.WriteAsync(session => session.ExecuteAsync(
        "UPDATE delivery_queue SET due_at = $1 WHERE channel = $4 AND due_at > $1 AND due_at <= $5 AND owner <> '' " +
        "AND (CASE WHEN owner = $2 THEN CAST($3 AS INTEGER) ELSE 1 END) = 1 " +
        "AND NOT EXISTS (SELECT 1 FROM nodes n WHERE n.id = owner AND n.id <> $2 AND n.expires_at > {now})",
        Now, node, starting ? 1 : 0, channel, until));

    /// <summary>Notes what became of claimed deliveries, all in one transaction. What another node has claimed since is left to it, unless it is sent.</summary>
    public Task SettleAsync(string node, IReadOnlyList<Settlement> settlements) => database.WriteAsync<bool>(async session =>
    {
        var now = Now;
        var again = settlements.Where(s => s.State == DeliveryStates.Pending).OrderBy(s => s.Claim.Id).ToArray();
        await session.ExecuteAsync(
            "UPDATE delivery_queue SET due_at = r.due_at, owner = '', attempts = attempts - r.untried, recheck = r.recheck FROM {rows} AS r " +
            "WHERE delivery_queue.id = r.id AND delivery_queue.owner = r.node",
            new Rows().With("id", Column(again, s => s.Claim.Id.Bytes())).With("node", Column(again, _ => node)).With("due_at", Column(again, s => s.DueAt!.Value))
                .With("untried", Column(again, s => s.NotTried ? 1 : 0)).With("recheck", Column(again, s => (int)s.Recheck)));
        var sent = settlements.Where(s => s.State == DeliveryStates.Sent).OrderBy(s => s.Claim.Id).ToArray();
        await session.ExecuteAsync("DELETE FROM delivery_queue WHERE id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", Column(sent, s => s.Claim.Id.Bytes())));
        var ended = settlements.Where(s => s.State is not (DeliveryStates.Pending or DeliveryStates.Sent)).OrderBy(s => s.Claim.Id).ToArray();
        var mine = (await session.QueryAsync(
            "DELETE FROM delivery_queue WHERE (id, owner) IN (SELECT r.id, r.node FROM {rows} AS r) RETURNING id", r => Ids.FromBytes((byte[])r[0]),
            new Rows().With("id", Column(ended, s => s.Claim.Id.Bytes())).With("node", Column(ended, _ => node)))).ToHashSet();
        bool IsOurs(Settlement s) => s.State is DeliveryStates.Pending or DeliveryStates.Sent || mine.Contains(s.Claim.Id);

        // Only what there is a reason for is worth a new version of the row: not each time that it waits in line.
        var told = settlements.Where(s => s.Reason.Length > 0 && IsOurs(s)).OrderBy(s => s.Claim.Id).ToArray();
        await session.ExecuteAsync(
            "UPDATE deliveries SET state = r.state, reason = r.reason, finished_at = r.finished_at, attempts = r.attempts, last_attempt_at = COALESCE(r.attempted_at, last_attempt_at), " +
            "last_code = r.code, last_error = r.error, last_response = r.response FROM {rows} AS r WHERE deliveries.tenant = r.tenant AND deliveries.id = r.id AND deliveries.state = 'pending'",
            new Rows().With("tenant", Column(told, s => s.Claim.Tenant)).With("id", Column(told, s => s.Claim.Id.Bytes())).With("state", Column(told, s => s.State))
                .With("reason", Column(told, s => s.Reason)).With("finished_at", Column(told, s => s.State == DeliveryStates.Pending ? (long?)null : now))
                .With("attempts", Column(told, s => s.Claim.Attempts - (s.NotTried ? 1 : 0))).With("attempted_at", Column(told, s => s.NotTried ? (long?)null : now))
                .With("code", Column(told, s => s.Code)).With("error", Column(told, s => s.Error)).With("response", Column(told, s => s.Response)));
        var dead = settlements.Where(s => s.State == DeliveryStates.Dead && IsOurs(s)).ToArray();
        await session.ExecuteAsync(
            "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload, kind, delivery_id, channel, attempts, code, response) " +
            "SELECT r.id, d.tenant, COALESCE(d.event_id, d.id), -1, 0, r.reason, r.error, r.created_at, r.payload, 'delivery', d.id, d.channel, r.attempts, r.code, r.response " +
            "FROM {rows} AS r JOIN deliveries d ON d.tenant = r.tenant AND d.id = r.delivery_id WHERE d.state = 'dead' " +
            "AND NOT EXISTS (SELECT 1 FROM dead_letters x WHERE x.delivery_id = r.delivery_id)",
            new Rows().With("id", Column(dead, _ => Ids.New(time).Bytes())).With("tenant", Column(dead, s => s.Claim.Tenant))
                .With("delivery_id", Column(dead, s => s.Claim.Id.Bytes())).With("reason", Column(dead, s => s.Reason)).With("error", Column(dead, s => s.Error ?? ""))
                .With("created_at", Column(dead, _ => now)).With("payload", Column(dead, s => s.Payload.ToArray())).With("attempts", Column(dead, s => s.Claim.Attempts))
                .With("code", Column(dead, s => s.Code)).With("response", Column(dead, s => s.Response)));
        return true;
    });
}
