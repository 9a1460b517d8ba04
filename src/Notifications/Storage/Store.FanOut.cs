using System.Data.Common;
using Notifications.Dispatch;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Routing;

namespace Notifications.Storage;

/// <summary>An event that is delivered in steps.</summary>
/// <param name="Id">Its place in the queue of its ordering key.</param>
/// <param name="Tenant">Whose.</param>
/// <param name="OrderingKey">What waits for what.</param>
/// <param name="EventId">The event.</param>
/// <param name="Everyone">Whether it goes to everyone, and their inboxes take it by themselves.</param>
public sealed record FanOut(long Id, string Tenant, string OrderingKey, Guid EventId, bool Everyone);

/// <summary>The next step of a fan-out.</summary>
/// <param name="Event">The event; null where it was withdrawn.</param>
/// <param name="Cursor">The last user of the step before.</param>
/// <param name="Users">The next users, in code point order.</param>
/// <param name="IsLast">Whether there are none after them.</param>
public sealed record FanOutStep(EventRecord? Event, string Cursor, IReadOnlyList<string> Users, bool IsLast);

public sealed partial class Store
{
    /// <summary>Fan-outs of a partition that are not finished, oldest first.</summary>
    public Task<List<FanOut>> FanOutsAsync(int partition, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, tenant, ordering_key, event_id, stage FROM fanouts WHERE partition = $1 ORDER BY id",
            ReadFanOut, partition),
        cancellationToken);

    /// <summary>The next users of the distinct union of an event's recipients.</summary>
    /// <returns>Null where the fan-out has ended.</returns>
    public Task<FanOutStep?> NextStepAsync(FanOut fanOut, int size, CancellationToken cancellationToken) => database.ReadAsync<FanOutStep?>(
        async session =>
        {
            var cursors = await session.QueryAsync("SELECT cursor FROM fanouts WHERE id = $1", r => r.GetString(0), fanOut.Id);
            if (cursors is not [var cursor])
            {
                return null;
            }

            var (record, withdrawn) = await session.FirstAsync(
                "SELECT accepted_at, recipients, ordering_key, category, options, content, withdrawn_at FROM events WHERE id = $1",
                r => (Record: ReadRecord(r, fanOut.EventId, fanOut.Tenant), Withdrawn: !r.IsDBNull(6)), fanOut.EventId.Bytes());
            if (withdrawn)
            {
                return new FanOutStep(null, cursor, [], true);
            }

            var users = fanOut.Everyone
                ? await session.QueryAsync(
                    "SELECT user_id FROM profiles WHERE tenant = $1 AND user_id > $2 ORDER BY user_id LIMIT $3", r => r.GetString(0), fanOut.Tenant, cursor, size)
                : await NextUsersAsync(session, fanOut.Tenant, record.To, cursor, size);
            return new FanOutStep(record, cursor, users, users.Count < size);
        },
        cancellationToken);

    /// <summary>
    /// Commits a step of a fan-out and moves its cursor, in one transaction. (1) fence; (2) deliver; (3) move the cursor, or end. The lock on the
    /// cursor is what makes a step happen once; the partition's row is not locked, or commits of the partition would wait for each step.
    /// </summary>
    /// <param name="lease">The right to do it.</param>
    /// <param name="fanOut">Which.</param>
    /// <param name="step">What was read.</param>
    /// <param name="plan">What was decided for its users; null where the event was withdrawn.</param>
    /// <returns>What connections must hear of.</returns>
    /// <exception cref="OwnershipLostException">Nothing was written.</exception>
    public Task<IReadOnlyList<UserPush>> FanOutStepAsync(PartitionLease lease, FanOut fanOut, FanOutStep step, Plan? plan) =>
        database.WriteAsync<IReadOnlyList<UserPush>>(async session =>
        {
            var tallies = await session.QueryAsync( // (1)
                "SELECT f.tally FROM fanouts f JOIN partitions p ON p.id = f.partition WHERE f.id = $1 AND f.cursor = $4 AND p.id = $2 AND p.epoch = $3 {lock f}",
                r => r.IsDBNull(0) ? [] : (byte[])r[0], fanOut.Id, lease.Partition, lease.Epoch, step.Cursor);
            if (tallies is not [var tally])
            {
                throw new OwnershipLostException(lease.Partition);
            }

            IReadOnlyList<UserPush> pushes = plan is null ? [] : await DeliverAsync(session, [plan], []); // (2)
            var decisions = plan is null or { Decisions.Count: 0 } ? tally : Decision.Write(Decision.Merge(Decision.Read(tally), plan.Decisions));
            if (!step.IsLast) // (3)
            {
                await session.ExecuteAsync(
                    "UPDATE fanouts SET cursor = $2, done = done + $3, tally = $4 WHERE id = $1", fanOut.Id, step.Users[^1], step.Users.Count,
                    decisions.Length == 0 ? null : decisions);
                return pushes;
            }

            if (decisions.Length > 0)
            {
                var before = await session.FirstAsync("SELECT decisions FROM events WHERE id = $1", r => (byte[])r[0], fanOut.EventId.Bytes());
                await session.ExecuteAsync(
                    "UPDATE events SET decisions = $2 WHERE id = $1", fanOut.EventId.Bytes(),
                    Decision.Write(Decision.Merge(Decision.Read(before), Decision.Read(decisions))));
            }

            await session.ExecuteAsync("DELETE FROM fanouts WHERE id = $1", fanOut.Id);
            return pushes;
        });

    private static async ValueTask<IReadOnlyList<FanOut>> InsertFanOutsAsync(StoreSession session, int partition, List<Plan> plans)
    {
        if (plans.Count == 0)
        {
            return [];
        }

        var inserted = await session.QueryAsync(
            "INSERT INTO fanouts (partition, tenant, ordering_key, event_id, stage) SELECT r.partition, r.tenant, r.ordering_key, r.event_id, r.stage " +
            "FROM {rows} AS r WHERE true RETURNING id, tenant, ordering_key, event_id, stage",
            ReadFanOut,
            new Rows().With("partition", Column(plans, _ => partition)).With("tenant", Column(plans, p => p.Event.Tenant))
                .With("ordering_key", Column(plans, p => p.Event.OrderingKey)).With("event_id", Column(plans, p => p.Event.Id.Bytes()))
                .With("stage", Column(plans, p => p.Broadcast ? 1 : 0)));
        inserted.Sort((a, b) => a.Id.CompareTo(b.Id));
        return inserted;
    }

    private static FanOut ReadFanOut(DbDataReader r) => new(r.GetInt64(0), r.GetString(1), r.GetString(2), Ids.FromBytes((byte[])r[3]), r.GetInt32(4) == 1);

    /// <summary>An event as routing knows it, from columns <c>accepted_at, recipients, ordering_key, category, options, content</c>.</summary>
    private static EventRecord ReadRecord(DbDataReader r, Guid id, string tenant) => new()
    {
        Id = id,
        Tenant = tenant,
        AcceptedAt = r.GetInt64(0),
        To = [.. r.GetString(1).Split('\n').Select(line => Recipient.TryParse(line, out var to) ? to : throw new FormatException($"'{line}' is not a recipient."))],
        OrderingKey = r.IsDBNull(2) ? "" : r.GetString(2),
        Category = r.IsDBNull(3) ? null : r.GetString(3),
        Options = r.IsDBNull(4) ? null : EventOptions.Read((byte[])r[4]),
        Content = (byte[])r[5],
    };

    /// <summary>The next users after a cursor, in code point order, of the union of all that an event names.</summary>
    private static async ValueTask<List<string>> NextUsersAsync(StoreSession session, string tenant, IReadOnlyList<Recipient> to, string cursor, int size)
    {
        var users = new SortedSet<string>(CodePointOrder.Instance);
        foreach (var recipient in to)
        {
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
