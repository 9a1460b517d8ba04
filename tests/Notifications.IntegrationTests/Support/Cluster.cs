using System.Globalization;

namespace Notifications.IntegrationTests.Support;

/// <summary>How a cluster is started.</summary>
public sealed record ClusterOptions
{
    /// <summary>The processes: the name of each and its roles, separated by commas; empty for all roles.</summary>
    public IReadOnlyList<(string Name, string Roles)> Nodes { get; init; } = [("one", "")];

    /// <summary>Whether each process reaches Redis and PostgreSQL over links that can be cut.</summary>
    public bool Links { get; init; }

    /// <summary>Settings of every process, as environment variables.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Settings of Redis, as in <c>redis.conf</c>.</summary>
    public IReadOnlyDictionary<string, string> Redis { get; init; } = new Dictionary<string, string>();

    /// <summary>How PostgreSQL is started.</summary>
    public PostgresOptions Postgres { get; init; } = new();
}

/// <summary>A process of a cluster.</summary>
/// <param name="Name">Its name in the cluster and for the others.</param>
/// <param name="Server">The process.</param>
/// <param name="Redis">Its link to Redis, where there is one.</param>
/// <param name="Postgres">Its link to PostgreSQL, where there is one.</param>
public sealed record Node(string Name, ServerProcess Server, TcpProxy? Redis, TcpProxy? Postgres);

/// <summary>The service on the server engine: a Redis, a PostgreSQL, and processes of the service.</summary>
public sealed class Cluster : IAsyncDisposable
{
    /// <summary>The name of its database.</summary>
    public const string Database = "notifications";

    private readonly ClusterOptions _options;
    private readonly List<Node> _nodes = [];

    private Cluster(ClusterOptions options, RedisServer redis, PostgresServer postgres)
    {
        _options = options;
        Redis = redis;
        Postgres = postgres;
    }

    /// <summary>Its Redis.</summary>
    public RedisServer Redis { get; }

    /// <summary>Its PostgreSQL.</summary>
    public PostgresServer Postgres { get; }

    /// <summary>Its processes.</summary>
    public IReadOnlyList<Node> Nodes => _nodes;

    /// <summary>The API of the first process that takes events.</summary>
    public Api Api => With("ingest").First().Server.Api;

    /// <summary>A process by its name.</summary>
    public Node this[string name] => _nodes.Single(n => n.Name == name);

    /// <summary>Starts Redis, PostgreSQL and the processes, and waits until all are ready.</summary>
    public static async Task<Cluster> StartAsync(ClusterOptions? options = null)
    {
        options ??= new ClusterOptions();
        var redis = RedisServer.StartAsync(options.Redis);
        var postgres = PostgresServer.StartAsync(options.Postgres);
        var cluster = new Cluster(options, await redis, await postgres);
        try
        {
            await cluster.Postgres.CreateDatabaseAsync(Database);
            foreach (var (name, roles) in options.Nodes)
            {
                await cluster.AddAsync(name, roles);
            }

            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts one more process and waits until it is ready.</summary>
    public async Task<Node> AddAsync(string name, string roles)
    {
        var redis = _options.Links ? TcpProxy.Start(Redis.Port) : null;
        var postgres = _options.Links ? TcpProxy.Start(Postgres.Port) : null;
        try
        {
            var server = await ServerProcess.StartAsync(new ServerOptions { Settings = Settings(name, roles, redis, postgres) });
            var node = new Node(name, server, redis, postgres);
            _nodes.Add(node);
            return node;
        }
        catch (Exception e) when (e is InvalidOperationException or TimeoutException)
        {
            throw new InvalidOperationException($"{name} did not start: {e.Message}\nRedis:\n{Redis.Log}\nPostgreSQL:\n{Postgres.Log}", e);
        }
    }

    /// <summary>The settings of a process.</summary>
    public Dictionary<string, string> Settings(string name, string roles, TcpProxy? redis = null, TcpProxy? postgres = null)
    {
        var settings = new Dictionary<string, string>
        {
            ["ConnectionStrings__Redis"] = redis is null ? Redis.ConnectionString : string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{redis.Port}"),
            ["ConnectionStrings__Postgres"] = Postgres.ConnectionString(Database, postgres?.Port),
            ["Notifications__Node"] = name,
        };
        if (roles.Length > 0)
        {
            settings["Notifications__Roles"] = roles;
        }

        foreach (var (key, value) in _options.Settings)
        {
            settings[key] = value;
        }

        return settings;
    }

    /// <summary>The processes that have a role.</summary>
    public IEnumerable<Node> With(string role)
    {
        foreach (var (name, roles) in _options.Nodes)
        {
            if (roles.Length == 0 || roles.Split(',').Contains(role))
            {
                yield return this[name];
            }
        }
    }

    /// <summary>What every process wrote last, for the message of a failure.</summary>
    public string Logs(int charactersEach = 3_000)
    {
        return string.Join(
            '\n', _nodes.Select(n => $"--- {n.Name}\n{Tail(n.Server.Log)}")
                .Append($"--- Redis\n{Tail(Redis.Log)}").Append($"--- PostgreSQL\n{Tail(Postgres.Log)}"));

        string Tail(string log) => log[^Math.Min(log.Length, charactersEach)..];
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.Server.DisposeAsync();
            await (node.Redis?.DisposeAsync() ?? default);
            await (node.Postgres?.DisposeAsync() ?? default);
        }

        await Redis.DisposeAsync();
        await Postgres.DisposeAsync();
    }
}
