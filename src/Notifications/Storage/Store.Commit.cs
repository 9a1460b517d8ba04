using Notifications.Dispatch;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Routing;

namespace Notifications.Storage;

/// <summary>The partition is owned by somebody else, or its position moved: what was read must be read again.</summary>
public sealed class OwnershipLostException(int partition) : Exception($"Partition {partition} has another owner or position.");

public sealed partial class Store
{
    /// <summary>Commits a batch of one partition: see <see cref="CommitAsync(IReadOnlyList{Commit})"/>.</summary>
    /// <exception cref="OwnershipLostException">Nothing was written.</exception>
    public async Task<CommitResult> CommitAsync(PartitionLease lease, LogPosition to, IReadOnlyList<Plan> plans, IReadOnlyList<DeadEntry> dead) =>
        (await CommitAsync([new Commit(lease, to, plans, dead)]))[0];

    /// <summary>
    /// Commits batches of several partitions, from the log to the store, exactly once, all or none:
    /// (1) advance the positions, if epochs and old positions still match, which renews the leases; (2) insert the events that are not there yet;
    /// (3) take numbers for broadcasts; (4) bump each user's head, once per user; (5) insert inbox rows; (6) park fan-outs; (7) dead letters.
    /// </summary>
    /// <param name="commits">Each of another partition.</param>
    /// <returns>
    /// One result for each. What users' connections must hear of is in the first one, for all of them.
    /// </returns>
    /// <exception cref="OwnershipLostException">One of the partitions has another owner or position; nothing was written.</exception>
    public Task<CommitResult[]> CommitAsync(IReadOnlyList<Commit> commits) => database.WriteAsync(async session =>
    {
        await AdvanceAsync(session, commits); // (1)
        var plans = commits.Count == 1 ? commits[0].Plans : [.. commits.SelectMany(c => c.Plans)];
        var fresh = await InsertEventsAsync(session, plans); // (2)
        var broadcasts = await InsertBroadcastsAsync(session, fresh); // (3)
        var pushes = await DeliverAsync(session, fresh, broadcasts); // (4) (5)
        await UpdateDecisionsAsync(session, fresh);
        var results = new CommitResult[commits.Count];
        var parked = fresh.Exists(p => p.FanOut || p.ScheduledFor is not null) ? fresh.ToHashSet() : null;
        for (var i = 0; i < results.Length; i++)
        {
            var (partition, mine) = (commits[i].Lease.Partition, parked is null ? [] : commits[i].Plans.Where(parked.Contains).ToList());
            var fanOuts = await InsertFanOutsAsync(session, partition, mine.FindAll(p => p.FanOut)); // (6)
            await InsertScheduledAsync(session, partition, mine.FindAll(p => p.ScheduledFor is not null));
            await InsertDeadAsync(session, partition, commits[i].Dead); // (7)
            results[i] = i == 0 ? new CommitResult(pushes, [.. broadcasts.Keys], fanOuts) : new CommitResult([], [], fanOuts);
        }

        return results;
    });

    private static async ValueTask AdvanceAsync(StoreSession session, IReadOnlyList<Commit> commits)
    {
        var moved = await session.ExecuteAsync(
            "UPDATE partitions SET position = r.next, attempts = 0, expires_at = CASE WHEN partitions.expires_at = 0 THEN 0 ELSE {now} + r.lifetime END " +
            "FROM {rows} AS r WHERE partitions.id = r.id AND partitions.epoch = r.epoch AND partitions.position = r.position",
            new Rows().With("id", Column(commits, c => c.Lease.Partition)).With("epoch", Column(commits, c => c.Lease.Epoch))
                .With("position", Column(commits, c => c.Lease.Position.Value)).With("next", Column(commits, c => c.To.Value))
                .With("lifetime", Column(commits, _ => (long)PartitionLease.Lifetime.TotalMilliseconds)));
        if (moved != commits.Count)
        {
            throw new OwnershipLostException(commits[0].Lease.Partition); // Of several, it is found by committing each alone.
        }
    }

