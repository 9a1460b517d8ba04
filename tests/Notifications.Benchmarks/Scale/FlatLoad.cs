using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>
/// The same small load on a service that has much and on one that has little: what an event takes must not depend on what is stored, registered or
/// connected beside it.
/// </summary>
internal sealed class FlatLoad : IAsyncDisposable
{
    /// <summary>How many users are connected to whom events go.</summary>
    public const int Connected = 100;

    private const int PerSecond = 500;

    private readonly Arrivals _arrivals = new();
    private readonly ServerProcess _server;
    private readonly Swarm _clients;
    private readonly Func<int, string> _user;

    private FlatLoad(ServerProcess server, Func<int, string> user)
    {
        (_server, _user) = (server, user);
        _clients = new Swarm(_arrivals.Take);
    }

    /// <summary>The lines of the table that it makes: half of the latencies, all but one in a hundred, and processor time.</summary>
    /// <param name="id">What their names begin with.</param>
    /// <param name="what">Which much is beside which little.</param>
    public static Row[] Rows(string id, string what) =>
    [
        new(id + "-p50", $"{PerSecond} events/s to {Connected} clients, {what}: median latency", "ms", Goal.Between(0.8, 1.25)),
        new(id + "-p99", $"the same, {what}: 99 of 100", "ms", Goal.Between(0.8, 1.25)),
        new(id + "-cpu", $"the same, {what}: processor time of service, Redis and PostgreSQL for each event", "µs", Goal.Between(0.8, 1.25)),
    ];

    /// <summary>Connects the clients.</summary>
    /// <param name="server">To which process, which does everything.</param>
    /// <param name="user">Who each is.</param>
    /// <param name="after">The position in each user's log to go on from.</param>
    public static async Task<FlatLoad> ConnectAsync(ServerProcess server, Func<int, string> user, long after = 0)
    {
        var load = new FlatLoad(server, user);
        var tokens = await Clients.TokensAsync(server.Api, Connected, user);
        await load._clients.ConnectAsync(Connected, i => Clients.Hub(server, tokens[i], after));
        return load;
    }

    /// <summary>Measures once.</summary>
    /// <param name="turn">Begins and ends with what counts.</param>
    /// <param name="processes">Whose processor time counts.</param>
    /// <returns>One value for each of <see cref="Rows"/>.</returns>
    public async Task<double[]> MeasureAsync(Turn turn, params IEnumerable<string> processes)
    {
        var (p50, p99) = await PacedLoad.MeasureAsync(
            turn, _arrivals, _server.Address, PerSecond, Connected,
            i => Request.Post(_server.Address, "/v1/events", Bodies.Event("user:" + _user(i), i, due: Request.Digits)));
        var cpu = processes.Sum(name => turn.Cpu[name]) / (PerSecond * turn.Took.TotalSeconds);
        return [p50, p99, cpu * 1_000_000];
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _clients.DisposeAsync();
}
