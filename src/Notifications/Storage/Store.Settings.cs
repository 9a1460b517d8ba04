namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>A setting that the service keeps for itself, or null.</summary>
    public Task<byte[]?> SettingAsync(string name, CancellationToken cancellationToken = default) =>
        database.ReadAsync(session => session.FirstAsync("SELECT value FROM settings WHERE name = $1", r => (byte[])r[0], name), cancellationToken);

    /// <summary>Stores a setting unless it is there; every node then agrees on the value returned.</summary>
    public Task<byte[]> SettingOrAddAsync(string name, Func<byte[]> create) => database.WriteAsync(async session =>
    {
        await session.ExecuteAsync("INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, create());
        return (await session.FirstAsync("SELECT value FROM settings WHERE name = $1", r => (byte[])r[0], name))!;
    });
}
