using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>What a change did.</summary>
/// <param name="Updated">How many items it changed.</param>
/// <param name="Counts">The counts after it.</param>
/// <param name="Pushes">What the user's connections must hear of.</param>
/// <param name="Items">The items that were named, as they are now; those that do not exist are missing.</param>
/// <param name="LastSeq">The highest <c>seq</c> that was looked at.</param>
public sealed record ChangeResult(int Updated, Counts Counts, IReadOnlyList<UserPush> Pushes, IReadOnlyList<InboxItem> Items, long LastSeq);

public sealed partial class Store
{
    /// <summary>The most items that one transaction changes, so that no user's head is held for long.</summary>
    public const int MaxItemsPerChange = 500;

    private static readonly string[] SelectSql = [.. Enum.GetValues<InboxStatus>().Select(status =>
        ItemsOf + "AND i.seq > $3 AND i.seq <= $4 AND (CAST($5 AS TEXT) IS NULL OR i.category = $5) AND " + Where(status) + " ORDER BY i.seq LIMIT $6")];

    /// <summary>Changes the items that are named; at most <see cref="MaxItemsPerChange"/>.</summary>
    public Task<ChangeResult> ChangeAsync(UserKey key, IReadOnlyCollection<Guid> ids, InboxChange change) => database.WriteAsync(async session =>
    {
        var (head, taken) = await LockAsync(session, key);
        var wanted = ids.ToHashSet();
        var seqs = wanted.Select(Ids.SeqOf).Distinct().ToArray(); // Ids that are not this user's may name a place twice.
        var items = await session.QueryAsync(
            "SELECT " + ItemColumns + " FROM {rows} AS r JOIN inbox i ON i.tenant = r.tenant AND i.user_id = r.user_id AND i.seq = r.seq" +
            ShownEvent,
            ReadItem,
            new Rows().With("tenant", Column(seqs, _ => key.Tenant)).With("user_id", Column(seqs, _ => key.User)).With("seq", seqs));
        items.RemoveAll(i => i.Deleted || !wanted.Contains(i.Id));
        items.Sort((a, b) => a.Seq.CompareTo(b.Seq));
        return await ApplyAsync(session, key, head, taken, items, item => change.Apply(item, Now));
    });

    /// <summary>Changes what a filter selects, oldest first; at most <see cref="MaxItemsPerChange"/>.</summary>
    /// <param name="key">Whose.</param>
    /// <param name="status">What to select.</param>
    /// <param name="category">Only of this category, or null.</param>
    /// <param name="after">Only items with a higher <c>seq</c>.</param>
    /// <param name="through">Only items with this <c>seq</c> or a lower one.</param>
    /// <param name="change">What to do.</param>
    public Task<ChangeResult> ChangeAsync(UserKey key, InboxStatus status, string? category, long after, long through, InboxChange change) =>
        database.WriteAsync(async session =>
        {
            var (head, taken) = await LockAsync(session, key);
            var items = await session.QueryAsync(
                SelectSql[(int)status], ReadItem, key.Tenant, key.User, after, through, category, MaxItemsPerChange);
            return await ApplyAsync(session, key, head, taken, items, item => change.Apply(item, Now));
        });

