using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>What happens while something large or something bad does; the cluster has two gateways, two dispatchers and an ingest node.</summary>
internal sealed class DispatcherDrills(Cluster cluster)
{
    private const int CriticalEvery = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private int _lastLoad;

    private ServerProcess Ingest => cluster["ingest"].Server;

    /// <summary>One event to a large topic, while others are sent to single users.</summary>
    public async Task<string> FanOutAsync(int subscribers)
    {
        const string Topic = "bench", Warm = "bench-warm";
        var last = Subscriber(subscribers - 1);
        await SubscribeAsync(Warm, subscribers / 20);
        await SubscribeAsync(Topic, subscribers);
        await cluster.Postgres.ExecuteAsync(Cluster.Database, "ANALYZE subscriptions, heads"); // As it does by itself a while later.
        await ReachAsync(Warm, Subscriber((subscribers / 20) - 1));
        var before = await InboxesAsync();

        await using var paced = await PacedClients.ConnectAsync(cluster, "fanout", clients: 50);
        var load = paced.Start(perSecond: 50);
        await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
        var from = Arrivals.Now;
        await ReachAsync(Topic, last);
        var to = Arrivals.Now;
        await load.StopAsync();
        var reached = await InboxesAsync() - before;
        var took = TimeSpan.FromMicroseconds(to - from);
        return reached == subscribers
            ? $"{took.TotalSeconds:0.0} s, {subscribers / took.TotalSeconds:#,0} rows/s; single events {PacedLoad.Describe(paced.Arrivals.DueBetween(from, to))}"
            : throw new InvalidOperationException($"{reached} of {subscribers} subscribers have the event, though the last one does.");

        Task<long> InboxesAsync() => cluster.Postgres.NumberAsync(
            Cluster.Database, "SELECT COUNT(*) FROM inbox WHERE user_id >= $1 AND user_id <= $2", Subscriber(0), last);
    }

    /// <summary>A dispatcher ends, in turn, under 200 events a second to all partitions: how long until the other one has all of them.</summary>
    public async Task<string> HandOverAsync(int times, Func<ServerProcess, Task> end)
    {
        var (owned, longest) = (TimeSpan.Zero, 0.0);
        for (var i = 0; i < times; i++)
        {
            var (leaving, staying) = i % 2 == 0 ? ("dispatch1", "dispatch2") : ("dispatch2", "dispatch1");
            await Until.TrueAsync("each dispatcher has its share", async () => await OwnedByOthersAsync(leaving) == await OwnedByOthersAsync(staying));
            await using var paced = await PacedClients.ConnectAsync(cluster, $"handover{++_lastLoad}", clients: 160, CriticalEvery);
            var load = paced.Start(perSecond: 200);
            await Task.Delay(TimeSpan.FromSeconds(2), TimeProvider.System);
            var signal = Arrivals.Now;
            var ending = end(cluster[leaving].Server);
            await Until.TrueAsync("all partitions have changed hands", async () => await OwnedByOthersAsync(staying) == 0);
            owned = Max(owned, TimeSpan.FromMicroseconds(Arrivals.Now - signal));
            await ending;
            await load.StopAsync(); // Returns when the events of the partitions that changed hands have arrived.
            longest = Math.Max(longest, paced.Arrivals.ArrivedSince(signal).Max(a => a.Latency));
            await cluster[leaving].Server.StartAgainAsync();
        }

        return $"all partitions taken over after {owned.TotalSeconds:0.00} s; the longest from post to client {longest / 1_000:0.00} s";
    }

    private static TimeSpan Max(TimeSpan a, TimeSpan b) => a > b ? a : b;

    private static string Subscriber(int i) => $"s{i:000000}";

    /// <summary>How many partitions somebody else has, or nobody.</summary>
    private Task<long> OwnedByOthersAsync(string owner) =>
        cluster.Postgres.NumberAsync(Cluster.Database, "SELECT COUNT(*) FROM partitions WHERE owner <> $1", owner);

    /// <summary>As the API does for each, which takes long for so many.</summary>
    private async Task SubscribeAsync(string topic, int subscribers)
    {
        await cluster.Postgres.ExecuteAsync(
            Cluster.Database,
            $"INSERT INTO heads (tenant, user_id, broadcast_no) SELECT t.id, 's' || lpad(i::text, 6, '0'), t.broadcast_no " +
            $"FROM tenants t, generate_series(0, {subscribers - 1}) i WHERE t.id = 'default' ON CONFLICT DO NOTHING");
        await cluster.Postgres.ExecuteAsync(
            Cluster.Database,
            $"INSERT INTO subscriptions (tenant, topic, user_id, created_at) SELECT 'default', '{topic}', 's' || lpad(i::text, 6, '0'), 0 " +
            $"FROM generate_series(0, {subscribers - 1}) i");
    }

    /// <summary>Sends an event to a topic, and waits until the subscriber who comes last has it.</summary>
    private async Task ReachAsync(string topic, string last)
    {
        var reached = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = await HubClient.ConnectAsync(cluster["gateway1"].Server.Address, new HubOptions
        {
            Token = await Ingest.Api.TokenAsync(last),
            Keep = false,
            OnMessage = (_, message) =>
            {
                if (message is Notification { Item.Title: var title } && title == topic)
                {
                    reached.TrySetResult();
                }
            },
        });
        await Ingest.Api.PublishAsync(new { type = "bench.topic", to = new[] { "topic:" + topic }, title = topic });
        await reached.Task.WaitAsync(Patience, TimeProvider.System);
    }
}

/// <summary>Clients of both gateways, and events to them at a fixed rate.</summary>
internal sealed class PacedClients : IAsyncDisposable
{
    private readonly Cluster _cluster;
    private readonly string _name;
    private readonly int _clients;
    private readonly int _criticalEvery;
    private readonly Swarm _swarm;

    private PacedClients(Cluster cluster, string name, int clients, int criticalEvery)
    {
        (_cluster, _name, _clients, _criticalEvery) = (cluster, name, clients, criticalEvery);
        _swarm = new Swarm(Arrivals.Take);
    }

    /// <summary>What they have received.</summary>
    public Arrivals Arrivals { get; } = new();

    /// <summary>Connects them.</summary>
    /// <param name="cluster">Has gateways.</param>
    /// <param name="name">What users begin with.</param>
    /// <param name="clients">How many, each of another user.</param>
    /// <param name="criticalEvery">The events to one of how many users are critical; 0 for none.</param>
    public static async Task<PacedClients> ConnectAsync(Cluster cluster, string name, int clients, int criticalEvery = 0)
    {
        var paced = new PacedClients(cluster, name, clients, criticalEvery);
        var gateways = cluster.With("gateway").ToList();
        for (var i = 0; i < clients; i++)
        {
            var token = await cluster.Api.TokenAsync($"{name}-u{i}");
            await paced._swarm.ConnectAsync(new Uri(gateways[i % gateways.Count].Server.Address, $"/hubs/notifications?access_token={token}"));
        }

        return paced;
    }

    /// <summary>Begins to send to them in turn.</summary>
    public PacedLoad Start(int perSecond)
    {
        var ingest = _cluster["ingest"].Server.Address;
        return PacedLoad.Start(Arrivals, ingest, perSecond, _clients, client =>
        {
            var body = Bodies.Event($"user:{_name}-u{client}", client, due: Request.Digits);
            return Request.Post(ingest, "/v1/events", _criticalEvery > 0 && client % _criticalEvery == 0 ? body.Replace("\"normal\"", "\"critical\"", StringComparison.Ordinal) : body);
        });
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _swarm.DisposeAsync();
}
