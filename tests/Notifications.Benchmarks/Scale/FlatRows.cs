using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>Latency and processor time beside users who are registered, and beside connections, that have nothing to do with the events.</summary>
internal static class FlatRows
{
    private const int Idle = 5_000 - FlatLoad.Connected;
    private const string Redis = "Redis", Postgres = "PostgreSQL";

    /// <summary>A million registered beside a thousand.</summary>
    public static Measure Registered { get; } = new(
        "flat-registered", FlatLoad.Rows("flat-registered", $"{AllRegistered.Many:#,0} registered beside {AllRegistered.Few:#,0}"), OpenRegisteredAsync)
    {
        WarmUps = 2,
    };

    /// <summary>Thousands connected beside those alone to whom the events go.</summary>
    public static Measure Connections { get; } = new(
        "flat-connections", FlatLoad.Rows("flat-connections", $"{Idle + FlatLoad.Connected:#,0} connections beside {FlatLoad.Connected}"), OpenConnectionsAsync)
    {
        WarmUps = 2,
    };

    private static async Task<Sides> OpenRegisteredAsync()
    {
        const string Large = "large", Small = "small";
        var twins = await Twins.StartAsync();
        var (many, large) = await ConnectAsync(Large, AllRegistered.Many);
        var (few, small) = await ConnectAsync(Small, AllRegistered.Few);
        return new Sides
        {
            Ours = turn => large.MeasureAsync(turn, Large, Redis, Postgres),
            Floor = turn => small.MeasureAsync(turn, Small, Redis, Postgres),
            Processes = [(Large, () => [many.Id]), (Small, () => [few.Id]), .. twins.Processes],
        }.Owning(twins, large, small);

        async Task<(ServerProcess Server, FlatLoad Load)> ConnectAsync(string service, int registered)
        {
            var server = await AllRegistered.AddServiceAsync(twins, service, registered);
            return (server, await FlatLoad.ConnectAsync(server, i => Seed.Registered(i * (registered / FlatLoad.Connected))));
        }
    }

    private static async Task<Sides> OpenConnectionsAsync()
    {
        const string Service = "service";
        Clients.NeedConnections(Idle + FlatLoad.Connected);
        var service = await Benchmarks.Service.StartAsync();
        var tokens = await service.TokensAsync(Idle, i => $"idle{i}");
        var load = await FlatLoad.ConnectAsync(service.Gateway, i => $"busy{i}");
        return new Sides
        {
            Ours = async turn =>
            {
                await using var idle = new Swarm();
                await idle.ConnectAsync(Idle, i => service.Hub(tokens[i]));
                await Task.Delay(Clients.Rest, TimeProvider.System);
                return await load.MeasureAsync(turn, Service, Redis, Postgres);
            },
            Floor = async turn =>
            {
                await Task.Delay(Clients.Rest, TimeProvider.System); // Those who were connected in the turn before have gone.
                return await load.MeasureAsync(turn, Service, Redis, Postgres);
            },
            Processes = service.Processes,
        }.Owning(service, load);
    }
}
