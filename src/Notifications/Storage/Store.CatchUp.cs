using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>Asks for what a user's log holds after a position.</summary>
/// <param name="Key">Whose.</param>
/// <param name="After">The position.</param>
/// <param name="Limit">How many items at most.</param>
public readonly record struct CatchUpRequest(UserKey Key, long After, int Limit);

public sealed partial class Store
{
    /// <summary>Who is so little behind is read together with others.</summary>
    private const int Near = 100;

    private const string ItemsOfRows = "SELECT " + ItemColumns + ", r.ix FROM {rows} AS r JOIN inbox i ON i.tenant = r.tenant AND i.user_id = r.user_id ";

    /// <summary>The heads of users, from one snapshot; one for each key, in order.</summary>
    public Task<OrBehind<Head>[]> HeadsAsync(IReadOnlyList<UserKey> keys) => database.ReadAsync(session => CurrentHeadsAsync(session, keys));

    /// <summary>What users' logs hold after a position, each: see <see cref="LogMerge"/>. All from one snapshot, in the order of the requests.</summary>
    /// <returns>Null for who is so far behind that nobody should wait for it: it is to be asked for alone.</returns>
    public Task<OrBehind<CatchUp?>[]> CatchUpAsync(IReadOnlyList<CatchUpRequest> requests) => database.ReadAsync(async session =>
    {
        var heads = await CurrentHeadsAsync(session, [.. requests.Select(r => r.Key)]);
        var results = new OrBehind<CatchUp?>[requests.Count];
        var near = new List<int>();
        for (var i = 0; i < results.Length; i++)
        {
            var ((key, after, limit), (isCurrent, head)) = (requests[i], heads[i]);
            if (!isCurrent)
            {
                continue;
            }

            if (after >= head.Counter)
            {
                results[i] = new OrBehind<CatchUp?>(true, new CatchUp(head, [], Math.Max(after, head.Counter)));
            }
            else if (head.Counter - after <= Math.Min(limit, Near))
            {
                near.Add(i);
            }
            else if (results.Length > 1)
            {
                results[i] = new OrBehind<CatchUp?>(true, null);
            }
            else
            {
                var added = await session.QueryAsync(ItemsOf + "AND i.seq > $3 ORDER BY i.seq LIMIT $4", ReadItem, key.Tenant, key.User, after, limit);
                var changed = await session.QueryAsync(
                    ItemsOf + "AND i.rev > $3 AND i.rev <> i.seq ORDER BY i.rev LIMIT $4", ReadItem, key.Tenant, key.User, after, limit);
                results[i] = new OrBehind<CatchUp?>(true, LogMerge.Merge(key, after, head, added, changed, limit));
            }
        }

        if (near.Count > 0)
        {
            // A counter value stands for one item at most, so no limit is needed.
            var added = await ItemsAsync("AND i.seq > r.position" + ShownEvent);
            var changed = await ItemsAsync("AND i.rev > r.position AND i.rev <> i.seq" + ShownEvent);
            foreach (var i in near)
            {
                var (key, after, limit) = requests[i];
                results[i] = new OrBehind<CatchUp?>(
                    true, LogMerge.Merge(key, after, heads[i].Value, [.. added[i].OrderBy(item => item.Seq)], [.. changed[i].OrderBy(item => item.Rev)], limit));
            }
        }

        return results;

        async ValueTask<ILookup<int, InboxItem>> ItemsAsync(string which) => (await session.QueryAsync(
            ItemsOfRows + which,
            r => (Item: ReadItem(r), Of: r.GetInt32(13)),
            new Rows().With("ix", near.ToArray()).With("tenant", Column(near, i => requests[i].Key.Tenant)).With("user_id", Column(near, i => requests[i].Key.User))
                .With("position", Column(near, i => requests[i].After)))).ToLookup(row => row.Of, row => row.Item);
    });

    private static async ValueTask<OrBehind<Head>[]> CurrentHeadsAsync(StoreSession session, IReadOnlyList<UserKey> keys)
    {
        var heads = new OrBehind<Head>[keys.Count];
        foreach (var (at, head, newest) in await session.QueryAsync(
            "SELECT h.counter, h.unseen, h.unread, h.oldest_seq, h.broadcast_no, COALESCE(t.broadcast_no, 0), r.ix FROM {rows} AS r " +
            "JOIN heads h ON h.tenant = r.tenant AND h.user_id = r.user_id LEFT JOIN tenants t ON t.id = h.tenant",
            r => (At: r.GetInt32(6), Head: ReadHead(r, 0), Newest: r.GetInt64(5)),
            new Rows().With("ix", [.. Enumerable.Range(0, keys.Count)]).With("tenant", Column(keys, k => k.Tenant)).With("user_id", Column(keys, k => k.User))))
        {
            heads[at] = head.BroadcastNumber >= newest ? new OrBehind<Head>(true, head) : default;
        }

        return heads;
    }
}
