using System.Data.Common;
using Notifications.Auth;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>The id of the key that configuration names; there is one row for it, whatever its value.</summary>
    private const string BootstrapId = "key_00000000000000000000000000000000";

    /// <summary>The key with this SHA-256, or null.</summary>
    /// <exception cref="StoreUnavailableException">The store is away.</exception>
    public Task<ApiKey?> KeyByHashAsync(byte[] hash, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.FirstAsync("SELECT id, tenant, name, scopes, created_at FROM api_keys WHERE hash = $1", ReadKey, hash), cancellationToken);

    /// <summary>The tenant's key with this id, or null.</summary>
    public Task<ApiKey?> KeyAsync(string tenant, string id, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.FirstAsync(
            "SELECT id, tenant, name, scopes, created_at FROM api_keys WHERE tenant = $1 AND id = $2", ReadKey, tenant, id),
        cancellationToken);

    /// <summary>The tenant's keys after an id, oldest first.</summary>
    public Task<List<ApiKey>> KeysAsync(string tenant, string after, int limit, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, tenant, name, scopes, created_at FROM api_keys WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3",
            ReadKey, tenant, after, limit),
        cancellationToken);

    /// <summary>Whether there is any key, of whatever tenant.</summary>
    public Task<bool> HasKeysAsync() =>
        database.ReadAsync(session => session.FirstAsync("SELECT 1 FROM api_keys LIMIT 1", r => true));

    /// <summary>Stores a new key, and its tenant where that is new.</summary>
    public Task<ApiKey> AddKeyAsync(string tenant, string name, IReadOnlyList<string> scopes, byte[] hash)
    {
        var key = new ApiKey(
            Ids.Format(Ids.Key, Ids.New(time)), tenant, name, scopes, DateTimeOffset.FromUnixTimeMilliseconds(Now));
        return database.WriteAsync(async session =>
        {
            await AddTenantAsync(session, tenant);
            await InsertKeyAsync(session, key, hash);
            return key;
        });
    }

    /// <summary>
    /// Makes the configured key the one bootstrap key: the same key is left as it is, another one takes the place of the one before.
    /// </summary>
    public Task<bool> AddBootstrapKeyAsync(byte[] hash)
    {
        var key = new ApiKey(BootstrapId, ApiKey.DefaultTenant, "bootstrap", Scopes.All, DateTimeOffset.FromUnixTimeMilliseconds(Now));
        return database.WriteAsync(async session =>
        {
            await AddTenantAsync(session, key.Tenant);
            await session.QueryAsync("SELECT id FROM tenants WHERE id = $1 {lock}", r => r.GetString(0), key.Tenant); // Nodes start side by side.
            if (await session.FirstAsync("SELECT id FROM api_keys WHERE hash = $1", r => r.GetString(0), hash) is not null)
            {
                return false;
            }

            await session.ExecuteAsync("DELETE FROM api_keys WHERE id = $1", BootstrapId);
            await InsertKeyAsync(session, key, hash);
            return true;
        });
    }

    /// <summary>Changes a key; null leaves a part as it is.</summary>
    /// <returns>The key as it is now and its hash, or null where the tenant has no such key.</returns>
    public Task<(ApiKey Key, byte[] Hash)?> ChangeKeyAsync(string tenant, string id, string? name, IReadOnlyList<string>? scopes) =>
        database.WriteAsync(session => session.FirstAsync<(ApiKey, byte[])?>(
            "UPDATE api_keys SET name = COALESCE($3, name), scopes = COALESCE($4, scopes) WHERE tenant = $1 AND id = $2 " +
            "RETURNING id, tenant, name, scopes, created_at, hash",
            r => (ReadKey(r), (byte[])r[5]), tenant, id, name, scopes is null ? null : string.Join(' ', scopes)));

    /// <summary>Deletes a key.</summary>
    /// <returns>Its hash, or null where the tenant has no such key.</returns>
    public Task<byte[]?> DeleteKeyAsync(string tenant, string id) => database.WriteAsync(
        session => session.FirstAsync("DELETE FROM api_keys WHERE tenant = $1 AND id = $2 RETURNING hash", r => (byte[])r[0], tenant, id));

    /// <summary>Whether the tenant exists, which it does once a key named it.</summary>
    public Task<bool> TenantExistsAsync(string tenant, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.FirstAsync("SELECT 1 FROM tenants WHERE id = $1", r => true, tenant), cancellationToken);

    /// <summary>Makes a tenant exist.</summary>
    public Task<bool> AddTenantAsync(string tenant) =>
        database.WriteAsync(async session => await AddTenantAsync(session, tenant) > 0);

    private static ValueTask<int> InsertKeyAsync(StoreSession session, ApiKey key, byte[] hash) => session.ExecuteAsync(
        "INSERT INTO api_keys (id, tenant, name, hash, scopes, created_at) VALUES ($1, $2, $3, $4, $5, $6)",
        key.Id, key.Tenant, key.Name, hash, string.Join(' ', key.Scopes), key.CreatedAt.ToUnixTimeMilliseconds());

    private static ApiKey ReadKey(DbDataReader r) => new(
        r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3).Split(' ', StringSplitOptions.RemoveEmptyEntries),
        DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(4)));

    private ValueTask<int> AddTenantAsync(StoreSession session, string tenant) =>
        session.ExecuteAsync("INSERT INTO tenants (id, created_at) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING", tenant, Now);
}
