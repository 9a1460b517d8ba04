using System.Diagnostics;
using System.Globalization;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>What has no floor to be beside: starting, doing nothing, one event to very many, and what happens when a dispatcher goes.</summary>
internal static class Drills
{
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5), Idle = TimeSpan.FromSeconds(15);

    /// <summary>Measures and prints; about three minutes.</summary>
    /// <returns>Whether everything was measured.</returns>
    public static async Task<bool> PrintAsync()
    {
        var table = new Table("Drills");
        table.Add("machine", Machine.Line(await Machine.DescribeAsync(servers: true)));
        await table.TryAsync("embedded: start to ready", async () => table.Add("embedded: start to ready", await StartUpAsync()));
        await table.TryAsync("one process: idle", () => IdleAsync(table, "one process", [("one", "")]));
        await table.TryAsync("roles split", () => IdleAsync(
            table, "roles split",
            [
                ("ingest", "ingest"), ("gateway1", "gateway"), ("gateway2", "gateway"),
                ("dispatch1", "dispatch,channels,jobs"), ("dispatch2", "dispatch,channels,jobs"),
            ],
            async cluster =>
            {
                var faults = new DispatcherDrills(cluster);
                await table.TryAsync("fan-out", async () => table.Add(
                    "one event to 100,000 subscribers", await faults.FanOutAsync(subscribers: 100_000),
                    "until the last inbox has it; the others are single events, 50 a second, sent meanwhile"));
                await table.TryAsync("SIGTERM", async () => table.Add(
                    "SIGTERM to one of 2 dispatchers", await faults.HandOverAsync(3, server => server.StopAsync()),
                    "a rolling restart, longest of 3: all partitions with the other one (meant to be under 1 s); the longest that an event took"));
                await table.TryAsync("SIGKILL", async () => table.Add(
                    "SIGKILL to one of 2 dispatchers", await faults.HandOverAsync(2, server => server.KillAsync()),
                    "a crash, longest of 2: its leases have to run out (meant to be at most 15 s); events wait, none is lost"));
            }));
        table.Print();
        return table.IsComplete;
    }

    private static async Task<string> StartUpAsync()
    {
        var started = Stopwatch.GetTimestamp();
        await using var server = await ServerProcess.StartAsync(new ServerOptions { DataRoot = ServerData.Root });
        var first = Stopwatch.GetElapsedTime(started);
        var again = new List<double>();
        for (var i = 0; i < 5; i++)
        {
            await server.StopAsync();
            started = Stopwatch.GetTimestamp();
            await server.StartAgainAsync();
            again.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return $"{first.TotalMilliseconds:0} ms with a new data folder, then {Spread.Of(again).Median:0} ms (median of 5)";
    }

    /// <summary>What all of it does while nobody wants anything.</summary>
    private static async Task IdleAsync(Table table, string shape, IReadOnlyList<(string Name, string Roles)> nodes, Func<Cluster, Task>? then = null)
    {
        await using var cluster = await Cluster.StartAsync(new ClusterOptions { Nodes = nodes });
        await Task.Delay(Settle, TimeProvider.System);
        var before = cluster.Nodes.ToDictionary(n => n.Name, n => n.Server.ProcessorTime);
        var (redis, postgres) = (await CommandsAsync(), await TransactionsAsync());
        var started = Stopwatch.GetTimestamp();
        await Task.Delay(Idle, TimeProvider.System);
        var took = Stopwatch.GetElapsedTime(started);
        var percent = string.Join(", ", cluster.Nodes.Select(n => $"{n.Name} {100 * (n.Server.ProcessorTime - before[n.Name]) / took:0.0} %"));
        redis = await CommandsAsync() - redis;
        postgres = await TransactionsAsync() - postgres;
        table.Add(
            $"{shape}: idle", $"{percent} of a core; Redis {redis / took.TotalSeconds:0.0} commands/s, PostgreSQL {postgres / took.TotalSeconds:0.0} transactions/s",
            "the price of doing nothing: heartbeats, leases, jobs");
        await (then?.Invoke(cluster) ?? Task.CompletedTask);

        async Task<long> CommandsAsync()
        {
            const string Name = "total_commands_processed:";
            var line = ((string)(await cluster.Redis.CommandAsync("INFO", "stats"))!).Split('\n').First(l => l.StartsWith(Name, StringComparison.Ordinal));
            return long.Parse(line.AsSpan(Name.Length).Trim(), CultureInfo.InvariantCulture);
        }

        // Asked in another database, so that the question does not count.
        Task<long> TransactionsAsync() => cluster.Postgres.NumberAsync(
            "postgres", "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", Cluster.Database);
    }
}
