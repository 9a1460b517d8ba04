using Notifications.Inbox;
using Notifications.Log;
using Notifications.Templates;
using Notifications.Users;

namespace Notifications.Routing;

/// <summary>What routing needs to know of the world; loaded before, so that routing itself does no I/O.</summary>
public sealed record RoutingContext
{
    /// <summary>Nothing is configured, nobody subscribed.</summary>
    public static readonly RoutingContext Empty = new();

    /// <summary>
    /// Users by (tenant, topic): at most <see cref="Router.MaxInlineUsers"/> + 1, which is enough to see that there are too many.
    /// </summary>
    public IReadOnlyDictionary<(string Tenant, string Topic), IReadOnlyList<string>> Subscribers { get; init; } =
        new Dictionary<(string, string), IReadOnlyList<string>>(0);

    /// <summary>Whether an event of this tenant and ordering key is still being fanned out.</summary>
    public Func<string, string, bool> MustWait { get; init; } = (_, _) => false;

    /// <summary>What tenants have configured.</summary>
    public IReadOnlyDictionary<string, TenantConfig> Configs { get; init; } = new Dictionary<string, TenantConfig>(0);

    /// <summary>Recipients that have a profile.</summary>
    public IReadOnlyDictionary<UserKey, Profile> Profiles { get; init; } = new Dictionary<UserKey, Profile>(0);

    /// <summary>Templates that events name; null for one that does not exist.</summary>
    public IReadOnlyDictionary<(string Tenant, string Key), PreparedTemplate?> Templates { get; init; } =
        new Dictionary<(string, string), PreparedTemplate?>(0);

    /// <summary>Addresses that want no mail of a category, as (tenant, address in lower case, category; empty for all).</summary>
    public IReadOnlySet<(string Tenant, string Address, string Category)> Suppressed { get; init; } = new HashSet<(string, string, string)>(0);

    /// <summary>Now.</summary>
    public DateTimeOffset Now { get; init; }

    /// <summary>Whether the event's time has come: it is not scheduled again.</summary>
    public bool IsDue { get; init; }

    /// <summary>What a tenant has configured.</summary>
    public TenantConfig Config(string tenant) => Configs.TryGetValue(tenant, out var config) ? config : TenantConfig.Empty;

    /// <summary>What is known of a recipient, or null.</summary>
    public Profile? Profile(EventRecord record, string user) => Profiles.Count == 0 ? null : Profiles.GetValueOrDefault(new UserKey(record.Tenant, user));
}

/// <summary>An event cannot be routed for what is in it, or lacks.</summary>
/// <param name="reason">Stable name.</param>
/// <param name="message">For people.</param>
public sealed class RoutingException(string reason, string message) : Exception(message)
{
    /// <summary>Stable name.</summary>
    public string Reason { get; } = reason;
}
