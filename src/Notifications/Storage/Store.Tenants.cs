using Notifications.Inbox;
using Notifications.Preferences;
using Notifications.Users;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>What has changed of tenants, to compare with what is kept of them; those that have configured nothing are missing.</summary>
    public Task<List<(string Tenant, long Version, bool HasProfiles)>> TenantVersionsAsync(IReadOnlyCollection<string> tenants, CancellationToken cancellationToken)
    {
        var names = tenants.ToArray();
        return database.ReadAsync(
            session => session.QueryAsync(
                "SELECT t.id, t.version, t.has_profiles FROM {rows} AS r JOIN tenants t ON t.id = r.tenant",
                r => (r.GetString(0), r.GetInt64(1), r.GetInt64(2) != 0), new Rows().With("tenant", names)),
            cancellationToken);
    }

    /// <summary>Profiles of those who have one.</summary>
    public Task<Dictionary<UserKey, Profile>> ProfilesAsync(IReadOnlyList<UserKey> users, CancellationToken cancellationToken) =>
        database.ReadAsync(session => ProfilesAsync(session, users), cancellationToken);

    /// <summary>What a tenant has configured.</summary>
    public Task<TenantConfig> TenantConfigAsync(string tenant, CancellationToken cancellationToken) => database.ReadAsync(
        session => TenantConfigAsync(session, tenant), cancellationToken);

    private static async ValueTask<TenantConfig> TenantConfigAsync(StoreSession session, string tenant)
    {
        var rows = await session.QueryAsync(
            "SELECT version, has_profiles, policy FROM tenants WHERE id = $1",
            r => (Version: r.GetInt64(0), HasProfiles: r.GetInt64(1) != 0, Policy: r.IsDBNull(2) ? null : (byte[])r[2]), tenant);
        return rows is [var row]
            ? new TenantConfig(row.Version, row.HasProfiles, row.Policy is null ? Policy.Default : Policy.Parse(row.Policy), await WebhooksInUseAsync(session, tenant))
            : TenantConfig.Empty;
    }

    /// <summary>A tenant's policy, templates or webhooks change in this transaction: whoever keeps them learns of it by the version.</summary>
    private ValueTask<int> RaiseVersionAsync(StoreSession session, string tenant) => session.ExecuteAsync(
        "INSERT INTO tenants (id, created_at, version) VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE SET version = tenants.version + 1", tenant, Now);

    /// <summary>A user of this tenant gets a profile in this transaction: from now on they are looked for.</summary>
    private ValueTask<int> NoteProfilesAsync(StoreSession session, string tenant) => session.ExecuteAsync(
        "INSERT INTO tenants (id, created_at, has_profiles) VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE SET has_profiles = 1 WHERE tenants.has_profiles = 0",
        tenant, Now);
}
