using Notifications.Events;
using Notifications.Inbox;
using Notifications.Preferences;
using Notifications.Routing;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>
    /// One event whose users' heads decide: (1) who was told of its category often enough gets no more; (2) an unread notification of its key is
    /// replaced; (3) the others get it as a new one.
    /// </summary>
    private async ValueTask<List<UserPush>> DeliverLateAsync(StoreSession session, Plan plan, Dictionary<string, long> broadcasts)
    {
        if (plan.Throttle is { } throttle)
        {
            await ThrottleAsync(session, plan, throttle); // (1)
        }

        if (plan.Event.Options?.CollapseKey is not { } key || plan.Users.Count == 0)
        {
            return await DeliverTogetherAsync(session, [plan], broadcasts); // (3)
        }

        var replaced = await ReplaceAsync(session, plan.Event.Tenant, key, plan.Users, user => Reference(plan, user), plan.ContentFor); // (2)
        var rest = new Plan
        {
            Event = plan.Event,
            Decisions = plan.Decisions,
            Contents = plan.Contents,
            Named = plan.Named,
            Users = [.. plan.Users.Where(user => !replaced.ContainsKey(user))],
        };
        var pushes = await DeliverTogetherAsync(session, [rest], broadcasts); // (3)
        if (plan.Deliveries.Count + plan.Digests.Count > 0)
        {
            var seqs = pushes.ToDictionary(p => p.Key.User, p => p.Last);
            foreach (var (user, push) in replaced)
            {
                seqs.Add(user, push.Items[0].Seq);
            }

            await InsertDeliveriesAsync(session, [(plan, seqs)]);
        }

        return [.. replaced.Values, .. pushes];
    }

    /// <summary>Counts an event against the throttle of its category, and takes out of the plan what is above it.</summary>
    private async ValueTask ThrottleAsync(StoreSession session, Plan plan, Throttle throttle)
    {
        var category = plan.Event.Category!;
        var inbox = throttle.Channels.Contains(ChannelNames.Inbox);
        bool IsLimited(PlannedDelivery delivery) => delivery is { User: not null, DueAt: not null } && throttle.Channels.Contains(delivery.Channel);
        var digests = throttle.Channels.Contains(ChannelNames.Email);
        var users = (inbox ? plan.Users : []).Concat(plan.Deliveries.Where(IsLimited).Select(d => d.User!)).Concat(digests ? plan.Digests.Select(d => d.User) : [])
            .Distinct().Order(CodePointOrder.Instance).ToArray();
        var known = (await session.QueryAsync(
            "SELECT t.user_id, t.window_start, t.count FROM {rows} AS r JOIN throttles t ON t.tenant = r.tenant AND t.user_id = r.user_id AND t.category = r.category",
            r => (User: r.GetString(0), Start: r.GetInt64(1), Count: r.GetInt64(2)),
            new Rows().With("tenant", Column(users, _ => plan.Event.Tenant)).With("user_id", users).With("category", Column(users, _ => category))))
            .ToDictionary(t => t.User);
        var now = Now;
        var counted = new List<(string User, long Start, long Count)>(users.Length);
        var throttled = new HashSet<string>(StringComparer.Ordinal);
        foreach (var user in users)
        {
            if (!known.TryGetValue(user, out var window) || window.Start + (throttle.Seconds * 1_000L) <= now)
            {
                counted.Add((user, now, 1));
            }
            else if (window.Count < throttle.Max)
            {
                counted.Add((user, window.Start, window.Count + 1));
            }
            else
            {
                throttled.Add(user);
            }
        }

        await session.ExecuteAsync(
            "INSERT INTO throttles (tenant, user_id, category, window_start, count) SELECT r.tenant, r.user_id, r.category, r.window_start, r.n FROM {rows} AS r " +
            "WHERE true ON CONFLICT (tenant, user_id, category) DO UPDATE SET window_start = excluded.window_start, count = excluded.count",
            new Rows().With("tenant", Column(counted, _ => plan.Event.Tenant)).With("user_id", Column(counted, c => c.User))
                .With("category", Column(counted, _ => category)).With("window_start", Column(counted, c => c.Start)).With("n", Column(counted, c => c.Count)));
        if (throttled.Count == 0)
        {
            return;
        }

        var alone = plan.Event.To is [{ Kind: RecipientKind.User } only] ? only.ToString() : null;
        var decisions = plan.Decisions.Where(d => alone is null || !throttle.Channels.Contains(d.Channel))
            .Concat(throttle.Channels.Select(channel => new Decision(alone ?? "*", channel, "skip", "throttled", alone is null ? throttled.Count : null)));
        plan.Decisions = [.. decisions];
        plan.Users = inbox ? [.. plan.Users.Where(u => !throttled.Contains(u))] : plan.Users;
        plan.Deliveries = [.. plan.Deliveries.Select(d => IsLimited(d) && throttled.Contains(d.User!) ? d with { Reason = "throttled", DueAt = null } : d)];
        plan.Digests = [.. plan.Digests.Where(d => !digests || !throttled.Contains(d.User))];
        plan.WasThrottled = true;
    }

    /// <summary>Decisions that were changed under the locks replace what was written with the event.</summary>
    private static ValueTask<int> UpdateDecisionsAsync(StoreSession session, List<Plan> plans)
    {
        var changed = plans.FindAll(p => p.WasThrottled);
        return session.ExecuteAsync(
            "UPDATE events SET decisions = r.decisions FROM {rows} AS r WHERE events.id = r.id",
            new Rows().With("id", Column(changed, p => p.Event.Id.Bytes())).With("decisions", Column(changed, p => Decision.Write(p.Decisions))));
    }

    /// <summary>
    /// Puts an event in the place of users' newest unread notification of the same key: it keeps its id and place, gets the next value as its
    /// <c>rev</c>, and is unseen again.
    /// </summary>
    /// <returns>The steps of those users who had one.</returns>
    private static async ValueTask<Dictionary<string, UserPush>> ReplaceAsync(
        StoreSession session, string tenant, string key, IReadOnlyList<string> users, Func<string, EventRecordRef> reference, Func<string, ReadOnlyMemory<byte>> content)
    {
        var rows = new Rows().With("tenant", Column(users, _ => tenant)).With("user_id", Column(users, u => u)).With("collapse_key", Column(users, _ => key));
        var items = await session.QueryAsync(
            "SELECT " + ItemColumns + " FROM {rows} AS r JOIN inbox i ON i.tenant = r.tenant AND i.user_id = r.user_id AND i.collapse_key = r.collapse_key" +
            ShownEvent + "WHERE i.read_at IS NULL AND i.archived_at IS NULL AND i.snoozed_until IS NULL AND i.withdrawn_at IS NULL",
            ReadItem, rows);
        var pushes = new Dictionary<string, UserPush>(items.Count, StringComparer.Ordinal);
        if (items.Count == 0)
        {
            return pushes;
        }

        var newest = items.GroupBy(i => i.User).Select(g => g.MaxBy(i => i.Seq)!).ToArray();
        var heads = (await session.QueryAsync(
            "SELECT h.user_id, h.counter, h.unseen, h.unread, h.oldest_seq, h.broadcast_no FROM {rows} AS r JOIN heads h ON h.tenant = r.tenant AND h.user_id = r.user_id",
            r => (User: r.GetString(0), Head: ReadHead(r, 1)),
            new Rows().With("tenant", Column(newest, _ => tenant)).With("user_id", Column(newest, i => i.User)))).ToDictionary(h => h.User, h => h.Head);
        var changed = new List<InboxItem>(newest.Length);
        foreach (var item in newest)
        {
            var head = heads[item.User];
            var now = item with { Rev = head.Counter + 1, SeenAt = null, ShownEventId = reference(item.User).Id, Content = content(item.User) };
            var counts = head.Counts with { Unseen = head.Counts.Unseen + (item.IsUnseen ? 0 : 1) };
            changed.Add(now);
            pushes.Add(item.User, UserPush.Updated(new UserKey(tenant, item.User), [now], counts));
        }

        await session.ExecuteAsync(
            "UPDATE heads SET counter = r.counter, unseen = r.unseen FROM {rows} AS r WHERE heads.tenant = r.tenant AND heads.user_id = r.user_id",
            new Rows().With("tenant", Column(changed, _ => tenant)).With("user_id", Column(changed, i => i.User)).With("counter", Column(changed, i => i.Rev))
                .With("unseen", Column(changed, i => pushes[i.User].Counts.Unseen)));
        await session.ExecuteAsync(
            "UPDATE inbox SET rev = r.rev, seen_at = NULL, shown_event = r.event_id, content = r.content, category = r.category FROM {rows} AS r " +
            "WHERE inbox.tenant = r.tenant AND inbox.user_id = r.user_id AND inbox.seq = r.seq",
            new Rows().With("tenant", Column(changed, _ => tenant)).With("user_id", Column(changed, i => i.User)).With("seq", Column(changed, i => i.Seq))
                .With("rev", Column(changed, i => i.Rev)).With("event_id", Column(changed, i => i.ShownEventId!.Value.Bytes()))
                .With("content", Column(changed, i => reference(i.User).OwnContent?.ToArray())).With("category", Column(changed, i => reference(i.User).Category)));
        return pushes;
    }
}
