namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Writes a row and reads it back: what readiness means.</summary>
    /// <exception cref="StoreUnavailableException">The store is away.</exception>
    public async Task ProbeAsync(CancellationToken cancellationToken = default)
    {
        var value = BitConverter.GetBytes(Now);
        await database.WriteAsync(session => session.ExecuteAsync(
            "INSERT INTO settings (name, value) VALUES ('probe', $1) ON CONFLICT (name) DO UPDATE SET value = excluded.value", value));
        await SettingAsync("probe", cancellationToken);
    }
}
