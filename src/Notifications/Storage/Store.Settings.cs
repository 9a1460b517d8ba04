using System.Buffers.Binary;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Rises at most so often: several parts of the service may notice the same restore.</summary>
    private const long EpochPauseMilliseconds = 60_000;

    /// <summary>A setting that the service keeps for itself, or null.</summary>
    public Task<byte[]?> SettingAsync(string name, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => session.FirstAsync("SELECT value FROM settings WHERE name = $1", r => (byte[])r[0], name), cancellationToken);

    /// <summary>Stores a setting unless it is there; every node then agrees on the value returned.</summary>
    public Task<byte[]> SettingOrAddAsync(string name, Func<byte[]> create) => database.WriteAsync(async session =>
    {
        await session.ExecuteAsync("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, create());
        return (await session.FirstAsync("SELECT value FROM settings WHERE name = $1", r => (byte[])r[0], name))!;
    });

    /// <summary>Raises the epoch, because the store turned out to be an older copy, unless that has just happened.</summary>
    /// <returns>The epoch as it is now.</returns>
    public Task<long> RaiseEpochAsync() => database.WriteAsync(async session =>
    {
        var now = Now;
        var epoch = await LockedEpochAsync(session);
        return now - epoch < EpochPauseMilliseconds ? epoch : await SetEpochAsync(session, Math.Max(epoch + 1, now));
    });

    /// <summary>The epoch, for this transaction alone to change; 0 where there is none yet.</summary>
    internal static async ValueTask<long> LockedEpochAsync(StoreSession session) => await session.FirstAsync(
        "SELECT value FROM settings WHERE name = 'epoch' {lock}", r => (byte[])r[0]) is { Length: 8 } value
        ? BinaryPrimitives.ReadInt64BigEndian(value)
        : 0;

    internal static async ValueTask<long> SetEpochAsync(StoreSession session, long epoch)
    {
        var value = new byte[8];
        BinaryPrimitives.WriteInt64BigEndian(value, epoch);
        await session.ExecuteAsync(
            "INSERT INTO settings (name, value) VALUES ('epoch', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", value);
        return epoch;
    }
}
