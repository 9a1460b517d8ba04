using System.Diagnostics;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>Events to everyone, where many more are registered than connected.</summary>
internal static class AllRegistered
{
    /// <summary>How many are registered in the large service and in the small one.</summary>
    public const int Many = 1_000_000, Few = 1_000;

    private const int Connected = 1_000, Outstanding = 4;

    /// <summary>Beside the same with as many registered as are connected.</summary>
    public static Measure Measure { get; } = new(
        "all-registered", $"events to `all` with {Connected:#,0} connected, {Many:#,0} registered beside {Few:#,0}, received", "notifications/s",
        Goal.AtLeast(0.9), OpenAsync)
    {
        WarmUps = 3,
    };

    /// <summary>A service with so many registered users.</summary>
    public static async Task<ServerProcess> AddServiceAsync(Twins twins, string service, int registered)
    {
        var process = await twins.AddServiceAsync(service);
        await twins.Seed(service, process).RegisterAsync(registered);
        return process;
    }

    private static async Task<Sides> OpenAsync()
    {
        var twins = await Twins.StartAsync();
        var large = await AddServiceAsync(twins, "large", Many);
        var small = await AddServiceAsync(twins, "small", Few);
        var (many, few) = (await ConnectAsync(large, Many), await ConnectAsync(small, Few));
        return new Sides
        {
            Ours = async turn => [await PerSecondAsync(turn, large, many)],
            Floor = async turn => [await PerSecondAsync(turn, small, few)],
            Processes = [("large", () => [large.Id]), ("small", () => [small.Id]), .. twins.Processes],
        }.Owning(twins, many, few);
    }

    private static async Task<Swarm> ConnectAsync(ServerProcess server, int registered)
    {
        var tokens = await Clients.TokensAsync(server.Api, Connected, i => Seed.Registered(i * (registered / Connected)));
        var swarm = new Swarm();
        await swarm.ConnectAsync(Connected, i => Clients.Hub(server, tokens[i]));
        return swarm;
    }

    private static async Task<double> PerSecondAsync(Turn turn, ServerProcess server, Swarm swarm)
    {
        var request = Request.Post(server.Address, "/v1/events", Bodies.Event("all", 0));
        using var connection = await RawConnection.OpenAsync(server.Address);
        var expected = swarm.Received;
        await SendAsync(Turn.RampUp);
        turn.Begin();
        var (before, started) = (swarm.Received, Stopwatch.GetTimestamp());
        await SendAsync(Turn.Length);
        var rate = (swarm.Received - before) / Stopwatch.GetElapsedTime(started).TotalSeconds;
        turn.End();
        await swarm.ReceivedAsync(expected);
        return rate;

        async Task SendAsync(TimeSpan time)
        {
            for (var end = Stopwatch.GetTimestamp() + (long)(time.TotalSeconds * Stopwatch.Frequency); Stopwatch.GetTimestamp() < end;)
            {
                await connection.SendAsync(request.Bytes);
                expected += Connected;
                await swarm.ReceivedAsync(expected - ((Outstanding - 1) * Connected));
            }
        }
    }
}