    private async ValueTask InsertDeadAsync(StoreSession session, int partition, IReadOnlyList<DeadEntry> dead)
    {
        foreach (var entry in dead)
        {
            await session.ExecuteAsync(
                "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload) " +
                "SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9 WHERE NOT EXISTS " +
                "(SELECT 1 FROM dead_letters WHERE event_id = $3 AND partition = $4 AND position = $5)",
                Ids.New(time).Bytes(), entry.Entry.Tenant, entry.Entry.EventId.Bytes(), partition, entry.Entry.Position.Value,
                entry.Reason, entry.Error, Now, entry.Entry.Payload.ToArray());
        }
    }

    private async ValueTask<List<Plan>> InsertEventsAsync(StoreSession session, IReadOnlyList<Plan> plans)
    {
        var now = Now;
        var inserted = await session.QueryAsync(
            "INSERT INTO events (id, tenant, source, external_id, fingerprint, accepted_at, stored_at, recipients, ordering_key, category, content, " +
            "decisions, options, expires_at, state) SELECT r.id, r.tenant, r.source, r.external_id, r.fingerprint, r.accepted_at, r.stored_at, r.recipients, " +
            "r.ordering_key, r.category, r.content, r.decisions, r.options, r.expires_at, r.state FROM {rows} AS r WHERE true ON CONFLICT DO NOTHING RETURNING id",
            r => Ids.FromBytes((byte[])r[0]),
            new Rows().With("id", Column(plans, p => p.Event.Id.Bytes())).With("tenant", Column(plans, p => p.Event.Tenant))
                .With("source", Column(plans, p => p.Event.Source)).With("external_id", Column(plans, p => p.Event.ExternalId))
                .With("fingerprint", Column(plans, p => p.Event.ExternalId is null ? null : p.Event.Fingerprint.ToArray()))
                .With("accepted_at", Column(plans, p => p.Event.AcceptedAt)).With("stored_at", Column(plans, _ => now))
                .With("recipients", Column(plans, p => string.Join('\n', p.Event.To))).With("ordering_key", Column(plans, p => p.Event.OrderingKey))
                .With("category", Column(plans, p => p.Event.Category)).With("content", Column(plans, p => p.Event.Content.ToArray()))
                .With("decisions", Column(plans, p => Decision.Write(p.Decisions))).With("options", Column(plans, p => p.Event.Options?.Write()))
                .With("expires_at", Column(plans, p => p.Event.Options?.ExpiresAt)).With("state", Column(plans, p => p.ScheduledFor is null ? null : "scheduled")));
        if (inserted.Count == plans.Count)
        {
            return [.. plans];
        }

        var ids = inserted.ToHashSet();
        return [.. plans.Where(p => ids.Contains(p.Event.Id))];
    }

    /// <returns>By tenant, the number before the first broadcast of this batch.</returns>
    private async ValueTask<Dictionary<string, long>> InsertBroadcastsAsync(StoreSession session, List<Plan> plans)
    {
        var before = new Dictionary<string, long>(0);
        foreach (var group in plans.Where(p => p.Broadcast).GroupBy(p => p.Event.Tenant).OrderBy(g => g.Key, CodePointOrder.Instance))
        {
            var events = group.ToArray();
            var number = await session.FirstAsync(
                "INSERT INTO tenants (id, created_at, broadcast_no) VALUES ($1, $2, $3) " +
                "ON CONFLICT (id) DO UPDATE SET broadcast_no = tenants.broadcast_no + excluded.broadcast_no RETURNING broadcast_no",
                r => r.GetInt64(0), group.Key, Now, events.Length) - events.Length;
            before.Add(group.Key, number);
            await session.ExecuteAsync(
                "INSERT INTO broadcasts (tenant, number, event_id, created_at) SELECT r.tenant, r.number, r.event_id, r.created_at FROM {rows} AS r WHERE true",
                new Rows().With("tenant", Column(events, p => p.Event.Tenant)).With("number", Column(events, _ => ++number))
                    .With("event_id", Column(events, p => p.Event.Id.Bytes())).With("created_at", Column(events, p => p.Event.At)));
        }

        return before;
    }

