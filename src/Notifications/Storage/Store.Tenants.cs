namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>A tenant's policy, templates or webhooks change in this transaction: whoever keeps them learns of it by the version.</summary>
    private ValueTask<int> RaiseVersionAsync(StoreSession session, string tenant) => session.ExecuteAsync(
        "INSERT INTO tenants (id, created_at, version) VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE SET version = tenants.version + 1", tenant, Now);

    /// <summary>A user of this tenant gets a profile in this transaction: from now on they are looked for.</summary>
    private ValueTask<int> NoteProfilesAsync(StoreSession session, string tenant) => session.ExecuteAsync(
        "INSERT INTO tenants (id, created_at, has_profiles) VALUES ($1, $2, 1) ON CONFLICT (id) DO UPDATE SET has_profiles = 1 WHERE tenants.has_profiles = 0",
        tenant, Now);
}
