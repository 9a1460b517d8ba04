namespace Notifications.Benchmarks.Scale;

/// <summary>What a connection costs on which nothing happens: resident bytes of a process that has just been started, with and without them.</summary>
internal static class Memory
{
    private const int Count = 2_000, First = 50;
    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(2), Idle = TimeSpan.FromSeconds(12);

    /// <summary>A gateway beside a bare hub.</summary>
    public static Measure Measure { get; } = new(
        "memory", $"resident memory of each of {Count:#,0} idle connections, a gateway beside a bare hub", "KiB", Goal.AtMost(1.2), OpenAsync)
    {
        WarmUps = 1,
    };

    private static async Task<Sides> OpenAsync()
    {
        const string Service = "memory";
        Clients.NeedConnections(Count);
        var twins = await Twins.StartAsync();
        var rest = await twins.AddServiceAsync(Service, "ingest,dispatch,channels,jobs");
        var tokens = await Clients.TokensAsync(rest.Api, Count, i => $"idle{i}");
        var started = 0;
        return new Sides
        {
            Ours = async _ =>
            {
                var gateway = await twins.AddProcessAsync(Service, $"gateway{++started}", "gateway");
                var each = await EachAsync(() => gateway.ResidentBytes, i => Clients.Hub(gateway, tokens[i]));
                await twins.RemoveAsync(gateway);
                return [each];
            },
            Floor = async _ =>
            {
                await using var floor = await FloorProcess.StartAsync();
                return [await EachAsync(() => floor.ResidentBytes, i => floor.Hub($"idle{i}"))];
            },
        }.Owning(twins);
    }

    private static async Task<double> EachAsync(Func<long> resident, Func<int, Uri> address)
    {
        await using (var first = new Swarm())
        {
            await first.ConnectAsync(First, address); // What only the first ones cost is not what each costs.
        }

        await Task.Delay(Rest, TimeProvider.System);
        var before = resident();
        await using var swarm = new Swarm();
        await swarm.ConnectAsync(Count, address);
        await Task.Delay(Idle, TimeProvider.System); // Every client has pinged in the meantime.
        return (resident() - before) / 1024.0 / Count;
    }
}
