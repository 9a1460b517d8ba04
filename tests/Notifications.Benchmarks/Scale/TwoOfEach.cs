using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>
/// What more processes cost: two dispatchers and two gateways beside one of each. On a machine with few cores they cannot be faster, but must not do more
/// work for the same events.
/// </summary>
internal static class TwoOfEach
{
    private const int Connected = 1_000, Senders = 64, MostUnderWay = 2_000;
    private const string Ingest = "ingest";

    /// <summary>Events for each second of processor time of all processes of the service, and for each second.</summary>
    public static Measure Measure { get; } = new(
        "two-of-each",
        [
            new Row(
                "two-of-each",
                $"end to end to {Connected:#,0} connected, two dispatchers and two gateways beside one of each, for each processor second of the service",
                "events", Goal.AtLeast(1)),
            new Row("two-of-each-rate", "the same, events as they went by; all processes share these processors", "events/s", Goal.None),
        ],
        OpenAsync)
    {
        WarmUps = 4,
    };

    private static async Task<Sides> OpenAsync()
    {
        var twins = await Twins.StartAsync();
        var two = await ServiceAsync(twins, "two", 2);
        var one = await ServiceAsync(twins, "one", 1);
        return new Sides
        {
            Ours = turn => MeasureAsync(turn, two),
            Floor = turn => MeasureAsync(turn, one),
            Processes =
            [
                .. new[] { two, one }.Select(s => (s.Name, (Func<IEnumerable<int>>)(() => s.Processes.Select(p => p.Id)))),
                .. twins.Processes,
            ],
        }.Owning(twins, two.Clients, one.Clients);
    }

    private static async Task<Shape> ServiceAsync(Twins twins, string name, int ofEach)
    {
        List<ServerProcess> processes = [await twins.AddServiceAsync(name, Ingest)];
        for (var i = 0; i < 2 * ofEach; i++)
        {
            var role = i < ofEach ? "gateway" : "dispatch";
            processes.Add(await twins.AddProcessAsync(name, $"{name}-{role}{i}", role));
        }

        var tokens = await Clients.TokensAsync(processes[0].Api, Connected, User);
        var clients = new Swarm();
        await clients.ConnectAsync(Connected, i => Clients.Hub(processes[1 + (i % ofEach)], tokens[i]));
        return new Shape(name, processes, clients);
    }

    private static string User(int number) => $"u{number}";

    private static async Task<double[]> MeasureAsync(Turn turn, Shape service)
    {
        var server = service.Processes[0].Address;
        var requests = Enumerable.Range(0, Connected).Select(i => Request.Post(server, "/v1/events", Bodies.Event("user:" + User(i), i))).ToArray();
        var before = service.Clients.Received;
        var load = new PostLoad(server, Senders, (connection, n) => requests[(connection + (n * Senders)) % Connected])
        {
            IsTooMuch = sent => sent - (service.Clients.Received - before) > MostUnderWay,
        };
        var perSecond = await load.MeasureAsync(turn, () => service.Clients.Received);
        await service.Clients.ReceivedAsync(before + load.Answered);
        return [perSecond * turn.Took.TotalSeconds / turn.Cpu[service.Name], perSecond];
    }

    private sealed record Shape(string Name, IReadOnlyList<ServerProcess> Processes, Swarm Clients);
}
