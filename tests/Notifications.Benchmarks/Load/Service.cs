using Notifications.Benchmarks.Scale;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>The service as it is measured, of either engine, with what it needs.</summary>
internal sealed class Service : IAsyncDisposable
{
    private readonly ServerProcess? _embedded;

    private Service(Cluster cluster) => Cluster = cluster;

    private Service(ServerProcess embedded) => _embedded = embedded;

    /// <summary>Its processes, Redis and PostgreSQL; null for the embedded engine.</summary>
    public Cluster? Cluster { get; }

    /// <summary>Where events go.</summary>
    public ServerProcess Ingest => _embedded ?? Cluster!.With("ingest").First().Server;

    /// <summary>Where clients connect; the first one.</summary>
    public ServerProcess Gateway => _embedded ?? Cluster!.With("gateway").First().Server;

    /// <summary>All processes of the service.</summary>
    public IEnumerable<ServerProcess> Servers => _embedded is not null ? [_embedded] : Cluster!.Nodes.Select(n => n.Server);

    /// <summary>The API for producers and operators.</summary>
    public Api Api => Ingest.Api;

    /// <summary>Whose processor time is told apart.</summary>
    public IReadOnlyList<(string Name, Func<IEnumerable<int>> Ids)> Processes
    {
        get
        {
            List<(string, Func<IEnumerable<int>>)> all = [("service", () => Servers.Where(s => s.IsRunning).Select(s => s.Id))];
            if (Cluster is { } cluster)
            {
                all.Add(("Redis", () => [cluster.Redis.Id]));
                all.Add(("PostgreSQL", () => [cluster.Postgres.Id]));
            }

            return all;
        }
    }

    /// <summary>Starts one with nothing configured, on a new data folder.</summary>
    public static async Task<Service> StartEmbeddedAsync() => new(await ServerProcess.StartAsync(new ServerOptions { DataRoot = ServerData.Root }));

    /// <summary>Starts one on the server engine.</summary>
    /// <param name="nodes">Its processes: names and roles; one that does everything where there are none.</param>
    /// <remarks>Redis does not rewrite its file of its own accord: that would hit either side by chance.</remarks>
    public static async Task<Service> StartAsync(params IReadOnlyList<(string Name, string Roles)> nodes) => new(await Cluster.StartAsync(new ClusterOptions
    {
        Nodes = nodes.Count > 0 ? nodes : [("one", "")],
        Redis = new Dictionary<string, string> { ["auto-aof-rewrite-percentage"] = "0" },
    }));

    /// <summary>Tokens of users.</summary>
    public Task<string[]> TokensAsync(int count, Func<int, string> user) => Clients.TokensAsync(Api, count, user);

    /// <summary>The address of the hub for a client.</summary>
    /// <param name="token">The user's.</param>
    /// <param name="after">Where the client goes on, <c>manual</c> or a <c>rev</c>; null for where its user is.</param>
    /// <param name="gateway">Which process; the first gateway where it is null.</param>
    public Uri Hub(string token, string? after = null, ServerProcess? gateway = null) =>
        new((gateway ?? Gateway).Address, $"/hubs/notifications?access_token={token}{(after is null ? "" : $"&after={after}")}");

    /// <summary>Connects clients of users, one each.</summary>
    public async Task<Swarm> ConnectAsync(int count, Func<int, string> user, OnRecord? onNotification = null)
    {
        var swarm = new Swarm(onNotification);
        var tokens = await TokensAsync(count, user);
        await swarm.ConnectAsync(count, i => Hub(tokens[i]));
        return swarm;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await (_embedded?.DisposeAsync() ?? default);
        await (Cluster?.DisposeAsync() ?? default);
    }
}
