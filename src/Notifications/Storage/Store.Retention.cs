using System.Buffers.Binary;
using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>How far a pass over all events that are past the retention has come.</summary>
/// <param name="After">The last event that was looked at; the next one is after it.</param>
/// <param name="Began">When the pass began at the first event.</param>
public sealed record EventPass(Guid After, DateTimeOffset Began);

public sealed partial class Store
{
    private const string EventPassName = "events-pass";

    /// <summary>
    /// Of the users with more items than <paramref name="items"/>, from a cursor on, those who have some to delete: whose oldest item is older than
    /// <paramref name="before"/>. At most <paramref name="limit"/> are looked at, so that a statement takes no longer where nothing is old.
    /// </summary>
    /// <returns>Who they are, and the cursor to go on from, or null at the end.</returns>
    public Task<(List<UserKey> Users, UserKey? Next)> LongInboxesAsync(
        UserKey after, long items, DateTimeOffset before, int limit, CancellationToken cancellationToken) => database.ReadAsync<(List<UserKey>, UserKey?)>(
        async session =>
        {
            var users = await session.QueryAsync(
                "SELECT h.tenant, h.user_id, (SELECT i.created_at FROM inbox i WHERE i.tenant = h.tenant AND i.user_id = h.user_id ORDER BY i.seq LIMIT 1) " +
                "FROM (SELECT tenant, user_id FROM heads WHERE (tenant, user_id) > ($1, $2) AND items > $3 ORDER BY tenant, user_id LIMIT $4) AS h " +
                "ORDER BY h.tenant, h.user_id",
                r => (Key: new UserKey(r.GetString(0), r.GetString(1)), Old: !r.IsDBNull(2) && r.GetInt64(2) < before.ToUnixTimeMilliseconds()),
                after.Tenant, after.User, items, limit);
            return ([.. users.Where(u => u.Old).Select(u => u.Key)], users.Count == limit ? users[^1].Key : null);
        },
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

    /// <summary>
    /// Deletes events that are older than the retention and in no inbox or delivery any more, from a cursor on. What is older than a time is a range of
    /// ids, so nothing younger is looked at.
    /// </summary>
    /// <returns>How many were deleted, the last one that was looked at (the cursor where there was none), and whether there may be more.</returns>
    public Task<(int Deleted, Guid Last, bool More)> TrimEventsAsync(Guid after, DateTimeOffset before, int limit) => database.WriteAsync(async session =>
    {
        var ids = await session.QueryAsync(
            "SELECT e.id, CASE WHEN EXISTS (SELECT 1 FROM inbox i WHERE i.event_id = e.id) OR EXISTS (SELECT 1 FROM broadcasts b WHERE b.event_id = e.id) " +
            "OR EXISTS (SELECT 1 FROM fanouts f WHERE f.event_id = e.id) OR EXISTS (SELECT 1 FROM scheduled s WHERE s.event_id = e.id) " +
            "OR EXISTS (SELECT 1 FROM inbox i WHERE i.shown_event = e.id) OR EXISTS (SELECT 1 FROM deliveries d WHERE d.event_id = e.id) " +
            "THEN 1 ELSE 0 END FROM (SELECT id FROM events WHERE id > $1 AND id < $2 ORDER BY id LIMIT $3) AS e ORDER BY e.id",
            r => (Id: (byte[])r[0], Used: r.GetInt64(1) != 0), after.Bytes(), FirstIdAt(before), limit);
        var gone = ids.Where(e => !e.Used).Select(e => e.Id).ToArray();
        if (gone.Length > 0)
        {
            await session.ExecuteAsync("DELETE FROM events WHERE id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", gone));
        }

        return (gone.Length, ids.Count > 0 ? Ids.FromBytes(ids[^1].Id) : after, ids.Count == limit);
    });

    /// <summary>Where the pass over old events is, whichever node went on with it last; null where there was none.</summary>
    public async Task<EventPass?> EventPassAsync(CancellationToken cancellationToken) =>
        await SettingAsync(EventPassName, cancellationToken) is { Length: 24 } value
            ? new EventPass(Ids.FromBytes(value[..16]), Moment(BinaryPrimitives.ReadInt64BigEndian(value.AsSpan(16))))
            : null;

    /// <summary>Stores where the pass over old events is.</summary>
    public Task<int> SaveEventPassAsync(EventPass pass)
    {
        var value = new byte[24];
        pass.After.Bytes().CopyTo(value, 0);
        BinaryPrimitives.WriteInt64BigEndian(value.AsSpan(16), pass.Began.ToUnixTimeMilliseconds());
        return database.WriteAsync(session => session.ExecuteAsync(
            "INSERT INTO settings (name, value) VALUES ('" + EventPassName + "', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", value));
    }
}
