namespace Notifications.Benchmarks;

/// <summary>How long events take from when they were due to be sent until their client has them, at a fixed rate, beside a bare hub.</summary>
internal static class LatencyRows
{
    private const int Clients = 200;

    /// <summary>The lines of an engine.</summary>
    /// <param name="start">Starts a service that does everything in one process.</param>
    public static IEnumerable<Measure> Of(Func<Task<Service>> start) => new[] { 2_000, 500 }.Select(rate => At(rate, start));

    /// <summary>The lines at a rate.</summary>
    private static Measure At(int perSecond, Func<Task<Service>> start)
    {
        var id = $"latency-{perSecond}";
        var what = $"from the post to the client at {perSecond:#,0} events/s, 200 clients, one process; floor: a bare hub";
        return new Measure(
            id,
            [new Row(id + "-p50", $"p50 {what}", "ms", Goal.Within(3, "ms")), new Row(id + "-p99", $"p99 {what}", "ms", Goal.Within(10, "ms"))],
            async () =>
            {
                var (service, arrivals) = (await start(), new Arrivals());
                var floor = await FloorProcess.StartAsync();
                var ours = await service.ConnectAsync(Clients, User, arrivals.Take);
                var bare = new Swarm(arrivals.Take);
                await bare.ConnectAsync(Clients, u => floor.Hub(User(u)));
                return new Sides
                {
                    Ours = turn => MeasureAsync(turn, service.Ingest.Address, "/v1/events"),
                    Floor = turn => MeasureAsync(turn, floor.Address, "/user"),
                    Processes = [.. service.Processes, (Turn.Floor, () => [floor.Id])],
                }.Owning(service, floor, ours, bare);

                async Task<double[]> MeasureAsync(Turn turn, Uri server, string path)
                {
                    var (p50, p99) = await PacedLoad.MeasureAsync(turn, arrivals, server, perSecond, Clients, Event);
                    return [p50, p99];

                    Request Event(int client) => Request.Post(server, path, Bodies.Event("user:" + User(client), client, due: Request.Digits));
                }
            });
    }

    private static string User(int number) => $"u{number}";
}