    /// <summary>Users with an item whose snooze is over, and those items.</summary>
    public Task<List<(UserKey Key, long Seq)>> DueSnoozesAsync(int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT tenant, user_id, seq FROM inbox WHERE snoozed_until <= $1 ORDER BY snoozed_until LIMIT $2",
            r => (new UserKey(r.GetString(0), r.GetString(1)), r.GetInt64(2)), Now, limit),
        cancellationToken);

    /// <summary>Brings snoozed items back, unseen and unread, as what they are: a reminder.</summary>
    public Task<ChangeResult> WakeAsync(UserKey key, IReadOnlyList<long> seqs) => database.WriteAsync(async session =>
    {
        var (head, taken) = await LockAsync(session, key);
        var now = Now;
        var items = await session.QueryAsync(
            "SELECT " + ItemColumns + " FROM {rows} AS r JOIN inbox i ON i.tenant = r.tenant AND i.user_id = r.user_id AND i.seq = r.seq" +
            ShownEvent,
            ReadItem,
            new Rows().With("tenant", Column(seqs, _ => key.Tenant)).With("user_id", Column(seqs, _ => key.User)).With("seq", Column(seqs, s => s)));
        items.RemoveAll(i => i.SnoozedUntil is not { } until || until > now);
        return await ApplyAsync(session, key, head, taken, items, item => item.ArchivedAt is null
            ? item with { SnoozedUntil = null, SeenAt = null, ReadAt = null }
            : item with { SnoozedUntil = null });
    });

    /// <summary>Locks a user's head, creating the user and taking broadcasts first where needed.</summary>
    private async ValueTask<(Head Head, IReadOnlyList<UserPush> Taken)> LockAsync(StoreSession session, UserKey key)
    {
        var taken = await TakeAsync(session, key.Tenant, [key.User]);
        return ((await LockedHeadAsync(session, key))!.Value, taken);
    }

    /// <summary>Gives each item that changes the next counter value as its <c>rev</c>, and moves the counts by what changed.</summary>
    private static async ValueTask<ChangeResult> ApplyAsync(
        StoreSession session, UserKey key, Head head, IReadOnlyList<UserPush> taken, List<InboxItem> items, Func<InboxItem, InboxItem> change)
    {
        var (counter, unseen, unread) = (head.Counter, head.Counts.Unseen, head.Counts.Unread);
        var changed = new List<InboxItem>(items.Count);
        for (var i = 0; i < items.Count; i++)
        {
            var (before, after) = (items[i], change(items[i]));
            if (ReferenceEquals(before, after))
            {
                continue;
            }

            items[i] = after with { Rev = ++counter };
            changed.Add(items[i]);
            unseen += Convert.ToInt32(after.IsUnseen) - Convert.ToInt32(before.IsUnseen);
            unread += Convert.ToInt32(after.IsUnread) - Convert.ToInt32(before.IsUnread);
        }

        var lastSeq = items.Count == 0 ? long.MaxValue : items[^1].Seq;
        var counts = new Counts(unseen, unread);
        if (changed.Count == 0)
        {
            return new ChangeResult(0, counts, taken, items, lastSeq);
        }

        await session.ExecuteAsync(
            "UPDATE heads SET counter = $3, unseen = $4, unread = $5 WHERE tenant = $1 AND user_id = $2", key.Tenant, key.User, counter, unseen, unread);
        await session.ExecuteAsync(
            "UPDATE inbox SET rev = r.rev, seen_at = r.seen_at, read_at = r.read_at, archived_at = r.archived_at, snoozed_until = r.snoozed_until, " +
            "withdrawn_at = r.withdrawn_at, deleted = r.deleted FROM {rows} AS r " +
            "WHERE inbox.tenant = r.tenant AND inbox.user_id = r.user_id AND inbox.seq = r.seq",
            new Rows().With("tenant", Column(changed, _ => key.Tenant)).With("user_id", Column(changed, _ => key.User))
                .With("seq", Column(changed, i => i.Seq)).With("rev", Column(changed, i => i.Rev)).With("seen_at", Column(changed, i => i.SeenAt))
                .With("read_at", Column(changed, i => i.ReadAt)).With("archived_at", Column(changed, i => i.ArchivedAt))
                .With("snoozed_until", Column(changed, i => i.SnoozedUntil)).With("withdrawn_at", Column(changed, i => i.WithdrawnAt))
                .With("deleted", Column(changed, i => i.Deleted ? 1 : 0)));
        return new ChangeResult(changed.Count, counts, [.. taken, UserPush.Updated(key, changed, counts)], items, lastSeq);
    }
}
