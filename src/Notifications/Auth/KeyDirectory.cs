using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>
/// Finds API keys and tenants, and remembers them: a key is looked up again after <see cref="RevalidateAfter"/>, and one that was valid
/// within <see cref="HonouredFor"/> is honoured while the store is away. Only what exists is remembered, so hostile requests cost no memory.
/// </summary>
public sealed class KeyDirectory(Store store, TimeProvider time)
{
    /// <summary>For how long a key is taken as valid without another look; a change made through this process shows at once.</summary>
    public static readonly TimeSpan RevalidateAfter = TimeSpan.FromSeconds(30);

    /// <summary>For how long a key is honoured while the store is away.</summary>
    public static readonly TimeSpan HonouredFor = TimeSpan.FromMinutes(15);

    private readonly ConcurrentDictionary<KeyHash, Known> _keys = new();
    private readonly ConcurrentDictionary<string, byte> _tenants = new(StringComparer.Ordinal);
    private long _generation;

    /// <summary>The key with this SHA-256, or null where there is none.</summary>
    /// <exception cref="StoreUnavailableException">The store is away and the key was not seen lately: whether it is valid is not known.</exception>
    public async ValueTask<ApiKey?> FindAsync(byte[] hash)
    {
        var id = KeyHash.Of(hash);
        var now = time.GetTimestamp();
        if (_keys.TryGetValue(id, out var known) && time.GetElapsedTime(known.ValidatedAt, now) < RevalidateAfter)
        {
            return known.Key;
        }

        var generation = Volatile.Read(ref _generation);
        ApiKey? key;
        try
        {
            key = await store.KeyByHashAsync(hash);
        }
        catch (StoreUnavailableException) when (known is not null && time.GetElapsedTime(known.ValidatedAt, now) < HonouredFor)
        {
            return known.Key;
        }

        if (key is null)
        {
            _keys.TryRemove(id, out _);
            return null;
        }

        _keys[id] = new Known(key, now);
        if (Volatile.Read(ref _generation) != generation)
        {
            // A key was changed or deleted while this one was read: what was read may be the past.
            _keys.TryRemove(id, out _);
        }

        return key;
    }

    /// <summary>Forgets a key that was changed or deleted.</summary>
    public void Forget(byte[] hash)
    {
        Interlocked.Increment(ref _generation);
        _keys.TryRemove(KeyHash.Of(hash), out _);
    }

    /// <summary>Whether a tenant exists. Tenants are never deleted, so a yes is remembered for good.</summary>
    /// <exception cref="StoreUnavailableException">The store is away and the tenant was never seen.</exception>
    public async ValueTask<bool> TenantExistsAsync(string tenant)
    {
        if (_tenants.ContainsKey(tenant))
        {
            return true;
        }

        if (!ApiKey.IsTenant(tenant) || !await store.TenantExistsAsync(tenant))
        {
            return false;
        }

        _tenants.TryAdd(tenant, 0);
        return true;
    }

    private sealed record Known(ApiKey Key, long ValidatedAt);

    /// <summary>The 32 bytes of a hash, as a dictionary's key.</summary>
    private readonly record struct KeyHash(ulong A, ulong B, ulong C, ulong D)
    {
        public static KeyHash Of(byte[] hash)
        {
            var parts = MemoryMarshal.Cast<byte, ulong>(hash);
            return new KeyHash(parts[0], parts[1], parts[2], parts[3]);
        }
    }
}
