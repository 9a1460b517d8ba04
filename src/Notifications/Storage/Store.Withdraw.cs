using Notifications.Inbox;
using Notifications.Operations;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>
    /// An event is withdrawn: what is still under way to users stops, and it waits no longer if it was scheduled. Its notifications follow in steps:
    /// see <see cref="WithdrawStepAsync(string, Guid, int)"/>.
    /// </summary>
    /// <returns>Whether there is such an event.</returns>
    public Task<bool> WithdrawAsync(string tenant, Guid id) => database.WriteAsync(async session =>
    {
        var cancelled = await session.ExecuteAsync("DELETE FROM scheduled WHERE event_id = $1 AND tenant = $2", id.Bytes(), tenant);
        return await session.ExecuteAsync(
            "UPDATE events SET withdrawn_at = COALESCE(withdrawn_at, $3), state = CASE WHEN CAST($4 AS INTEGER) = 1 THEN 'cancelled' ELSE state END WHERE id = $1 AND tenant = $2",
            id.Bytes(), tenant, Now, cancelled) == 1;
    });

    /// <summary>Withdraws the notifications of an event from the next inboxes that have it.</summary>
    /// <returns>What connections must hear of; empty where none is left.</returns>
    public Task<IReadOnlyList<UserPush>> WithdrawStepAsync(string tenant, Guid id, int limit) =>
        database.WriteAsync(session => WithdrawStepAsync(session, tenant, id, limit));

    /// <summary>As <see cref="WithdrawStepAsync(string, Guid, int)"/>, as a step of an operation.</summary>
    public Task<(OperationStep Step, IReadOnlyList<UserPush> Pushes)> WithdrawStepAsync(Operation operation, Guid id, int limit) => database.WriteAsync(async session =>
    {
        await LockOperationAsync(session, operation);
        var pushes = await WithdrawStepAsync(session, operation.Tenant, id, limit);
        return (await AdvanceAsync(session, operation.After(null, pushes.Select(_ => "withdrawn")), last: pushes.Count == 0), pushes);
    });

    /// <summary>The rest of an event's withdrawal goes on as an operation.</summary>
    public Task<Operation> AddWithdrawalAsync(string tenant, Guid id) =>
        database.WriteAsync(session => AddOperationAsync(session, tenant, OperationKinds.Withdraw, id.Bytes(), null));

    private async ValueTask<IReadOnlyList<UserPush>> WithdrawStepAsync(StoreSession session, string tenant, Guid id, int limit)
    {
        var users = await session.QueryAsync(
            "SELECT i.user_id, i.seq FROM inbox i WHERE i.event_id = $1 AND i.tenant = $2 AND i.shown_event IS NULL AND i.withdrawn_at IS NULL " +
            "UNION ALL SELECT s.user_id, s.seq FROM inbox s WHERE s.shown_event = $1 AND s.tenant = $2 AND s.withdrawn_at IS NULL ORDER BY 1 LIMIT $3",
            r => (User: r.GetString(0), Seq: r.GetInt64(1)), id.Bytes(), tenant, limit);
        var heads = (await session.QueryAsync(
            "SELECT h.user_id, h.counter, h.unseen, h.unread, h.oldest_seq, h.broadcast_no FROM {rows} AS r " +
            "JOIN heads h ON h.tenant = r.tenant AND h.user_id = r.user_id ORDER BY h.tenant, h.user_id {lock h}",
            r => (User: r.GetString(0), Head: ReadHead(r, 1)),
            new Rows().With("tenant", Column(users, _ => tenant)).With("user_id", Column(users, u => u.User)))).ToDictionary(h => h.User, h => h.Head);
        var items = await session.QueryAsync(
            "SELECT " + ItemColumns + " FROM {rows} AS r JOIN inbox i ON i.tenant = r.tenant AND i.user_id = r.user_id AND i.seq = r.seq" + ShownEvent,
            ReadItem,
            new Rows().With("tenant", Column(users, _ => tenant)).With("user_id", Column(users, u => u.User)).With("seq", Column(users, u => u.Seq)));
        var now = Now;
        var pushes = new List<UserPush>(items.Count);
        foreach (var item in items.Where(i => i.WithdrawnAt is null && (i.ShownEventId ?? i.EventId) == id))
        {
            var head = heads[item.User];
            var gone = item with { Rev = head.Counter + 1, WithdrawnAt = now, SnoozedUntil = null };
            var counts = new Counts(head.Counts.Unseen - Convert.ToInt32(item.IsUnseen), head.Counts.Unread - Convert.ToInt32(item.IsUnread));
            pushes.Add(UserPush.Updated(new UserKey(tenant, item.User), [gone], counts));
        }

        await session.ExecuteAsync(
            "UPDATE heads SET counter = r.counter, unseen = r.unseen, unread = r.unread FROM {rows} AS r WHERE heads.tenant = r.tenant AND heads.user_id = r.user_id",
            new Rows().With("tenant", Column(pushes, _ => tenant)).With("user_id", Column(pushes, p => p.Key.User)).With("counter", Column(pushes, p => p.Last))
                .With("unseen", Column(pushes, p => p.Counts.Unseen)).With("unread", Column(pushes, p => p.Counts.Unread)));
        await session.ExecuteAsync(
            "UPDATE inbox SET rev = r.rev, withdrawn_at = r.withdrawn_at, snoozed_until = NULL FROM {rows} AS r " +
            "WHERE inbox.tenant = r.tenant AND inbox.user_id = r.user_id AND inbox.seq = r.seq",
            new Rows().With("tenant", Column(pushes, _ => tenant)).With("user_id", Column(pushes, p => p.Key.User)).With("seq", Column(pushes, p => p.Items[0].Seq))
                .With("rev", Column(pushes, p => p.Last)).With("withdrawn_at", Column(pushes, _ => now)));
        return pushes;
    }

    /// <summary>Events whose time is over and whose notifications have not been withdrawn yet.</summary>
    public Task<List<(string Tenant, Guid Id)>> ExpiringEventsAsync(int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT tenant, id FROM events WHERE expires_at <= $1 AND state IS NULL ORDER BY expires_at LIMIT $2",
            r => (r.GetString(0), Ids.FromBytes((byte[])r[1])), Now, limit),
        cancellationToken);

    /// <summary>All notifications of an event that expired are withdrawn: it need not be found again.</summary>
    public Task EventExpiredAsync(Guid id) => database.WriteAsync(session => session.ExecuteAsync(
        "UPDATE events SET state = 'expired', expires_at = NULL, withdrawn_at = COALESCE(withdrawn_at, $2) WHERE id = $1", id.Bytes(), Now));
}
