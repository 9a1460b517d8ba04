using Notifications.Preferences;
using Notifications.Webhooks;

namespace Notifications.Users;

/// <summary>What a tenant has configured, as of a version; replaced as a whole when that changes.</summary>
/// <param name="Version">Raised with each change of policy, templates and webhooks.</param>
/// <param name="HasProfiles">Whether any user has a profile; else none is looked for.</param>
/// <param name="Policy">Defaults and rules.</param>
/// <param name="Webhooks">All webhooks that are in use, by id.</param>
public sealed record TenantConfig(long Version, bool HasProfiles, Policy Policy, IReadOnlyDictionary<Guid, WebhookEndpoint> Webhooks)
{
    /// <summary>A tenant that has configured nothing.</summary>
    public static readonly TenantConfig Empty = new(0, false, Policy.Default, new Dictionary<Guid, WebhookEndpoint>(0));

    private readonly ILookup<string?, WebhookEndpoint> _byUser = Webhooks.Values.OrderBy(w => w.Id).ToLookup(w => w.UserId, StringComparer.Ordinal);

    /// <summary>Whether an event that asks for nothing but being shown goes to the inbox and nowhere else, whoever gets it.</summary>
    public bool IsPlain { get; } = !HasProfiles && Webhooks.Count == 0 && ReferenceEquals(Policy, Policy.Default);

    /// <summary>Webhooks that get the notifications of a user; of null, the tenant's, which get events.</summary>
    public IEnumerable<WebhookEndpoint> WebhooksOf(string? user) => _byUser[user];

    /// <summary>Whether any webhook is a user's.</summary>
    public bool HasUserWebhooks => Webhooks.Count > _byUser[null].Count();
}
