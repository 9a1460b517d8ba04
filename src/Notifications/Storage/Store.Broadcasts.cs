using System.Collections.Concurrent;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Routing;
using Notifications.Templates;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>How many users take their broadcasts in one transaction.</summary>
    public const int MaxUsersPerTake = 500;

    /// <summary>Templates of events to everyone, compiled.</summary>
    private readonly ConcurrentDictionary<(string Tenant, string Key, long Version), PreparedTemplate> _templates = new();

    /// <summary>Takes new broadcasts into the logs of users; those who are new are created, and get what comes from now on.</summary>
    /// <param name="tenant">Their tenant.</param>
    /// <param name="users">At most <see cref="MaxUsersPerTake"/>.</param>
    /// <returns>What their connections must hear of.</returns>
    public Task<IReadOnlyList<UserPush>> TakeBroadcastsAsync(string tenant, IReadOnlyList<string> users) =>
        database.WriteAsync(session => TakeAsync(session, tenant, users));

    /// <summary>
    /// (1) create who is new at the current number; (2) lock the heads that are behind; (3) what they lack; (4) insert it and set the number.
    /// </summary>
    private async ValueTask<IReadOnlyList<UserPush>> TakeAsync(StoreSession session, string tenant, IReadOnlyList<string> users)
    {
        var newest = await session.FirstAsync("SELECT broadcast_no FROM tenants WHERE id = $1", r => r.GetInt64(0), tenant);
        var sorted = users.Order(CodePointOrder.Instance).ToArray();
        await session.ExecuteAsync( // (1)
            "INSERT INTO heads (tenant, user_id, counter, oldest_seq, broadcast_no) SELECT r.tenant, r.user_id, " + EndOfDeleted + ", 1 + " + EndOfDeleted +
            ", r.broadcast_no FROM {rows} AS r WHERE true ON CONFLICT DO NOTHING",
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
            "SELECT e.accepted_at, e.recipients, e.ordering_key, e.category, e.options, e.content, b.number, b.event_id FROM broadcasts b " +
            "JOIN events e ON e.id = b.event_id WHERE b.tenant = $1 AND b.number > $2 AND b.number <= $3 AND e.withdrawn_at IS NULL " +
            "AND (e.expires_at IS NULL OR e.expires_at > $4) ORDER BY b.number",
            r => (Number: r.GetInt64(6), Event: ReadRecord(r, Ids.FromBytes((byte[])r[7]), tenant)),
            tenant, behind.Min(b => b.Head.BroadcastNumber), newest, Now); // What came after is for the next time: the heads are set to this number.
        var wishes = await BroadcastWishesAsync(session, tenant, behind.ConvertAll(b => b.User), broadcasts.ConvertAll(b => b.Event));
        if (broadcasts.Exists(b => b.Event.Options?.CollapseKey is not null)) // (4)
        {
            var plans = broadcasts.ConvertAll(b => wishes.Plan(b.Event, behind.Where(u => u.Head.BroadcastNumber < b.Number).Select(u => u.User)));
            var collapsed = await DeliverAsync(session, plans, []);
            await session.ExecuteAsync(
                "UPDATE heads SET broadcast_no = r.newest FROM {rows} AS r WHERE heads.tenant = r.tenant AND heads.user_id = r.user_id",
                new Rows().With("tenant", Column(behind, _ => tenant)).With("user_id", Column(behind, b => b.User)).With("newest", Column(behind, _ => newest)));
            return collapsed;
        }

        var items = new List<(UserPush Push, EventRecordRef Event)>(behind.Count);
        var added = new long[behind.Count];
        for (var i = 0; i < behind.Count; i++)
        {
            var (user, head) = behind[i];
            foreach (var (_, record) in broadcasts.Where(b => b.Number > head.BroadcastNumber && wishes.IsWanted(b.Event, user)))
            {
                var n = ++added[i];
                var counts = new Counts(head.Counts.Unseen + n, head.Counts.Unread + n);
                var own = wishes.OwnContent(record, user);
                items.Add((NewItem(new UserKey(tenant, user), head.Counter + n, record, own ?? record.Content, counts),
                    new EventRecordRef(record.Id, record.Category, record.At, OwnContent: own)));
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

    /// <summary>What users who take broadcasts want of them, and in which language: loaded only where a tenant has configured any of it.</summary>
    private async ValueTask<BroadcastWishes> BroadcastWishesAsync(StoreSession session, string tenant, IReadOnlyList<string> users, IReadOnlyList<EventRecord> events)
    {
        var config = await TenantConfigAsync(session, tenant);
        var profiles = config.HasProfiles ? (await ProfilesAsync(session, tenant, users)).ToDictionary(p => p.UserId, StringComparer.Ordinal) : [];
        var templates = new Dictionary<string, PreparedTemplate?>(0);
        foreach (var key in events.Select(e => e.Options?.Template).OfType<string>().Distinct())
        {
            templates.Add(key, await PreparedTemplateAsync(session, tenant, key));
        }

        return new BroadcastWishes(config, profiles, templates);
    }

    private async ValueTask<PreparedTemplate?> PreparedTemplateAsync(StoreSession session, string tenant, string key)
    {
        var stored = await session.FirstAsync(CurrentTemplate, ReadTemplate, tenant, key);
        if (stored is not { Document: { } document })
        {
            return null;
        }

        if (_templates.Count > MaxTemplates)
        {
            _templates.Clear();
        }

        return _templates.GetOrAdd((tenant, key, stored.Version), _ => new PreparedTemplate(key, stored.Version, TemplateJson.Read(document), time));
    }
}
