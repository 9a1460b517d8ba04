using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>A topic: it exists by having subscribers.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Subscribers">How many users are subscribed.</param>
public sealed record Topic(string Key, long Subscribers);

/// <summary>A user who is subscribed to a topic.</summary>
/// <param name="UserId">The user.</param>
/// <param name="CreatedAt">Since when.</param>
public sealed record Subscription(string UserId, DateTimeOffset CreatedAt);

public sealed partial class Store
{
    /// <summary>Subscribes a user, who exists from here on.</summary>
    /// <returns>Whether they were not subscribed before.</returns>
    public Task<bool> SubscribeAsync(string tenant, string topic, string user) => database.WriteAsync(async session =>
    {
        await BumpAsync(session, new Dictionary<UserKey, int> { [new UserKey(tenant, user)] = 0 }, []);
        return await session.ExecuteAsync(
            "INSERT INTO subscriptions (tenant, topic, user_id, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING", tenant, topic, user, Now) == 1;
    });

    /// <summary>Ends a subscription.</summary>
    /// <returns>Whether there was one.</returns>
    public Task<bool> UnsubscribeAsync(string tenant, string topic, string user) => database.WriteAsync(async session =>
        await session.ExecuteAsync("DELETE FROM subscriptions WHERE tenant = $1 AND topic = $2 AND user_id = $3", tenant, topic, user) == 1);

    /// <summary>Topics by name, after a cursor.</summary>
    public Task<List<Topic>> TopicsAsync(string tenant, string after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT topic, COUNT(*) FROM subscriptions WHERE tenant = $1 AND topic > $2 GROUP BY topic ORDER BY topic LIMIT $3",
            r => new Topic(r.GetString(0), r.GetInt64(1)), tenant, after, limit),
        cancellationToken);

    /// <summary>Subscribers of a topic by user id, after a cursor.</summary>
    public Task<List<Subscription>> SubscriptionsAsync(string tenant, string topic, string after, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.QueryAsync(
                "SELECT user_id, created_at FROM subscriptions WHERE tenant = $1 AND topic = $2 AND user_id > $3 ORDER BY user_id LIMIT $4",
                r => new Subscription(r.GetString(0), DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(1))), tenant, topic, after, limit),
            cancellationToken);

    /// <summary>The subscribers of topics, each list at most <paramref name="limit"/> long.</summary>
    public Task<Dictionary<(string Tenant, string Topic), IReadOnlyList<string>>> SubscribersAsync(
        IReadOnlyCollection<(string Tenant, string Topic)> topics, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            var result = new Dictionary<(string, string), IReadOnlyList<string>>(topics.Count);
            foreach (var (tenant, topic) in topics)
            {
                result[(tenant, topic)] = await session.QueryAsync(
                    "SELECT user_id FROM subscriptions WHERE tenant = $1 AND topic = $2 ORDER BY user_id LIMIT $3", r => r.GetString(0), tenant, topic, limit);
            }

            return result;
        },
        cancellationToken);
}
