using System.Collections.Concurrent;
using Notifications.Channels;
using Notifications.Storage;

namespace Notifications.Templates;

/// <summary>Finds templates and keeps them compiled, by tenant and key, until the tenant's configuration has another version.</summary>
public sealed class TemplateRenderer(Store store, TimeProvider time)
{
    /// <summary>So many templates are kept, those included that turned out not to exist; then all are forgotten.</summary>
    private const int MaxKept = 2_000;

    private readonly ConcurrentDictionary<(string Tenant, string Key), Entry> _kept = new();

    /// <summary>The current version of a template, or null where there is none.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="configVersion">The version of the tenant's configuration that the caller works with.</param>
    /// <param name="key">Which.</param>
    /// <param name="cancellationToken">Stops waiting for the store.</param>
    /// <exception cref="StoreUnavailableException">The store is away.</exception>
    public async ValueTask<PreparedTemplate?> FindAsync(string tenant, long configVersion, string key, CancellationToken cancellationToken)
    {
        var place = (tenant, key);
        var known = _kept.GetValueOrDefault(place);
        if (known is not null && known.ConfigVersion >= configVersion)
        {
            return known.Template;
        }

        var stored = await store.TemplateAsync(tenant, key, null, cancellationToken);
        var template = stored is not { Document: { } document } ? null
            : known?.Template is { } same && same.Version == stored.Version ? same // Something else of the tenant's has changed.
            : new PreparedTemplate(key, stored.Version, TemplateJson.Read(document), time);
        if (_kept.Count >= MaxKept)
        {
            _kept.Clear();
        }

        _kept[place] = new Entry(configVersion, template);
        return template;
    }

    /// <summary>Renders an event as an email; null where its template, or that part of it, does not exist.</summary>
    /// <exception cref="TemplateException">It cannot be rendered with this event.</exception>
    /// <exception cref="StoreUnavailableException">The store is away.</exception>
    public async ValueTask<EmailParts?> EmailAsync(Outgoing delivery, OutgoingItem item, CancellationToken cancellationToken) =>
        item.Template is { } key && await FindAsync(delivery.Tenant, delivery.Config.Version, key, cancellationToken) is { } template
            ? template.RenderEmail(item.Content, item.EventId, item.AcceptedAt, delivery.Recipient, delivery.Config.Policy.Locale)
            : null;

    private sealed record Entry(long ConfigVersion, PreparedTemplate? Template);
}
