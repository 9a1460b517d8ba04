using Notifications.Inbox;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Users with more items than <paramref name="items"/>, after a cursor.</summary>
    public Task<List<UserKey>> LongInboxesAsync(UserKey after, long items, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT tenant, user_id FROM heads WHERE (tenant, user_id) > ($1, $2) AND items > $3 ORDER BY tenant, user_id LIMIT $4",
            r => new UserKey(r.GetString(0), r.GetString(1)), after.Tenant, after.User, items, limit),
        cancellationToken);

    /// <summary>
    /// Deletes a prefix of a user's log: items older than <paramref name="before"/> that are not among the newest <paramref name="keep"/>, at most
    /// <paramref name="limit"/>. <c>oldestSeq</c> is raised in the same transaction, so no one can miss a deleted item unawares.
    /// </summary>
    /// <returns>How many were deleted, and the counts, if they changed, for the user's connections.</returns>
    public Task<(int Deleted, UserPush? Push)> TrimInboxAsync(UserKey key, DateTimeOffset before, long keep, int limit) =>
        database.WriteAsync<(int, UserPush?)>(async session =>
        {
            if (await LockedHeadAsync(session, key) is not { } head)
            {
                return (0, null);
            }

            var items = await session.FirstAsync("SELECT items FROM heads WHERE tenant = $1 AND user_id = $2", r => r.GetInt64(0), key.Tenant, key.User);
            var most = Math.Min(limit, items - keep);
            if (most <= 0)
            {
                return (0, null);
            }

            var oldest = await session.QueryAsync(
                "SELECT seq, created_at, CASE WHEN archived_at IS NULL AND snoozed_until IS NULL AND withdrawn_at IS NULL THEN 1 ELSE 0 END, seen_at, read_at " +
                "FROM inbox WHERE tenant = $1 AND user_id = $2 ORDER BY seq LIMIT $3",
                r => (Seq: r.GetInt64(0), CreatedAt: r.GetInt64(1), Listed: r.GetInt64(2) != 0, Seen: !r.IsDBNull(3), Read: !r.IsDBNull(4)),
                key.Tenant, key.User, most);
            var gone = oldest.TakeWhile(i => i.CreatedAt < before.ToUnixTimeMilliseconds()).ToArray();
            if (gone.Length == 0)
            {
                return (0, null);
            }

            var counts = new Counts(head.Counts.Unseen - gone.Count(i => i.Listed && !i.Seen), head.Counts.Unread - gone.Count(i => i.Listed && !i.Read));
            await session.ExecuteAsync(
                "UPDATE heads SET oldest_seq = $3, items = items - $4, unseen = $5, unread = $6 WHERE tenant = $1 AND user_id = $2",
                key.Tenant, key.User, gone[^1].Seq + 1, gone.Length, counts.Unseen, counts.Unread);
            await session.ExecuteAsync("DELETE FROM inbox WHERE tenant = $1 AND user_id = $2 AND seq <= $3", key.Tenant, key.User, gone[^1].Seq);
            return (gone.Length, counts == head.Counts ? null : UserPush.CountsOnly(key, counts));
        });

    /// <summary>Deletes broadcasts and devices' positions that are older than the retention.</summary>
    public Task<int> TrimBroadcastsAsync(DateTimeOffset before) => database.WriteAsync(async session =>
        await session.ExecuteAsync("DELETE FROM broadcasts WHERE created_at < $1", before.ToUnixTimeMilliseconds())
        + await session.ExecuteAsync("DELETE FROM positions WHERE updated_at < $1", before.ToUnixTimeMilliseconds()));

    /// <summary>Deletes events that are older than the retention and in no inbox or delivery any more, from a cursor on.</summary>
    /// <returns>How many were deleted, and the cursor to go on from, or null at the end.</returns>
    public Task<(int Deleted, Guid? Next)> TrimEventsAsync(Guid after, DateTimeOffset before, int limit) => database.WriteAsync<(int, Guid?)>(async session =>
    {
        var ids = await session.QueryAsync(
            "SELECT e.id, CASE WHEN EXISTS (SELECT 1 FROM inbox i WHERE i.event_id = e.id) OR EXISTS (SELECT 1 FROM broadcasts b WHERE b.event_id = e.id) " +
            "OR EXISTS (SELECT 1 FROM fanouts f WHERE f.event_id = e.id) OR EXISTS (SELECT 1 FROM scheduled s WHERE s.event_id = e.id) " +
            "OR EXISTS (SELECT 1 FROM inbox i WHERE i.shown_event = e.id) OR EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id) THEN 1 ELSE 0 END FROM events e WHERE e.id > $1 AND e.accepted_at < $2 ORDER BY e.id LIMIT $3",
            r => (Id: (byte[])r[0], Used: r.GetInt64(1) != 0), after.Bytes(), before.ToUnixTimeMilliseconds(), limit);
        var gone = ids.Where(e => !e.Used).Select(e => e.Id).ToArray();
        if (gone.Length > 0)
        {
            await session.ExecuteAsync("DELETE FROM events WHERE id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", gone));
        }

        return (gone.Length, ids.Count == limit ? Ids.FromBytes(ids[^1].Id) : null);
    });
}
