using System.Data.Common;
using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>What was read, unless the user's log is behind: the user is new, or has broadcasts to take first.</summary>
/// <param name="IsCurrent">Whether there is a value.</param>
/// <param name="Value">What was read.</param>
public readonly record struct OrBehind<T>(bool IsCurrent, T Value);

public sealed partial class Store
{
    private const string HeadColumns = "counter, unseen, unread, oldest_seq, broadcast_no";
    private const string ItemColumns =
        "i.user_id, i.seq, i.rev, i.event_id, i.created_at, i.seen_at, i.read_at, i.archived_at, i.snoozed_until, i.withdrawn_at, i.deleted, COALESCE(i.content, e.content), i.shown_event";

    /// <summary>The event whose content an item shows, joined to the item.</summary>
    private const string ShownEvent = " JOIN events e ON e.id = COALESCE(i.shown_event, i.event_id) ";

    private const string ItemsOf = "SELECT " + ItemColumns + " FROM inbox i" + ShownEvent + "WHERE i.tenant = $1 AND i.user_id = $2 ";

    /// <summary>A page of the inbox, newest first.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="status">What to show.</param>
    /// <param name="category">Only of this category, or null.</param>
    /// <param name="before">Only items with a lower <c>seq</c>.</param>
    /// <param name="limit">How many at most.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public Task<OrBehind<(List<InboxItem> Items, Head Head)>> InboxPageAsync(
        UserKey key, InboxStatus status, string? category, long before, int limit, CancellationToken cancellationToken) =>
        ReadOwnAsync(
            key,
            async (session, head) => (await session.QueryAsync(PageSql[(int)status], ReadItem, key.Tenant, key.User, before, category, limit), head),
            cancellationToken);

    /// <summary>One item, or null where the user has none of this <c>seq</c> and id.</summary>
    public Task<OrBehind<InboxItem?>> InboxItemAsync(UserKey key, Guid id, CancellationToken cancellationToken) =>
        ReadOwnAsync(
            key,
            async (session, _) => await session.FirstAsync(ItemsOf + "AND i.seq = $3 AND i.deleted = 0", ReadItem, key.Tenant, key.User, Ids.SeqOf(id)) is { } item && item.Id == id
                ? item
                : null,
            cancellationToken);

    /// <summary>The counters of users' logs, for comparing with what their connections have.</summary>
    public Task<List<(UserKey Key, long Counter)>> CountersAsync(IReadOnlyList<UserKey> keys, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.QueryAsync(
                "SELECT h.tenant, h.user_id, h.counter FROM {rows} AS r JOIN heads h ON h.tenant = r.tenant AND h.user_id = r.user_id",
                r => (new UserKey(r.GetString(0), r.GetString(1)), r.GetInt64(2)),
                new Rows().With("tenant", Column(keys, k => k.Tenant)).With("user_id", Column(keys, k => k.User))),
            cancellationToken);

    private static readonly string[] PageSql = [.. Enum.GetValues<InboxStatus>().Select(status =>
        ItemsOf + "AND i.seq < $3 AND (CAST($4 AS TEXT) IS NULL OR i.category = $4) AND " + Where(status) + " ORDER BY i.seq DESC LIMIT $5")];

    private static string Where(InboxStatus status) => "i.withdrawn_at IS NULL" + status switch
    {
        InboxStatus.All => "",
        InboxStatus.Archived => " AND i.archived_at IS NOT NULL",
        InboxStatus.Snoozed => " AND i.snoozed_until IS NOT NULL AND i.archived_at IS NULL",
        _ => " AND i.archived_at IS NULL AND i.snoozed_until IS NULL" + status switch
        {
            InboxStatus.Unseen => " AND i.seen_at IS NULL",
            InboxStatus.Seen => " AND i.seen_at IS NOT NULL",
            InboxStatus.Unread => " AND i.read_at IS NULL",
            InboxStatus.Read => " AND i.read_at IS NOT NULL",
            _ => "",
        },
    };

    /// <summary>Reads from one snapshot, if the user exists in it and has taken all broadcasts.</summary>
    private Task<OrBehind<T>> ReadOwnAsync<T>(UserKey key, Func<StoreSession, Head, ValueTask<T>> read, CancellationToken cancellationToken) =>
        database.ReadAsync(
            async session => await ReadCurrentAsync(session, key) is { } head ? new OrBehind<T>(true, await read(session, head)) : default,
            cancellationToken);

    /// <returns>The head, or null where the user is new or has broadcasts to take.</returns>
    private static async ValueTask<Head?> ReadCurrentAsync(StoreSession session, UserKey key)
    {
        var rows = await session.QueryAsync(
            "SELECT h.counter, h.unseen, h.unread, h.oldest_seq, h.broadcast_no, COALESCE(t.broadcast_no, 0) FROM heads h " +
            "LEFT JOIN tenants t ON t.id = h.tenant WHERE h.tenant = $1 AND h.user_id = $2",
            r => (Head: ReadHead(r, 0), Newest: r.GetInt64(5)), key.Tenant, key.User);
        return rows.Count == 1 && rows[0].Head.BroadcastNumber >= rows[0].Newest ? rows[0].Head : null;
    }

    private static async ValueTask<Head?> LockedHeadAsync(StoreSession session, UserKey key)
    {
        var rows = await session.QueryAsync(
            "SELECT " + HeadColumns + " FROM heads WHERE tenant = $1 AND user_id = $2 {lock}", r => ReadHead(r, 0), key.Tenant, key.User);
        return rows.Count == 1 ? rows[0] : null;
    }

    private static Head ReadHead(DbDataReader r, int at) =>
        new(r.GetInt64(at), new Counts(r.GetInt64(at + 1), r.GetInt64(at + 2)), r.GetInt64(at + 3), r.GetInt64(at + 4));

    private static InboxItem ReadItem(DbDataReader r) => new()
    {
        User = r.GetString(0),
        Seq = r.GetInt64(1),
        Rev = r.GetInt64(2),
        EventId = Ids.FromBytes((byte[])r[3]),
        CreatedAt = r.GetInt64(4),
        SeenAt = Time(r, 5),
        ReadAt = Time(r, 6),
        ArchivedAt = Time(r, 7),
        SnoozedUntil = Time(r, 8),
        WithdrawnAt = Time(r, 9),
        Deleted = r.GetInt64(10) != 0,
        Content = (byte[])r[11],
        ShownEventId = r.IsDBNull(12) ? null : Ids.FromBytes((byte[])r[12]),
    };

    private static long? Time(DbDataReader r, int column) => r.IsDBNull(column) ? null : r.GetInt64(column);
}
