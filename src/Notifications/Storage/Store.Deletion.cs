using System.Text;
using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>A user who was deleted.</summary>
/// <param name="UserId">Who.</param>
/// <param name="DeletedAt">When, Unix milliseconds.</param>
/// <param name="DeletedBy">Id of the key it was asked with.</param>
/// <param name="Counter">Where the user's log ended: one who is named again goes on from there.</param>
/// <param name="Removed">How many rows of what, as JSON.</param>
public sealed record Deletion(string UserId, long DeletedAt, string DeletedBy, long Counter, string Removed);

/// <summary>What one step of a deletion removed, and whether nothing is left.</summary>
/// <param name="Finished">Whether it was the last.</param>
/// <param name="Removed">How many rows of what.</param>
/// <param name="End">After the last: the place in the user's log from which one who is named again goes on; 0 where there was none.</param>
public readonly record struct DeletionStep(bool Finished, IReadOnlyDictionary<string, long> Removed, long End = 0);

public sealed partial class Store
{
    /// <summary>The most rows that one step of a deletion removes.</summary>
    public const int MaxDeletedPerStep = 500;

    /// <summary>What is left of an event whose only recipient was deleted.</summary>
    private static readonly byte[] NoContent =
        """{"type":"user.deleted","title":null,"body":null,"url":null,"imageUrl":null,"data":null,"actions":null,"category":null,"priority":"normal"}"""u8.ToArray();

