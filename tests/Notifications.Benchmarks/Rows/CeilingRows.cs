namespace Notifications.Benchmarks;

/// <summary>What the generator itself can do, with nothing behind it: figures near these are the generator's, not those of what is measured.</summary>
internal static class CeilingRows
{
    private const int Posters = 64, Clients = 1_000;

    /// <summary>The lines.</summary>
    public static IEnumerable<Measure> All =>
    [
        new(
            "ceiling-post",
            [
                new Row("ceiling-post", "what the generator posts to an endpoint that does nothing, 64 connections", "requests/s", Goal.None),
                new Row("ceiling-post-core", "the same for each second of processor time of the generator", "requests/s", Goal.None),
            ],
            async () =>
            {
                var floor = await FloorProcess.StartAsync();
                var request = Request.Post(floor.Address, "/nothing", Bodies.Event("user:u1", 1));
                return new Sides
                {
                    Ours = async turn =>
                    {
                        var perSecond = await new PostLoad(floor.Address, Posters, (_, _) => request).MeasureAsync(turn);
                        return [perSecond, PerCore(perSecond, turn)];
                    },
                    Processes = [("endpoint", () => [floor.Id])],
                }.Owning(floor);
            }),
        new(
            "ceiling-swarm",
            [
                new Row("ceiling-swarm", "what 1,000 clients take in from a socket that sends them prepared notifications, one at a time", "notifications/s", Goal.None),
                new Row("ceiling-swarm-core", "the same for each second of processor time of the generator", "notifications/s", Goal.None),
            ],
            async () =>
            {
                var floor = await FloorProcess.StartAsync();
                return new Sides
                {
                    Ours = async turn =>
                    {
                        await using var swarm = new Swarm();
                        await swarm.ConnectAsync(Clients, _ => floor.BlastAddress);
                        await Task.Delay(Turn.RampUp, TimeProvider.System);
                        turn.Begin();
                        var before = swarm.Received;
                        await Task.Delay(Turn.Length, TimeProvider.System);
                        var received = swarm.Received - before;
                        turn.End();
                        var perSecond = received / turn.Took.TotalSeconds;
                        return [perSecond, PerCore(perSecond, turn)];
                    },
                    Processes = [("sender", () => [floor.Id])],
                }.Owning(floor);
            }),
    ];

    private static double PerCore(double perSecond, Turn turn) => perSecond * turn.Took.TotalSeconds / turn.Cpu[Turn.Generator];
}
