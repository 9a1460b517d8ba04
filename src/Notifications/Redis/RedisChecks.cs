using StackExchange.Redis;

namespace Notifications.Redis;

/// <summary>Redis runs with settings under which accepted events could be lost.</summary>
public sealed class RedisUnsafeException(string message) : Exception(message);

/// <summary>
/// Whether what Redis acknowledges survives. Looked at when it is first reached, and whenever it comes back: it may have come back as another
/// server, or with another configuration.
/// </summary>
internal sealed class RedisChecks(RedisOptions options)
{
    private static readonly (string Name, string Value, string Why)[] Required =
    [
        ("appendonly", "yes", "a crash would lose every event since the last snapshot"),
        ("appendfsync", "always", "a crash would lose the events of the last seconds"),
        ("no-appendfsync-on-rewrite", "no", "a crash during a rewrite of the log would lose events"),
        ("maxmemory-policy", "noeviction", "a full Redis would silently drop events"),
    ];

    /// <summary>Asks the server.</summary>
    /// <exception cref="RedisUnavailableException">It does not answer.</exception>
    /// <exception cref="RedisUnsafeException">It is not fit for this; the message names the setting and the remedy.</exception>
    public async Task RunAsync(RedisLink link)
    {
        var role = (RedisResult[]?)await link.CallAsync(database => database.ExecuteAsync("ROLE"));
        if (role is { Length: > 0 } && (string?)role[0] is "slave" or "replica")
        {
            throw new RedisUnsafeException("ConnectionStrings:Redis names a replica, which takes no writes; name the master (or its Sentinels).");
        }

        if (options.AllowDataLoss)
        {
            return;
        }

        foreach (var (name, value, why) in Required)
        {
            var actual = await GetAsync(link, name);
            if (actual != value)
            {
                throw new RedisUnsafeException(actual is null
                    ? $"Redis does not tell its setting {name}, which must be {value}, or {why}. Allow CONFIG GET to this service, or accept the risk with Notifications:Redis:AllowDataLoss=true."
                    : $"Redis runs with {name} {actual}; it must be {value}, or {why}. Set \"{name} {value}\" in redis.conf (or CONFIG SET {name} {value}), or accept the risk with Notifications:Redis:AllowDataLoss=true.");
            }
        }
    }

    private static async Task<string?> GetAsync(RedisLink link, string name)
    {
        try
        {
            var pair = (RedisResult[]?)await link.CallAsync(database => database.ExecuteAsync("CONFIG", "GET", name));
            return pair is { Length: 2 } ? (string?)pair[1] : null;
        }
        catch (RedisUnavailableException e) when (e.InnerException is RedisServerException or RedisCommandException)
        {
            return null; // Not allowed, or renamed, as hosted ones do.
        }
    }
}
