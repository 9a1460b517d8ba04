using System.Data.Common;

namespace Notifications.Storage;

/// <summary>A process as the others know it.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Roles">Its roles, separated by commas.</param>
/// <param name="Address">Where it listens.</param>
/// <param name="Version">Its version.</param>
/// <param name="StartedAt">When it started.</param>
/// <param name="Stats">Its figures, as JSON.</param>
public sealed record NodeEntry(string Id, string Roles, string Address, string Version, DateTimeOffset StartedAt, byte[] Stats)
{
    /// <summary>Until when it counts as running unless it is heard of again, by the store's clock.</summary>
    public DateTimeOffset ExpiresAt { get; init; }
}

public sealed partial class Store
{
    private const long ForgetNodesAfter = 3_600_000;

    /// <summary>Says that a node runs, and how it is.</summary>
    /// <param name="node">The node; its expiry is set by the store's clock.</param>
    /// <param name="lifetime">How long this holds.</param>
    public Task<int> HeartbeatAsync(NodeEntry node, TimeSpan lifetime) => database.WriteAsync(session => session.ExecuteAsync(
        "INSERT INTO nodes (id, roles, address, version, started_at, expires_at, stats) VALUES ($1, $2, $3, $4, $5, {now} + $6, $7) " +
        "ON CONFLICT (id) DO UPDATE SET roles = excluded.roles, address = excluded.address, version = excluded.version, " +
        "started_at = excluded.started_at, expires_at = excluded.expires_at, stats = excluded.stats",
        node.Id, node.Roles, node.Address, node.Version, node.StartedAt.ToUnixTimeMilliseconds(), (long)lifetime.TotalMilliseconds, node.Stats));

    /// <summary>Says that a node ends.</summary>
    public Task<int> LeaveAsync(string id) => database.WriteAsync(session => session.ExecuteAsync("DELETE FROM nodes WHERE id = $1", id));

    /// <summary>The nodes that run, by name.</summary>
    public Task<List<NodeEntry>> NodesAsync(CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, roles, address, version, started_at, stats, expires_at FROM nodes WHERE expires_at > {now} ORDER BY id", ReadNode),
        cancellationToken);

    /// <summary>Deletes nodes that have not been heard of for an hour.</summary>
    /// <returns>How many.</returns>
    public Task<int> ForgetNodesAsync() => database.WriteAsync(
        session => session.ExecuteAsync("DELETE FROM nodes WHERE expires_at < {now} - $1", ForgetNodesAfter));

    private static NodeEntry ReadNode(DbDataReader r) => new(
        r.GetString(0), r.GetString(1), r.GetString(2), r.GetString(3), DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(4)), (byte[])r[5])
    {
        ExpiresAt = DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(6)),
    };
}