    /// <summary>Users who were deleted, by id, after a cursor.</summary>
    public Task<List<Deletion>> DeletionsAsync(string tenant, string after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT user_id, deleted_at, deleted_by, counter, removed FROM deletions WHERE tenant = $1 AND user_id > $2 ORDER BY user_id LIMIT $3",
            r => new Deletion(r.GetString(0), r.GetInt64(1), r.GetString(2), r.GetInt64(3), Encoding.UTF8.GetString((byte[])r[4])), tenant, after, limit),
        cancellationToken);

    /// <summary>Events that wait for their time, after a place in their order, and which of them are for this user alone.</summary>
    /// <returns>Those events, and the place to go on from, or null at the end.</returns>
    public Task<(List<Guid> Events, (long DueAt, Guid Event)? Next)> ScheduledForAsync(UserKey key, (long DueAt, Guid Event) after, int limit) =>
        database.ReadAsync<(List<Guid>, (long, Guid)?)>(async session =>
        {
            var rows = await session.QueryAsync(
                "SELECT s.due_at, s.event_id, e.recipients FROM scheduled s JOIN events e ON e.id = s.event_id " +
                "WHERE s.tenant = $1 AND (s.due_at, s.event_id) > ($2, $3) ORDER BY s.due_at, s.event_id LIMIT $4",
                r => (DueAt: r.GetInt64(0), Event: Ids.FromBytes((byte[])r[1]), To: r.GetString(2)), key.Tenant, after.DueAt, after.Event.Bytes(), limit);
            return ([.. rows.Where(s => IsOnlyFor(s.To, key.User)).Select(s => s.Event)], rows.Count == limit ? (rows[^1].DueAt, rows[^1].Event) : null);
        });

    /// <summary>Cancels events that wait for their time, as part of their only recipient's deletion.</summary>
    /// <param name="key">Who is deleted.</param>
    /// <param name="events">At most <see cref="MaxDeletedPerStep"/>.</param>
    /// <returns>How many had not come due meanwhile.</returns>
    public Task<int> DeleteScheduledAsync(UserKey key, IReadOnlyList<Guid> events) => database.WriteAsync(async session =>
    {
        var gone = await session.QueryAsync(
            "DELETE FROM scheduled WHERE event_id IN (SELECT r.id FROM {rows} AS r) RETURNING event_id", r => (byte[])r[0],
            new Rows().With("id", Column(events, e => e.Bytes())));
        await session.ExecuteAsync("UPDATE events SET state = 'cancelled' WHERE id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", gone.ToArray()));
        await ForgetAsync(session, key, gone);
        return gone.Count;
    });

    /// <summary>Deletes the webhooks of a user. Of its own, because who keeps webhooks learns of it by the tenant's version, which is locked before heads.</summary>
    public Task<int> DeleteWebhooksOfAsync(UserKey key) => database.WriteAsync(async session =>
    {
        if (!await session.FirstAsync("SELECT 1 FROM webhooks WHERE tenant = $1 AND user_id = $2 LIMIT 1", r => true, key.Tenant, key.User))
        {
            return 0;
        }

        await RaiseVersionAsync(session, key.Tenant);
        return await session.ExecuteAsync("DELETE FROM webhooks WHERE tenant = $1 AND user_id = $2", key.Tenant, key.User);
    });

    /// <summary>
    /// One step of a user's deletion: (1) lock the head, so that nothing new arrives in this transaction; (2) remove rows of every kind, as long as they are
    /// few enough; (3) when nothing is left, remove profile and head and write down that it was done. What arrives between two steps is
    /// removed by the next, so that the user either exists as a whole or not at all.
    /// </summary>
    /// <param name="key">Who.</param>
    /// <param name="by">Id of the key it was asked with.</param>
    /// <param name="before">What earlier steps removed.</param>
    /// <returns>What was removed, with that of earlier steps.</returns>
    public Task<DeletionStep> DeleteUserStepAsync(UserKey key, string by, IReadOnlyDictionary<string, long> before) => database.WriteAsync(async session =>
    {
        var existing = await LockedHeadAsync(session, key); // (1)
        if (existing is null)
        {
            // Who does not exist may be named this very moment: a head of our own is what the two of us can wait for each other at.
            await BumpAsync(session, new Dictionary<UserKey, int> { [key] = 0 }, []);
        }

        var head = existing ?? (await LockedHeadAsync(session, key))!.Value;
        var removed = new Dictionary<string, long>(before);
        var left = MaxDeletedPerStep;
        left -= Note("notifications", await DeleteInboxAsync(session, key, head, left)); // (2)
        left -= left > 0 ? Note("digestItems", await DeleteDigestItemsAsync(session, key, left)) : 0;
        // After what is gathered: a digest that was just closed is one of these.
        left -= left > 0 ? 3 * Note("deliveries", await DeleteDeliveriesAsync(session, key, (left + 2) / 3)) : 0;
        left -= left > 0 ? Note("subscriptions", await session.ExecuteAsync(
            "DELETE FROM subscriptions WHERE tenant = $1 AND user_id = $2 AND topic IN " +
            "(SELECT s.topic FROM subscriptions s WHERE s.tenant = $1 AND s.user_id = $2 LIMIT $3)", key.Tenant, key.User, left)) : 0;
        left -= left > 0 ? Note("devices", await session.ExecuteAsync(
            "DELETE FROM positions WHERE tenant = $1 AND user_id = $2 AND device IN " +
            "(SELECT p.device FROM positions p WHERE p.tenant = $1 AND p.user_id = $2 LIMIT $3)", key.Tenant, key.User, left)) : 0;
        left -= left > 0 ? Note("throttles", await session.ExecuteAsync(
            "DELETE FROM throttles WHERE tenant = $1 AND user_id = $2 AND category IN " +
            "(SELECT t.category FROM throttles t WHERE t.tenant = $1 AND t.user_id = $2 LIMIT $3)", key.Tenant, key.User, left)) : 0;
        if (left <= 0)
        {
            return new DeletionStep(false, removed);
        }

        // One place past the log: a device that still shows what was in it is behind, and has to begin anew.
        var end = head.Counter + 1;
        Note("profile", await session.ExecuteAsync("DELETE FROM profiles WHERE tenant = $1 AND user_id = $2", key.Tenant, key.User)); // (3)
        await session.ExecuteAsync("DELETE FROM heads WHERE tenant = $1 AND user_id = $2", key.Tenant, key.User);
        var existed = existing is not null || removed.Count > 0;
        if (existed)
        {
            await session.ExecuteAsync(
                "INSERT INTO deletions (tenant, user_id, deleted_at, deleted_by, counter, removed) VALUES ($1, $2, $3, $4, $5, $6) " +
                "ON CONFLICT (tenant, user_id) DO UPDATE SET deleted_at = excluded.deleted_at, deleted_by = excluded.deleted_by, removed = excluded.removed, " +
                "counter = CASE WHEN excluded.counter > deletions.counter THEN excluded.counter ELSE deletions.counter END",
                key.Tenant, key.User, Now, by, end, Json(removed));
        }

        return new DeletionStep(true, removed, existed ? end : 0);

        int Note(string kind, int count)
        {
            if (count > 0)
            {
                removed[kind] = removed.GetValueOrDefault(kind) + count;
            }

            return count;
        }
    });

    private static async ValueTask<int> DeleteInboxAsync(StoreSession session, UserKey key, Head head, int limit)
    {
        var items = await session.QueryAsync(
            "SELECT seq, event_id, shown_event, CASE WHEN archived_at IS NULL AND snoozed_until IS NULL AND withdrawn_at IS NULL THEN 1 ELSE 0 END, seen_at, read_at " +
            "FROM inbox WHERE tenant = $1 AND user_id = $2 ORDER BY seq LIMIT $3",
            r => (Seq: r.GetInt64(0), Event: (byte[])r[1], Shown: r.IsDBNull(2) ? null : (byte[])r[2], Listed: r.GetInt64(3) != 0,
                Seen: !r.IsDBNull(4), Read: !r.IsDBNull(5)),
            key.Tenant, key.User, limit);
        if (items.Count == 0)
        {
            return 0;
        }

        // Whoever reads meanwhile finds a head that fits what is left, as with retention.
        await session.ExecuteAsync(
            "UPDATE heads SET oldest_seq = $3, items = items - $4, unseen = $5, unread = $6 WHERE tenant = $1 AND user_id = $2",
            key.Tenant, key.User, items[^1].Seq + 1, items.Count, head.Counts.Unseen - items.Count(i => i.Listed && !i.Seen),
            head.Counts.Unread - items.Count(i => i.Listed && !i.Read));
        await session.ExecuteAsync("DELETE FROM inbox WHERE tenant = $1 AND user_id = $2 AND seq <= $3", key.Tenant, key.User, items[^1].Seq);
        await ForgetAsync(session, key, [.. items.Select(i => i.Event), .. items.Select(i => i.Shown).OfType<byte[]>()]);
        return items.Count;
    }

    private static async ValueTask<int> DeleteDeliveriesAsync(StoreSession session, UserKey key, int limit)
    {
        var deliveries = await session.QueryAsync(
            "SELECT id, event_id FROM deliveries WHERE tenant = $1 AND user_id = $2 ORDER BY id LIMIT $3",
            r => (Id: (byte[])r[0], Event: r.IsDBNull(1) ? null : (byte[])r[1]), key.Tenant, key.User, limit);
        if (deliveries.Count > 0)
        {
            var ids = Column(deliveries, d => d.Id);
            await session.ExecuteAsync("DELETE FROM delivery_queue WHERE id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", ids));
            await session.ExecuteAsync("DELETE FROM dead_letters WHERE delivery_id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", ids));
            await session.ExecuteAsync(
                "DELETE FROM deliveries WHERE (tenant, id) IN (SELECT r.tenant, r.id FROM {rows} AS r)",
                new Rows().With("tenant", Column(deliveries, _ => key.Tenant)).With("id", ids));
            await ForgetAsync(session, key, [.. deliveries.Select(d => d.Event).OfType<byte[]>()]);
        }

        return deliveries.Count;
    }

    private static async ValueTask<int> DeleteDigestItemsAsync(StoreSession session, UserKey key, int limit)
    {
        var events = await session.QueryAsync(
            "DELETE FROM digest_items WHERE tenant = $1 AND user_id = $2 AND (channel, event_id) IN " +
            "(SELECT d.channel, d.event_id FROM digest_items d WHERE d.tenant = $1 AND d.user_id = $2 LIMIT $3) RETURNING event_id",
            r => (byte[])r[0], key.Tenant, key.User, limit);
        await ForgetAsync(session, key, events);
        return events.Count;
    }

    /// <summary>
    /// Empties the events that were for this user alone: what they said and to whom. Their ids stay, so that an event which is sent again is still
    /// known to have been there.
    /// </summary>
    private static async ValueTask ForgetAsync(StoreSession session, UserKey key, IReadOnlyList<byte[]> ids)
    {
        var distinct = ids.Select(Ids.FromBytes).Distinct().Select(id => id.Bytes()).ToArray();
        var events = await session.QueryAsync(
            "SELECT e.id, e.recipients FROM {rows} AS r JOIN events e ON e.id = r.id", r => (Id: (byte[])r[0], To: r.GetString(1)),
            new Rows().With("id", distinct));
        var own = events.Where(e => IsOnlyFor(e.To, key.User)).Select(e => e.Id).ToArray();
        await session.ExecuteAsync(
            "UPDATE events SET ordering_key = CASE WHEN ordering_key = r.recipient THEN 'user:deleted' ELSE ordering_key END, recipients = 'user:deleted', " +
            "content = r.content, decisions = r.decisions, options = NULL FROM {rows} AS r WHERE events.id = r.id",
            new Rows().With("id", own).With("recipient", Column(own, _ => "user:" + key.User)).With("content", Column(own, _ => NoContent))
                .With("decisions", Column(own, _ => "[]"u8.ToArray())));
    }

    private static bool IsOnlyFor(string to, string user) => to.Split('\n') is var lines && Array.TrueForAll(lines, line => line == "user:" + user);

    private static byte[] Json(IReadOnlyDictionary<string, long> counts) =>
        Encoding.UTF8.GetBytes("{" + string.Join(',', counts.Select(c => FormattableString.Invariant($"\"{c.Key}\":{c.Value}"))) + "}");
}