    /// <summary>
    /// Takes plans to their users, in order. Those that need to see the heads first are decided one by one under the locks of all users of the
    /// batch, which are taken in their order before anything else.
    /// </summary>
    private async ValueTask<List<UserPush>> DeliverAsync(StoreSession session, List<Plan> plans, Dictionary<string, long> broadcasts)
    {
        if (!plans.Exists(p => p.IsLate))
        {
            return await DeliverTogetherAsync(session, plans, broadcasts);
        }

        var users = plans.SelectMany(p => p.Users.Concat(p.Named).Select(u => new UserKey(p.Event.Tenant, u))).Distinct().ToDictionary(k => k, _ => 0);
        if (users.Count > 0)
        {
            await BumpAsync(session, users, broadcasts);
        }

        var pushes = new List<UserPush>();
        for (var i = 0; i < plans.Count;)
        {
            if (plans[i].IsLate)
            {
                pushes.AddRange(await DeliverLateAsync(session, plans[i++], broadcasts));
                continue;
            }

            var together = plans.Skip(i).TakeWhile(p => !p.IsLate).ToList();
            pushes.AddRange(await DeliverTogetherAsync(session, together, broadcasts));
            i += together.Count;
        }

        return pushes;
    }

    /// <summary>Items of several events: each user's head is bumped once.</summary>
    private async ValueTask<List<UserPush>> DeliverTogetherAsync(StoreSession session, List<Plan> plans, Dictionary<string, long> broadcasts)
    {
        var totals = new Dictionary<UserKey, int>();
        foreach (var plan in plans)
        {
            foreach (var user in plan.Users)
            {
                var key = new UserKey(plan.Event.Tenant, user);
                totals[key] = totals.GetValueOrDefault(key) + 1;
            }

            foreach (var user in plan.Named)
            {
                totals.TryAdd(new UserKey(plan.Event.Tenant, user), 0);
            }
        }

        var drafts = new List<(UserPush Push, EventRecordRef Event)>(totals.Count);
        if (totals.Count > 0)
        {
            var heads = await BumpAsync(session, totals, broadcasts);
            foreach (var plan in plans)
            {
                foreach (var user in plan.Users)
                {
                    var key = new UserKey(plan.Event.Tenant, user);
                    var head = heads[key];
                    var left = --totals[key];
                    var counts = new Counts(head.Counts.Unseen - left, head.Counts.Unread - left);
                    drafts.Add((NewItem(key, head.Counter - left, plan.Event, plan.ContentFor(user), counts), Reference(plan, user)));
                }
            }

            await InsertInboxAsync(session, drafts);
        }

        if (plans.Exists(p => p.Deliveries.Count + p.Digests.Count > 0))
        {
            var at = 0;
            await InsertDeliveriesAsync(session, plans.ConvertAll(plan =>
            {
                var seqs = drafts.GetRange(at, plan.Users.Count).ToDictionary(d => d.Push.Key.User, d => d.Push.Last);
                at += plan.Users.Count;
                return (plan, seqs);
            }));
        }

        return [.. drafts.Select(d => d.Push)];
    }

    private static UserPush NewItem(UserKey key, long seq, EventRecord record, ReadOnlyMemory<byte> content, Counts counts) =>
        UserPush.New(key, new InboxItem { User = key.User, Seq = seq, Rev = seq, EventId = record.Id, CreatedAt = record.At, Content = content }, counts);

    private static EventRecordRef Reference(Plan plan, string user) => new(
        plan.Event.Id, plan.Event.Category, plan.Event.At, plan.Event.Options?.CollapseKey, plan.Contents is not null && plan.Contents.TryGetValue(user, out var content) ? content : (ReadOnlyMemory<byte>?)null);

    /// <summary>Stands in a head that this transaction has just made, until it is told where it begins.</summary>
    private const long Unborn = -1;

