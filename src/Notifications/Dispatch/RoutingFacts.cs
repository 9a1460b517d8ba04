using Notifications.Channels;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Routing;
using Notifications.Storage;
using Notifications.Templates;
using Notifications.Users;

namespace Notifications.Dispatch;

/// <summary>
/// Loads what routing needs to know, for a whole batch at once. A tenant that has configured nothing costs one small statement; what it has
/// configured is kept until it changes; profiles are read each time, so that what a user has just set holds for the next event.
/// </summary>
public sealed class RoutingFacts(Store store, TenantConfigs configs, TemplateRenderer templates, DeliveryBell bell, TimeProvider time)
{
    /// <summary>To be rung when something is to be sent.</summary>
    public DeliveryBell Bell { get; } = bell;

    /// <summary>What is known of events and their recipients.</summary>
    /// <param name="records">The events.</param>
    /// <param name="users">Their users, where those are known already; null looks topics up.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public async Task<RoutingContext> LoadAsync(IReadOnlyList<EventRecord> records, IReadOnlyList<string>? users, CancellationToken cancellationToken)
    {
        var tenants = new HashSet<string>(StringComparer.Ordinal);
        HashSet<(string Tenant, string Key)>? topics = null;
        var (asksTemplates, asksAddresses) = (false, false);
        foreach (var record in records)
        {
            tenants.Add(record.Tenant);
            asksTemplates |= record.Options?.Template is not null;
            foreach (var to in record.To)
            {
                asksAddresses |= to.Kind == RecipientKind.Email;
                if (users is null && to.Kind == RecipientKind.Topic)
                {
                    (topics ??= []).Add((record.Tenant, to.Key));
                }
            }
        }

        var context = RoutingContext.Empty with { Configs = await configs.GetAsync(tenants, cancellationToken), Now = time.GetUtcNow() };
        if (topics is not null)
        {
            context = context with { Subscribers = await store.SubscribersAsync(topics, Router.MaxInlineUsers + 1, cancellationToken) };
        }

        if (context.Configs.Values.Any(c => c.HasProfiles))
        {
            context = context with { Profiles = await store.ProfilesAsync(Recipients(records, users, context), cancellationToken) };
        }

        if (asksTemplates)
        {
            context = context with { Templates = await TemplatesAsync(records, context, cancellationToken) };
        }

        return asksAddresses ? context with { Suppressed = await SuppressedAsync(records, cancellationToken) } : context;
    }

    private static List<UserKey> Recipients(IReadOnlyList<EventRecord> records, IReadOnlyList<string>? users, RoutingContext context)
    {
        if (users is not null)
        {
            return [.. users.Select(user => new UserKey(records[0].Tenant, user))];
        }

        var keys = new HashSet<UserKey>();
        foreach (var record in records.Where(r => context.Config(r.Tenant).HasProfiles))
        {
            foreach (var to in record.To)
            {
                if (to.Kind == RecipientKind.User)
                {
                    keys.Add(new UserKey(record.Tenant, to.Key));
                }
                else if (to.Kind == RecipientKind.Topic && context.Subscribers[(record.Tenant, to.Key)] is { Count: <= Router.MaxInlineUsers } subscribers)
                {
                    keys.UnionWith(subscribers.Select(user => new UserKey(record.Tenant, user)));
                }
            }
        }

        return [.. keys];
    }

    private async Task<IReadOnlyDictionary<(string, string), PreparedTemplate?>> TemplatesAsync(
        IReadOnlyList<EventRecord> records, RoutingContext context, CancellationToken cancellationToken)
    {
        var found = new Dictionary<(string, string), PreparedTemplate?>();
        foreach (var record in records)
        {
            if (record.Options?.Template is { } key && !found.ContainsKey((record.Tenant, key)))
            {
                found.Add((record.Tenant, key), await templates.FindAsync(record.Tenant, context.Config(record.Tenant).Version, key, cancellationToken));
            }
        }

        return found;
    }

    private async Task<IReadOnlySet<(string, string, string)>> SuppressedAsync(IReadOnlyList<EventRecord> records, CancellationToken cancellationToken)
    {
        var asked = records.SelectMany(r => r.To.Where(t => t.Kind == RecipientKind.Email).Select(t => (r.Tenant, t.Key, r.Category ?? ""))).Distinct();
        var found = new HashSet<(string, string, string)>();
        foreach (var chunk in asked.Chunk(500))
        {
            found.UnionWith(await store.SuppressedAsync(chunk, cancellationToken));
        }

        return found;
    }
}
