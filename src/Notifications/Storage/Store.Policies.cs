using Notifications.Preferences;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>A tenant's policy.</summary>
    public Task<Policy> PolicyAsync(string tenant, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => PolicyAsync(session, tenant), cancellationToken);

    /// <summary>Replaces a tenant's policy.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="policy">What it is from now on.</param>
    /// <param name="expected">Whether the policy that is there may be replaced.</param>
    /// <returns>Whether it was.</returns>
    public Task<bool> SetPolicyAsync(string tenant, Policy policy, Func<Policy, bool> expected) => database.WriteAsync(async session =>
    {
        await AddTenantAsync(session, tenant);
        var stored = (await session.QueryAsync("SELECT policy FROM tenants WHERE id = $1 {lock}", r => r.IsDBNull(0) ? null : (byte[])r[0], tenant))[0];
        if (!expected(stored is null ? Policy.Default : Policy.Parse(stored)))
        {
            return false;
        }

        await RaiseVersionAsync(session, tenant);
        await session.ExecuteAsync("UPDATE tenants SET policy = $2 WHERE id = $1", tenant, policy.Write());
        return true;
    });

    private static async ValueTask<Policy> PolicyAsync(StoreSession session, string tenant) =>
        await session.FirstAsync("SELECT policy FROM tenants WHERE id = $1 AND policy IS NOT NULL", r => (byte[])r[0], tenant) is { } stored
            ? Policy.Parse(stored)
            : Policy.Default;
}