    /// <summary>
    /// Adds new items to the heads, in their order. Those that are missing are made, and only for them it is looked up where they begin: (1) all;
    /// (2) the new ones, at the broadcast number before this batch, and after the end of the log of a user who was deleted under that name, so that
    /// no device takes the new log for the old one.
    /// </summary>
    private static async ValueTask<Dictionary<UserKey, Head>> BumpAsync(
        StoreSession session, Dictionary<UserKey, int> totals, Dictionary<string, long> broadcasts)
    {
        var keys = totals.Keys.ToArray();
        Array.Sort(keys, UserKey.Order);
        var heads = new Dictionary<UserKey, Head>(keys.Length);
        var born = new List<UserKey>();
        foreach (var (key, head) in await session.QueryAsync( // (1)
            "INSERT INTO heads (tenant, user_id, counter, oldest_seq, unseen, unread, items, broadcast_no) " +
            "SELECT r.tenant, r.user_id, r.n, 1, r.n, r.n, r.n, -1 FROM {rows} AS r WHERE true " +
            "ON CONFLICT (tenant, user_id) DO UPDATE SET counter = heads.counter + excluded.items, " +
            "unseen = heads.unseen + excluded.unseen, unread = heads.unread + excluded.unread, items = heads.items + excluded.items " +
            "RETURNING tenant, user_id, counter, unseen, unread, oldest_seq, broadcast_no",
            ReadKeyedHead,
            new Rows().With("tenant", Column(keys, k => k.Tenant)).With("user_id", Column(keys, k => k.User)).With("n", Column(keys, k => (long)totals[k]))))
        {
            heads.Add(key, head);
            if (head.BroadcastNumber == Unborn)
            {
                born.Add(key);
            }
        }

        foreach (var (key, head) in await session.QueryAsync( // (2)
            "UPDATE heads SET counter = heads.counter + " + EndOfDeleted + ", oldest_seq = 1 + " + EndOfDeleted + ", " +
            "broadcast_no = COALESCE(r.broadcast_no, (SELECT t.broadcast_no FROM tenants t WHERE t.id = r.tenant), 0) " +
            "FROM {rows} AS r WHERE heads.tenant = r.tenant AND heads.user_id = r.user_id " +
            "RETURNING heads.tenant, heads.user_id, heads.counter, heads.unseen, heads.unread, heads.oldest_seq, heads.broadcast_no",
            ReadKeyedHead,
            new Rows().With("tenant", Column(born, k => k.Tenant)).With("user_id", Column(born, k => k.User))
                .With("broadcast_no", Column(born, k => broadcasts.TryGetValue(k.Tenant, out var number) ? (long?)number : null))))
        {
            heads[key] = head;
        }

        return heads;
    }

    /// <summary>Where the log ended of a user who was deleted.</summary>
    private const string EndOfDeleted = "COALESCE((SELECT d.counter FROM deletions d WHERE d.tenant = r.tenant AND d.user_id = r.user_id), 0)";

    private static (UserKey Key, Head Head) ReadKeyedHead(System.Data.Common.DbDataReader r) => (new UserKey(r.GetString(0), r.GetString(1)), ReadHead(r, 2));

    private static ValueTask<int> InsertInboxAsync(StoreSession session, List<(UserPush Push, EventRecordRef Event)> items) =>
        session.ExecuteAsync(
            "INSERT INTO inbox (tenant, user_id, seq, rev, event_id, category, created_at, collapse_key, content) " +
            "SELECT r.tenant, r.user_id, r.seq, r.seq, r.event_id, r.category, r.created_at, r.collapse_key, r.content FROM {rows} AS r WHERE true",
            new Rows().With("tenant", Column(items, i => i.Push.Key.Tenant)).With("user_id", Column(items, i => i.Push.Key.User))
                .With("seq", Column(items, i => i.Push.Last)).With("event_id", Column(items, i => i.Event.Id.Bytes()))
                .With("category", Column(items, i => i.Event.Category)).With("created_at", Column(items, i => i.Event.CreatedAt))
                .With("collapse_key", Column(items, i => i.Event.CollapseKey)).With("content", Column(items, i => i.Event.OwnContent?.ToArray())));

    private static TColumn[] Column<TRow, TColumn>(IReadOnlyList<TRow> rows, Func<TRow, TColumn> value)
    {
        var column = new TColumn[rows.Count];
        for (var i = 0; i < column.Length; i++)
        {
            column[i] = value(rows[i]);
        }

        return column;
    }

    private readonly record struct EventRecordRef(Guid Id, string? Category, long CreatedAt, string? CollapseKey = null, ReadOnlyMemory<byte>? OwnContent = null);
}
