namespace Notifications.Benchmarks;

/// <summary>
/// From the post to connected clients: events that were accepted, durable, in the inbox and received, beside a bare hub that stores nothing. What is under
/// way is bounded, so that the rate is that of the slowest step. Every turn ends when everything that was posted has arrived.
/// </summary>
internal static class DeliveryRows
{
    private const int Clients = 1_000;
    private const int EventsUnderWay = 4;
    private const string Topic = "bench";

    private static readonly (int Connections, int Batch, int UnderWay) Single = (64, 1, 2_000), Batches = (8, 100, 5_000);

    /// <summary>The lines of an engine.</summary>
    /// <param name="start">Starts a service that does everything in one process.</param>
    public static IEnumerable<Measure> Of(Func<Task<Service>> start) =>
    [
        EndToEnd("end-to-end", "posted one by one", start, Single),
        EndToEnd("end-to-end-batch", "posted in batches of 100", start, Batches),
    ];

    /// <summary>One event to many.</summary>
    /// <param name="start">Starts a service that does everything in one process.</param>
    /// <param name="insert">Whether raw inserts of the inbox rows are a floor too.</param>
    public static Measure ToTopic(Func<Task<Service>> start, bool insert)
    {
        List<Row> rows =
        [
            new("topic-1000", "one event to 1,000 connected subscribers, 4 events under way; floor: a bare hub, Clients.All", "notifications/s", Goal.AtLeast(0.4)),
        ];
        if (insert)
        {
            rows.Add(new("topic-1000-insert", "the same; floor: PostgreSQL taking the same inbox rows, 1,000 in each transaction", "rows/s", Goal.AtLeast(0.8)));
        }

        return new Measure("topic-1000", rows, async () =>
        {
            var service = await start();
            var floor = await FloorProcess.StartAsync();
            var ours = await service.ConnectAsync(Clients, User);
            var lines = string.Join('\n', Enumerable.Range(0, Clients).Select(u => $$"""{"userId":"{{User(u)}}"}"""));
            (await service.Api.SendTextAsync(HttpMethod.Post, $"/v1/topics/{Topic}/subscriptions/import", lines, "application/x-ndjson")).Expect(200);
            var bare = await ConnectBareAsync(floor);
            var inserts = insert ? await InsertFloor.OpenAsync(service.Cluster!, Clients) : null;
            return new Sides
            {
                Ours = async turn =>
                {
                    var perSecond = await TopicAsync(turn, service.Ingest.Address, "/v1/events", ours);
                    return insert ? [perSecond, perSecond] : [perSecond];
                },
                Floor = async turn =>
                {
                    var inserted = inserts is null ? 0 : await inserts.MeasureAsync();
                    var perSecond = await TopicAsync(turn, floor.Address, "/all", bare);
                    return insert ? [perSecond, inserted] : [perSecond];
                },
                Processes = [.. service.Processes, (Turn.Floor, () => [floor.Id])],
            }.Owning([service, floor, ours, bare, .. inserts is null ? [] : new IAsyncDisposable[] { inserts }]);
        });
    }

    private static Measure EndToEnd(string id, string how, Func<Task<Service>> start, (int Connections, int Batch, int UnderWay) load) => new(
        id,
        [
            new Row(id, $"{how}, stored, and received by one of 1,000 clients, one process; floor: a bare hub, Clients.User", "notifications/s", Goal.AtLeast(0.75)),
            new Row(id + "-cpu", "processor time for each of them, all processes but the generator", "µs", Goal.None),
        ],
        async () =>
        {
            var service = await start();
            var floor = await FloorProcess.StartAsync();
            var ours = await service.ConnectAsync(Clients, User);
            var bare = await ConnectBareAsync(floor);
            var (path, barePath) = load.Batch == 1 ? ("/v1/events", "/user") : ("/v1/events/batch", "/users");
            return new Sides
            {
                Ours = turn => EndToEndAsync(turn, service.Ingest.Address, path, ours, load),
                Floor = turn => EndToEndAsync(turn, floor.Address, barePath, bare, load),
                Processes = [.. service.Processes, (Turn.Floor, () => [floor.Id])],
            }.Owning(service, floor, ours, bare);
        });

    private static async Task<double[]> EndToEndAsync(Turn turn, Uri server, string path, Swarm swarm, (int Connections, int Batch, int UnderWay) load)
    {
        var before = swarm.Received;
        var posts = new PostLoad(server, load.Connections, Requests(server, path, load.Batch))
        {
            IsTooMuch = sent => (sent * load.Batch) - (swarm.Received - before) >= load.UnderWay,
        };
        var perSecond = await posts.MeasureAsync(turn, () => swarm.Received);
        await swarm.ReceivedAsync(before + (posts.Answered * load.Batch));
        var cpu = path.StartsWith("/v1/", StringComparison.Ordinal) ? turn.CpuWithout(Turn.Floor) : turn.Cpu[Turn.Floor];
        return [perSecond, 1e6 * cpu / (perSecond * turn.Took.TotalSeconds)];
    }

    private static async Task<double> TopicAsync(Turn turn, Uri server, string path, Swarm swarm)
    {
        var before = swarm.Received;
        var request = Request.Post(server, path, Bodies.Event("topic:" + Topic, 1));
        var posts = new PostLoad(server, EventsUnderWay, (_, _) => request)
        {
            IsTooMuch = sent => (sent * Clients) - (swarm.Received - before) > (EventsUnderWay - 1) * Clients,
        };
        var perSecond = await posts.MeasureAsync(turn, () => swarm.Received);
        await swarm.ReceivedAsync(before + (posts.Answered * Clients));
        return perSecond;
    }

    private static async Task<Swarm> ConnectBareAsync(FloorProcess floor)
    {
        var swarm = new Swarm();
        await swarm.ConnectAsync(Clients, u => floor.Hub(User(u)));
        return swarm;
    }

    private static string User(int number) => $"u{number}";

    /// <summary>Events to all clients in turn, prepared once.</summary>
    private static Func<int, long, Request> Requests(Uri server, string path, int batch)
    {
        var all = Enumerable.Range(0, Clients / batch).Select(b =>
        {
            var events = Enumerable.Range(b * batch, batch).Select(u => Bodies.Event("user:" + User(u), u)).ToList();
            return Request.Post(server, path, batch == 1 ? events[0] : Bodies.Array(events));
        }).ToArray();
        return (connection, n) => all[(connection + (n * 7)) % all.Length];
    }
}
