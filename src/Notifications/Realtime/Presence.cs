using Notifications.Inbox;
using Notifications.Hosting;
using Notifications.Redis;
using StackExchange.Redis;

namespace Notifications.Realtime;

/// <summary>Names of what gateways and those who ring share in Redis.</summary>
internal sealed class PresenceKeys(string prefix)
{
    /// <summary>The gateways: a set of node ids.</summary>
    public RedisKey Gateways { get; } = prefix + "gateways";

    /// <summary>The channel of all beats.</summary>
    public string Beat { get; } = prefix + "beat";

    /// <summary>The users who are connected to a gateway: a set that expires when the gateway is not heard of.</summary>
    public RedisKey Users(string gateway) => $"{prefix}users:{gateway}";

    /// <summary>The channel of a gateway.</summary>
    public string Doorbell(string gateway) => $"{prefix}doorbell:{gateway}";

    /// <summary>A user in such a set; neither part holds a line break.</summary>
    public static RedisValue Member(UserKey key) => $"{key.Tenant}\n{key.User}";
}

/// <summary>
/// Which users are connected to this gateway, for those who ring. A connection is registered before it reads where its user's log stands, and
/// whoever commits looks after the commit: so a step is read, or rung, or both. While Redis is away nobody is registered; all are when it is back.
/// </summary>
public sealed class Presence(RedisLink link, RedisOptions options, Node node)
{
    /// <summary>How long the users of a gateway that is not heard of stay registered.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(15);
    private const int Chunk = 500;

    private readonly PresenceKeys _keys = new(options.Prefix);
    private readonly Lock _lock = new();
    private readonly Dictionary<UserKey, Task> _users = [];

    /// <summary>Somebody may be connected who is not registered.</summary>
    private volatile bool _incomplete = true;

    /// <summary>Returns when the user is registered, or cannot be at the moment.</summary>
    public Task RegisterAsync(UserKey key)
    {
        lock (_lock)
        {
            // Under the lock, so that a user who leaves and comes back is removed and added in this order: the connection keeps it.
            return _users.TryGetValue(key, out var registered) ? registered : _users[key] = AddAsync([key]);
        }
    }

    /// <summary>Removes users who are connected no more.</summary>
    /// <param name="isConnected">Whether a user still is.</param>
    public void Sweep(Func<UserKey, bool> isConnected)
    {
        lock (_lock)
        {
            foreach (var keys in _users.Where(u => u.Value.IsCompleted && !isConnected(u.Key)).Select(u => u.Key).ToArray().Chunk(Chunk))
            {
                foreach (var key in keys)
                {
                    _users.Remove(key);
                }

                _ = RemoveAsync(keys);
            }
        }
    }

    /// <summary>What Redis knows may be lost: the next beat registers everybody anew.</summary>
    public void Distrust() => _incomplete = true;

    /// <summary>Says that this gateway lives.</summary>
    /// <returns>False where somebody had not been registered, and may have missed rings; everybody is now.</returns>
    /// <exception cref="RedisUnavailableException">Redis does not answer.</exception>
    public async Task<bool> BeatAsync()
    {
        await link.CallAsync(database => database.SetAddAsync(_keys.Gateways, node.Id));
        var known = await link.CallAsync(database => database.KeyExpireAsync(_keys.Users(node.Id), Lifetime));
        if (known && !_incomplete)
        {
            return true;
        }

        _incomplete = false;
        UserKey[] users;
        lock (_lock)
        {
            users = [.. _users.Keys];
        }

        await link.CallAsync(database => database.SetAddAsync(_keys.Users(node.Id), "")); // So that it is there without users too.
        await link.CallAsync(database => database.KeyExpireAsync(_keys.Users(node.Id), Lifetime));
        foreach (var keys in users.Chunk(Chunk))
        {
            await AddAsync(keys);
        }

        return false;
    }

    /// <summary>Forgets gateways that are gone without a word.</summary>
    /// <exception cref="RedisUnavailableException">Redis does not answer.</exception>
    public async Task PruneAsync()
    {
        foreach (var gateway in await link.CallAsync(database => database.SetMembersAsync(_keys.Gateways)))
        {
            if (!await link.CallAsync(database => database.KeyExistsAsync(_keys.Users((string)gateway!))))
            {
                await link.CallAsync(database => database.SetRemoveAsync(_keys.Gateways, gateway));
            }
        }
    }

    /// <summary>This gateway ends.</summary>
    public async Task LeaveAsync()
    {
        try
        {
            await link.CallAsync(database => database.SetRemoveAsync(_keys.Gateways, node.Id));
            await link.CallAsync(database => database.KeyDeleteAsync(_keys.Users(node.Id)));
        }
        catch (RedisUnavailableException)
        {
            // It expires.
        }
    }

    private async Task AddAsync(UserKey[] keys)
    {
        try
        {
            await link.CallAsync(database => database.SetAddAsync(_keys.Users(node.Id), Array.ConvertAll(keys, PresenceKeys.Member)));
        }
        catch (RedisUnavailableException)
        {
            _incomplete = true;
        }
    }

    private async Task RemoveAsync(UserKey[] keys)
    {
        try
        {
            await link.CallAsync(database => database.SetRemoveAsync(_keys.Users(node.Id), Array.ConvertAll(keys, PresenceKeys.Member)));
        }
        catch (RedisUnavailableException)
        {
            // Rings for somebody who is not there cost little.
        }
    }
}
