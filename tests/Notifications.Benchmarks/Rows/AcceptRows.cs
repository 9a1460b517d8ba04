using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>How many events are accepted each second: durable in the log, and answered.</summary>
internal static class AcceptRows
{
    private const int Users = 1_000, Connections = 64, BatchConnections = 8, Batch = 100;
    private const string Single = "/v1/events", Batches = "/v1/events/batch";

    /// <summary>Those of the server engine.</summary>
    public static IEnumerable<Measure> Server =>
    [
        new("post", "single POST, 64 connections, an ingest process alone; floor: a bare endpoint with one XADD for each", "events/s", Goal.AtLeast(1.0),
            () => PostAsync("ingest", withId: false)),
        new("post-id", "the same with producers' ids", "events/s", Goal.AtLeast(1.0), () => PostAsync("ingest", withId: true)),
        new("post-one-process", "the same without ids, one process that also takes them to inboxes meanwhile", "events/s", Goal.AtLeast(1.0),
            () => PostAsync("", withId: false)),
        new("batch", "JSON arrays of 100, 8 connections; floor: redis-benchmark -P 64 with XADD of the same size", "events/s", Goal.AtLeast(0.5),
            () => BatchAsync("application/json")),
        new("ndjson", "100 lines of JSON, 8 connections; floor: the same", "events/s", Goal.AtLeast(0.5), () => BatchAsync("application/x-ndjson")),
    ];

    /// <summary>Those of the embedded engine.</summary>
    public static IEnumerable<Measure> Embedded =>
    [
        new("post", "single POST, 64 connections; floor: a bare endpoint with one insert into SQLite for each", "events/s", Goal.AtLeast(1.0), EmbeddedPostAsync),
        new("batch", "JSON arrays of 100, 8 connections; floor: the bare endpoint with 100 inserts in one transaction", "events/s", Goal.AtLeast(0.5), EmbeddedBatchAsync),
    ];

    private static async Task<Sides> PostAsync(string roles, bool withId)
    {
        var service = await Service.StartAsync(("one", roles));
        var floor = await FloorProcess.StartAsync(redis: service.Cluster!.Redis.Port);
        var run = 0;
        return new Sides
        {
            Ours = async turn =>
            {
                run++;
                var load = new PostLoad(service.Ingest.Address, Connections, withId ? RequestsWithIds(service.Ingest.Address, run) : Requests(service.Ingest.Address, Single));
                var perSecond = await load.MeasureAsync(turn);
                await SettleAsync(service, load, stored: roles.Length == 0);
                return [perSecond];
            },
            Floor = async turn =>
            {
                var perSecond = await new PostLoad(floor.Address, Connections, Requests(floor.Address, "/xadd")).MeasureAsync(turn);
                await service.Cluster.Redis.CommandAsync("UNLINK", BareRedis.Stream);
                return [perSecond];
            },
            Processes = [.. service.Processes, (Turn.Floor, () => [floor.Id])],
        }.Owning(service, floor);
    }

    private static async Task<Sides> BatchAsync(string contentType)
    {
        var service = await Service.StartAsync(("one", "ingest"));
        var redis = service.Cluster!.Redis;
        var benchmark = new RedisBenchmark(redis);
        return new Sides
        {
            Ours = async turn =>
            {
                var load = new PostLoad(service.Ingest.Address, BatchConnections, BatchRequests(service.Ingest.Address, Batches, contentType));
                var perSecond = Batch * await load.MeasureAsync(turn);
                await SettleAsync(service, load, stored: false);
                return [perSecond];
            },
            Floor = async turn => [await benchmark.MeasureAsync(turn)],
            Processes = service.Processes,
        }.Owning(service);
    }

    private static async Task<Sides> EmbeddedPostAsync()
    {
        var (service, folder) = (await Service.StartEmbeddedAsync(), new TempFolder(ServerData.Root));
        var floor = await FloorProcess.StartAsync(folder: folder.Path);
        return new Sides
        {
            Ours = async turn =>
            {
                var load = new PostLoad(service.Ingest.Address, Connections, Requests(service.Ingest.Address, Single));
                var perSecond = await load.MeasureAsync(turn);
                await load.StoredAsync(service.Api);
                return [perSecond];
            },
            Floor = async turn => [await new PostLoad(floor.Address, Connections, Requests(floor.Address, "/insert")).MeasureAsync(turn)],
            Processes = [.. service.Processes, (Turn.Floor, () => [floor.Id])],
        }.Owning(service, floor);
    }

    private static async Task<Sides> EmbeddedBatchAsync()
    {
        var (service, folder) = (await Service.StartEmbeddedAsync(), new TempFolder(ServerData.Root));
        var floor = await FloorProcess.StartAsync(folder: folder.Path);
        return new Sides
        {
            Ours = async turn =>
            {
                var load = new PostLoad(service.Ingest.Address, BatchConnections, BatchRequests(service.Ingest.Address, Batches, "application/json"));
                var perSecond = Batch * await load.MeasureAsync(turn);
                await load.StoredAsync(service.Api);
                return [perSecond];
            },
            Floor = async turn => [Batch * await new PostLoad(floor.Address, BatchConnections, BatchRequests(floor.Address, "/inserts", "application/x-ndjson")).MeasureAsync(turn)],
            Processes = [.. service.Processes, (Turn.Floor, () => [floor.Id])],
        }.Owning(service, floor);
    }

    /// <summary>Before the next turn: what was accepted is in inboxes, or, where nobody takes it there, is gone from the log.</summary>
    private static async Task SettleAsync(Service service, PostLoad load, bool stored)
    {
        if (stored)
        {
            await load.StoredAsync(service.Api);
            return;
        }

        await service.Cluster!.Redis.CommandAsync("FLUSHALL", "ASYNC");
    }

    /// <summary>Events to a thousand users in turn, prepared once.</summary>
    private static Func<int, long, Request> Requests(Uri server, string path)
    {
        var all = Enumerable.Range(0, Users).Select(u => Request.Post(server, path, Bodies.Event($"user:u{u}", u))).ToArray();
        return (connection, n) => all[(connection + (n * 7)) % Users];
    }

    /// <summary>The same, each with an id that no other has.</summary>
    private static Func<int, long, Request> RequestsWithIds(Uri server, int run)
    {
        var all = Enumerable.Range(0, Users).Select(u => Request.Post(server, Single, Bodies.Event($"user:u{u}", u, $"{run}-{Request.Digits}"))).ToArray();
        var sent = 0L;
        return (_, _) =>
        {
            var request = all[sent % Users];
            request.Set(0, ++sent);
            return request;
        };
    }

    /// <summary>Batches of events to a thousand users in turn, prepared once.</summary>
    private static Func<int, long, Request> BatchRequests(Uri server, string path, string contentType)
    {
        var all = Enumerable.Range(0, Users / Batch).Select(b =>
        {
            var events = Enumerable.Range(b * Batch, Batch).Select(u => Bodies.Event($"user:u{u}", u));
            return Request.Post(server, path, contentType == "application/json" ? Bodies.Array(events) : Bodies.Lines(events), contentType);
        }).ToArray();
        return (connection, n) => all[(connection + n) % all.Length];
    }
}
