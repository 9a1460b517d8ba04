using Notifications.Inbox;

namespace Notifications.Storage;

/// <summary>Up to where a device has everything.</summary>
/// <param name="Key">The user.</param>
/// <param name="Device">The device; empty for the one that connections without a name share.</param>
/// <param name="Position">The highest place in the user's log that was acknowledged or is known to have arrived.</param>
public readonly record struct DevicePosition(UserKey Key, string Device, long Position);

public sealed partial class Store
{
    /// <summary>Where devices are, in their order; a new one starts at its user's highest.</summary>
    public Task<long[]> PositionsAsync(IReadOnlyList<(UserKey Key, string Device)> devices) => database.ReadAsync(async session =>
    {
        var positions = new long[devices.Count];
        foreach (var (at, position) in await session.QueryAsync(
            "SELECT COALESCE((SELECT p.position FROM positions p WHERE p.tenant = r.tenant AND p.user_id = r.user_id AND p.device = r.device), " +
            "(SELECT MAX(p.position) FROM positions p WHERE p.tenant = r.tenant AND p.user_id = r.user_id), 0), r.ix FROM {rows} AS r",
            r => (At: r.GetInt32(1), Position: r.GetInt64(0)),
            new Rows().With("ix", [.. Enumerable.Range(0, devices.Count)]).With("tenant", Column(devices, d => d.Key.Tenant))
                .With("user_id", Column(devices, d => d.Key.User)).With("device", Column(devices, d => d.Device))))
        {
            positions[at] = position;
        }

        return positions;
    });

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
