using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>
/// Services that share nothing but a Redis and a PostgreSQL, so that the same work can be measured on much and on little data: each has a database,
/// names of its own in Redis, and processes.
/// </summary>
internal sealed class Twins : IAsyncDisposable
{
    private readonly List<ServerProcess> _processes = [];

    private Twins(Cluster servers) => Servers = servers;

    /// <summary>Redis and PostgreSQL; it has no processes of the service.</summary>
    public Cluster Servers { get; }

    /// <summary>Whose processor time is told apart, beside the services.</summary>
    public IReadOnlyList<(string Name, Func<IEnumerable<int>> Ids)> Processes =>
        [("Redis", () => [Servers.Redis.Id]), ("PostgreSQL", () => [Servers.Postgres.Id])];

    /// <summary>Starts Redis and PostgreSQL, as they are set everywhere here but for room in the write-ahead log, which filling a database takes.</summary>
    public static async Task<Twins> StartAsync() => new(await Cluster.StartAsync(new ClusterOptions
    {
        Nodes = [],
        Redis = new Dictionary<string, string> { ["auto-aof-rewrite-percentage"] = "0" },
        Postgres = new PostgresOptions { Settings = new Dictionary<string, string> { ["max_wal_size"] = "8GB" } },
    }));

    /// <summary>Makes a database for a service.</summary>
    /// <param name="service">Its name: of the database, in Redis and of its first process.</param>
    /// <param name="roles">What that process does, names separated by commas; empty is everything.</param>
    public async Task<ServerProcess> AddServiceAsync(string service, string roles = "")
    {
        await Servers.Postgres.CreateDatabaseAsync(service);
        return await AddProcessAsync(service, service, roles);
    }

    /// <summary>Starts a process of a service that has its database.</summary>
    /// <param name="service">Of which.</param>
    /// <param name="node">Its name.</param>
    /// <param name="roles">What it does, names separated by commas; empty is everything.</param>
    public async Task<ServerProcess> AddProcessAsync(string service, string node, string roles = "")
    {
        var settings = Servers.Settings(node, roles);
        settings["ConnectionStrings__Postgres"] = Servers.Postgres.ConnectionString(service);
        settings["Notifications__Redis__Prefix"] = service + ":";
        var process = await ServerProcess.StartAsync(new ServerOptions { Settings = settings });
        _processes.Add(process);
        return process;
    }

    /// <summary>Ends a process.</summary>
    public async Task RemoveAsync(ServerProcess process)
    {
        await process.DisposeAsync();
        _processes.Remove(process);
    }

    /// <summary>For filling the database of a service.</summary>
    public Seed Seed(string service, ServerProcess process) => new(process, Servers.Postgres.ConnectionString(service));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        await Servers.DisposeAsync();
    }
}
