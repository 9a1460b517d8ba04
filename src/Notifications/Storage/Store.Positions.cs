using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>Up to where a device has everything.</summary>
/// <param name="Key">The user.</param>
/// <param name="Device">The device; empty for the one that connections without a name share.</param>
/// <param name="Position">The highest place in the user's log that was acknowledged or is known to have arrived.</param>
public readonly record struct DevicePosition(UserKey Key, string Device, long Position);

public sealed partial class Store
{
    /// <summary>Where a device is; a new one starts at the user's highest.</summary>
    public Task<long> PositionAsync(UserKey key, string device, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync(
            "SELECT COALESCE((SELECT p.position FROM positions p WHERE p.tenant = $1 AND p.user_id = $2 AND p.device = $3), " +
            "(SELECT MAX(p.position) FROM positions p WHERE p.tenant = $1 AND p.user_id = $2), 0)",
            r => r.GetInt64(0), key.Tenant, key.User, device),
        cancellationToken);

    /// <summary>Stores positions; none is ever lowered.</summary>
    public Task<int> SavePositionsAsync(IReadOnlyList<DevicePosition> positions) => database.WriteAsync(session =>
    {
        var now = Now;
        return session.ExecuteAsync(
            "INSERT INTO positions (tenant, user_id, device, position, updated_at) " +
            "SELECT r.tenant, r.user_id, r.device, r.position, r.updated_at FROM {rows} AS r WHERE true " +
            "ON CONFLICT (tenant, user_id, device) DO UPDATE SET updated_at = excluded.updated_at, " +
            "position = CASE WHEN excluded.position > positions.position THEN excluded.position ELSE positions.position END",
            new Rows().With("tenant", Column(positions, p => p.Key.Tenant)).With("user_id", Column(positions, p => p.Key.User))
                .With("device", Column(positions, p => p.Device)).With("position", Column(positions, p => p.Position))
                .With("updated_at", Column(positions, _ => now)));
    });
}
