using Notifications.Inbox;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>How many users take their broadcasts in one transaction.</summary>
    public const int MaxUsersPerTake = 500;

    /// <summary>Takes new broadcasts into the logs of users; those who are new are created, and get what comes from now on.</summary>
    /// <param name="tenant">Their tenant.</param>
    /// <param name="users">At most <see cref="MaxUsersPerTake"/>.</param>
    /// <returns>What their connections must hear of.</returns>
    public Task<IReadOnlyList<UserPush>> TakeBroadcastsAsync(string tenant, IReadOnlyList<string> users) =>
        database.WriteAsync(session => TakeAsync(session, tenant, users));

    /// <summary>
    /// (1) create who is new at the current number; (2) lock the heads that are behind; (3) what they lack; (4) insert it and set the number.
    /// </summary>
    private static async ValueTask<IReadOnlyList<UserPush>> TakeAsync(StoreSession session, string tenant, IReadOnlyList<string> users)
    {
        var newest = await session.FirstAsync("SELECT broadcast_no FROM tenants WHERE id = $1", r => r.GetInt64(0), tenant);
        var sorted = users.Order(CodePointOrder.Instance).ToArray();
        await session.ExecuteAsync( // (1)
            "INSERT INTO heads (tenant, user_id, broadcast_no) SELECT r.tenant, r.user_id, r.broadcast_no FROM {rows} AS r WHERE true ON CONFLICT DO NOTHING",
            new Rows().With("tenant", Column(sorted, _ => tenant)).With("user_id", sorted).With("broadcast_no", Column(sorted, _ => newest)));
        if (newest == 0)
        {
            return [];
        }

        var behind = await session.QueryAsync( // (2)
            "SELECT h.user_id, h.counter, h.unseen, h.unread, h.oldest_seq, h.broadcast_no FROM {rows} AS r " +
            "JOIN heads h ON h.tenant = r.tenant AND h.user_id = r.user_id AND h.broadcast_no < r.newest ORDER BY h.tenant, h.user_id {lock h}",
            r => (User: r.GetString(0), Head: ReadHead(r, 1)),
            new Rows().With("tenant", Column(sorted, _ => tenant)).With("user_id", sorted).With("newest", Column(sorted, _ => newest)));
        if (behind.Count == 0)
        {
            return [];
        }

        var broadcasts = await session.QueryAsync( // (3)
            "SELECT b.number, b.event_id, b.created_at, e.category, e.content FROM broadcasts b JOIN events e ON e.id = b.event_id " +
            "WHERE b.tenant = $1 AND b.number > $2 AND b.number <= $3 AND e.withdrawn_at IS NULL ORDER BY b.number",
            r => (Number: r.GetInt64(0), Event: new EventRecordRef(Ids.FromBytes((byte[])r[1]), r.IsDBNull(3) ? null : r.GetString(3), r.GetInt64(2)),
                Content: (ReadOnlyMemory<byte>)(byte[])r[4]),
            tenant, behind.Min(b => b.Head.BroadcastNumber), newest); // What came after is for the next time: the heads are set to this number.
        var items = new List<(UserPush Push, EventRecordRef Event)>(behind.Count); // (4)
        var added = new long[behind.Count];
        for (var i = 0; i < behind.Count; i++)
        {
            var (user, head) = behind[i];
            foreach (var broadcast in broadcasts.Where(b => b.Number > head.BroadcastNumber))
            {
                var n = ++added[i];
                var counts = new Counts(head.Counts.Unseen + n, head.Counts.Unread + n);
                items.Add((NewItem(new UserKey(tenant, user), head.Counter + n, broadcast.Event.Id, broadcast.Event.CreatedAt, broadcast.Content, counts), broadcast.Event));
            }
        }

        await session.ExecuteAsync(
            "UPDATE heads SET counter = heads.counter + r.n, unseen = heads.unseen + r.n, unread = heads.unread + r.n, items = heads.items + r.n, " +
            "broadcast_no = r.newest FROM {rows} AS r WHERE heads.tenant = r.tenant AND heads.user_id = r.user_id",
            new Rows().With("tenant", Column(behind, _ => tenant)).With("user_id", Column(behind, b => b.User)).With("n", added)
                .With("newest", Column(behind, _ => newest)));
        if (items.Count > 0)
        {
            await InsertInboxAsync(session, items);
        }

        return [.. items.Select(i => i.Push)];
    }
}
