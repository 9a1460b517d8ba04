using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>A topic as one user sees it.</summary>
/// <param name="Key">Its name.</param>
/// <param name="SubscribedAt">Since when the user is subscribed, Unix milliseconds, or null.</param>
/// <param name="Open">Whether the user may change that.</param>
public sealed record UserTopic(string Key, long? SubscribedAt, bool Open);

public sealed partial class Store
{
    /// <summary>
    /// The topics that a user is subscribed to and those that are open to users, by key, after a cursor. Of a prefix those are known that somebody is
    /// subscribed to: topics exist by that.
    /// </summary>
    public Task<List<UserTopic>> UserTopicsAsync(UserKey key, string after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            var policy = await PolicyAsync(session, key.Tenant);
            var own = (await session.QueryAsync(
                "SELECT topic, created_at FROM subscriptions WHERE tenant = $1 AND user_id = $2 AND topic > $3 ORDER BY topic LIMIT $4",
                r => (Key: r.GetString(0), At: r.GetInt64(1)), key.Tenant, key.User, after, limit)).ToDictionary(s => s.Key, s => s.At);
            var keys = new SortedSet<string>(own.Keys, CodePointOrder.Instance);
            foreach (var open in policy.OpenTopics)
            {
                if (!open.EndsWith('*'))
                {
                    if (CodePointOrder.Instance.Compare(open, after) > 0)
                    {
                        keys.Add(open);
                    }

                    continue;
                }

                // From topic to topic by the index, however many are subscribed to each; one whose name is the prefix comes first.
                var prefix = open[..^1];
                var isNew = CodePointOrder.Instance.Compare(prefix, after) > 0;
                var next = isNew ? await FirstTopicAsync(session, key.Tenant, prefix) : await NextTopicAsync(session, key.Tenant, after);
                for (var found = 0; found < limit && next is not null && next.StartsWith(prefix, StringComparison.Ordinal); found++)
                {
                    keys.Add(next);
                    next = await NextTopicAsync(session, key.Tenant, next);
                }
            }

            return keys.Take(limit).Select(topic => new UserTopic(topic, own.TryGetValue(topic, out var at) ? at : null, policy.IsOpen(topic))).ToList();
        },
        cancellationToken);

    private static ValueTask<string?> FirstTopicAsync(StoreSession session, string tenant, string from) => session.FirstAsync(
        "SELECT topic FROM subscriptions WHERE tenant = $1 AND topic >= $2 ORDER BY topic LIMIT 1", r => r.GetString(0), tenant, from);

    private static ValueTask<string?> NextTopicAsync(StoreSession session, string tenant, string after) => session.FirstAsync(
        "SELECT topic FROM subscriptions WHERE tenant = $1 AND topic > $2 ORDER BY topic LIMIT 1", r => r.GetString(0), tenant, after);

    /// <summary>Subscribes users; they exist from here on.</summary>
    /// <param name="tenant">Their tenant.</param>
    /// <param name="topic">To what.</param>
    /// <param name="users">At most <see cref="MaxProfilesPerWrite"/>, none twice.</param>
    /// <returns>How many were not subscribed before.</returns>
    public Task<int> SubscribeAsync(string tenant, string topic, IReadOnlyList<string> users) => database.WriteAsync(async session =>
    {
        await NameUsersAsync(session, tenant, users);
        var now = Now;
        return await session.ExecuteAsync(
            "INSERT INTO subscriptions (tenant, topic, user_id, created_at) SELECT r.tenant, r.topic, r.user_id, r.now FROM {rows} AS r WHERE true " +
            "ON CONFLICT DO NOTHING",
            new Rows().With("tenant", Column(users, _ => tenant)).With("topic", Column(users, _ => topic)).With("user_id", Column(users, u => u))
                .With("now", Column(users, _ => now)));
    });
}
