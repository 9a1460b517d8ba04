using System.Collections.Concurrent;
using Notifications.Storage;

namespace Notifications.Users;

/// <summary>
/// What tenants have configured, kept until its version changes. The version is asked for each time, in one statement for all tenants of a batch,
/// so that a change holds for the next event, on every node.
/// </summary>
public sealed class TenantConfigs(Store store)
{
    /// <summary>Batches that are routed at the same time ask together; each asks after it was read, so that no change is missed.</summary>
    private readonly Batching<IReadOnlyCollection<string>, IReadOnlyList<(string Tenant, long Version, bool HasProfiles)>> _versions = new(
        async asked =>
        {
            var versions = await store.TenantVersionsAsync(asked.Count == 1 ? asked[0] : [.. asked.SelectMany(a => a).Distinct(StringComparer.Ordinal)], CancellationToken.None);
            return [.. asked.Select(_ => versions)];
        },
        tenants => tenants.Count, maxSize: 500, maxRuns: 1);

    private readonly ConcurrentDictionary<string, TenantConfig> _kept = new(StringComparer.Ordinal);

    /// <summary>The configurations of tenants, as they are now.</summary>
    public async Task<IReadOnlyDictionary<string, TenantConfig>> GetAsync(IReadOnlyCollection<string> tenants, CancellationToken cancellationToken)
    {
        var result = new Dictionary<string, TenantConfig>(tenants.Count, StringComparer.Ordinal);
        foreach (var (tenant, version, hasProfiles) in await _versions.RunAsync(tenants).WaitAsync(cancellationToken))
        {
            var kept = _kept.GetValueOrDefault(tenant) ?? TenantConfig.Empty;
            if (kept.Version != version || kept.HasProfiles != hasProfiles)
            {
                kept = await store.TenantConfigAsync(tenant, cancellationToken);
                _kept[tenant] = kept;
            }

            result.Add(tenant, kept);
        }

        foreach (var tenant in tenants)
        {
            result.TryAdd(tenant, TenantConfig.Empty);
        }

        return result;
    }

    /// <summary>The configuration of a tenant, as it is now.</summary>
    public async Task<TenantConfig> GetAsync(string tenant, CancellationToken cancellationToken) => (await GetAsync([tenant], cancellationToken))[tenant];
}
