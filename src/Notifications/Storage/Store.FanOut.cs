using System.Data.Common;
using Notifications.Dispatch;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Routing;

namespace Notifications.Storage;

/// <summary>An event that is delivered in steps.</summary>
/// <param name="Id">Its place in the queue of its ordering key.</param>
/// <param name="Tenant">Whose.</param>
/// <param name="OrderingKey">What waits for what.</param>
/// <param name="EventId">The event.</param>
public sealed record FanOut(long Id, string Tenant, string OrderingKey, Guid EventId);

public sealed partial class Store
{
    /// <summary>Fan-outs of a partition that are not finished, oldest first.</summary>
    public Task<List<FanOut>> FanOutsAsync(int partition, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, tenant, ordering_key, event_id FROM fanouts WHERE partition = $1 ORDER BY id",
            ReadFanOut, partition),
        cancellationToken);

    /// <summary>
    /// One step of a fan-out: the next users of the distinct union of its recipients, and the cursor, in one transaction.
    /// (1) fence; (2) the next users; (3) deliver; (4) move the cursor, or end. The lock on the cursor is what makes a step happen once; the
    /// partition's row is not locked, or commits of the partition would wait for each step.
    /// </summary>
    /// <returns>What connections must hear of, and whether it is finished.</returns>
    /// <exception cref="OwnershipLostException">Nothing was written.</exception>
    public Task<(IReadOnlyList<UserPush> Pushes, bool Finished)> FanOutStepAsync(PartitionLease lease, FanOut fanOut, int size) =>
        database.WriteAsync<(IReadOnlyList<UserPush>, bool)>(async session =>
        {
            var cursors = await session.QueryAsync( // (1)
                "SELECT f.cursor FROM fanouts f JOIN partitions p ON p.id = f.partition WHERE f.id = $1 AND p.id = $2 AND p.epoch = $3 {lock f}",
                r => r.GetString(0), fanOut.Id, lease.Partition, lease.Epoch);
            if (cursors.Count == 0)
            {
                throw new OwnershipLostException(lease.Partition);
            }

            var stored = await session.FirstAsync(
                "SELECT recipients, category, accepted_at, content, withdrawn_at FROM events WHERE id = $1",
                r => (To: r.GetString(0), Category: r.IsDBNull(1) ? null : r.GetString(1), AcceptedAt: r.GetInt64(2), Content: (byte[])r[3], Withdrawn: !r.IsDBNull(4)),
                fanOut.EventId.Bytes());
            var users = stored.Withdrawn ? [] : await NextUsersAsync(session, fanOut.Tenant, stored.To, cursors[0], size); // (2)
            var finished = users.Count < size;
            IReadOnlyList<UserPush> pushes = [];
            if (users.Count > 0)
            {
                var heads = await BumpAsync(session, users.ToDictionary(u => new UserKey(fanOut.Tenant, u), _ => 1), []); // (3)
                var reference = new EventRecordRef(fanOut.EventId, stored.Category, stored.AcceptedAt);
                var items = users.ConvertAll(user =>
                {
                    var key = new UserKey(fanOut.Tenant, user);
                    return (Push: NewItem(key, heads[key].Counter, fanOut.EventId, stored.AcceptedAt, stored.Content, heads[key].Counts), Event: reference);
                });
                await InsertInboxAsync(session, items);
                pushes = items.ConvertAll(i => i.Push);
            }

            if (finished) // (4)
            {
                await session.ExecuteAsync("DELETE FROM fanouts WHERE id = $1", fanOut.Id);
            }
            else
            {
                await session.ExecuteAsync("UPDATE fanouts SET cursor = $2, done = done + $3 WHERE id = $1", fanOut.Id, users[^1], users.Count);
            }

            return (pushes, finished);
        });

    private static async ValueTask<IReadOnlyList<FanOut>> InsertFanOutsAsync(StoreSession session, int partition, List<Plan> plans)
    {
        if (plans.Count == 0)
        {
            return [];
        }

        var inserted = await session.QueryAsync(
            "INSERT INTO fanouts (partition, tenant, ordering_key, event_id) SELECT r.partition, r.tenant, r.ordering_key, r.event_id " +
            "FROM {rows} AS r WHERE true RETURNING id, tenant, ordering_key, event_id",
            ReadFanOut,
            new Rows().With("partition", Column(plans, _ => partition)).With("tenant", Column(plans, p => p.Event.Tenant))
                .With("ordering_key", Column(plans, p => p.Event.OrderingKey)).With("event_id", Column(plans, p => p.Event.Id.Bytes())));
        inserted.Sort((a, b) => a.Id.CompareTo(b.Id));
        return inserted;
    }

    private static FanOut ReadFanOut(DbDataReader r) => new(r.GetInt64(0), r.GetString(1), r.GetString(2), Ids.FromBytes((byte[])r[3]));

    /// <summary>The next users after a cursor, in code point order, of the union of all that an event names.</summary>
    private static async ValueTask<List<string>> NextUsersAsync(StoreSession session, string tenant, string to, string cursor, int size)
    {
        var users = new SortedSet<string>(CodePointOrder.Instance);
        foreach (var line in to.Split('\n'))
        {
            if (!Recipient.TryParse(line, out var recipient))
            {
                throw new FormatException($"'{line}' is not a recipient.");
            }

            if (recipient.Kind == RecipientKind.User && CodePointOrder.Instance.Compare(recipient.Key, cursor) > 0)
            {
                users.Add(recipient.Key);
            }
            else if (recipient.Kind == RecipientKind.Topic)
            {
                users.UnionWith(await session.QueryAsync(
                    "SELECT user_id FROM subscriptions WHERE tenant = $1 AND topic = $2 AND user_id > $3 ORDER BY user_id LIMIT $4",
                    r => r.GetString(0), tenant, recipient.Key, cursor, size));
            }
        }

        return [.. users.Take(size)];
    }
}
