using System.Diagnostics;
using System.Globalization;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>
/// What the service does with Redis and PostgreSQL, set as they have to be (every write is on the disk before it is answered): first as one process
/// that does everything, then as processes of each role. All of them, and the generator, share this machine.
/// </summary>
internal static class ServerFigures
{
    private static readonly TimeSpan WarmUp = TimeSpan.FromSeconds(3), Short = TimeSpan.FromSeconds(6), Long = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Settle = TimeSpan.FromSeconds(5), Idle = TimeSpan.FromSeconds(15);

    /// <summary>Measures and prints; about five minutes.</summary>
    /// <returns>Whether everything was measured.</returns>
    public static async Task<bool> PrintAsync()
    {
        var table = new Table("Server engine (Redis and PostgreSQL)");
        await table.TryAsync("one process", () => OneProcessAsync(table));
        await table.TryAsync("processes of each role", () => ManyProcessesAsync(table));
        table.Print();
        return table.IsComplete;
    }

    private static async Task OneProcessAsync(Table table)
    {
        const string Shape = "one process: ";
        await using var cluster = await Cluster.StartAsync();
        table.Add("machine", await DescribeMachineAsync(cluster), "fsync: where Redis and PostgreSQL have their data; load: how much else ran before, 0 is best");
        await table.TryAsync(Shape + "idle", async () =>
        {
            var idle = await IdleAsync(cluster);
            table.Add(Shape + "idle", $"{idle.Percent["one"]:0.0} % of a core; {idle.Servers}", "the price of doing nothing: heartbeats, leases, jobs");
        });
        await ThroughputAsync(table, Shape, new Target(cluster["one"].Server));
    }

    private static async Task ManyProcessesAsync(Table table)
    {
        const string Shape = "roles split: ";
        await using var cluster = await Cluster.StartAsync(new ClusterOptions
        {
            Nodes =
            [
                ("ingest", "ingest"), ("gateway1", "gateway"), ("gateway2", "gateway"),
                ("dispatch1", "dispatch,channels,jobs"), ("dispatch2", "dispatch,channels,jobs"),
            ],
        });
        var target = new Target(
            cluster["ingest"].Server, [cluster["gateway1"].Server, cluster["gateway2"].Server], [.. cluster.Nodes.Select(n => n.Server)]);
        await table.TryAsync(Shape + "idle", async () =>
        {
            var idle = await IdleAsync(cluster);
            table.Add(
                Shape + "idle",
                $"gateway {idle.Percent["gateway1"]:0.0} %, ingest {idle.Percent["ingest"]:0.0} %, dispatcher {idle.Percent["dispatch1"]:0.0} % of a core; {idle.Servers}",
                "2 gateways, 1 ingest node, 2 dispatchers; Redis and PostgreSQL serve all five");
        });
        await ThroughputAsync(table, Shape, target);
        await table.TryAsync("memory", async () =>
        {
            var gateway = await cluster.AddAsync("gateway3", "gateway");
            var idle = await Load.IdleConnectionsAsync(target.Api, gateway.Server, connections: 1_000);
            table.Add(
                Shape + "memory (RSS) of a gateway with 1,000 idle connections", idle.ToString(),
                $"a new gateway, each connection another user; with them it idles at {100 * idle.Cores:0.0} % of a core");
            await gateway.Server.StopAsync();
        });
        await table.TryAsync("catch-up", async () => table.Add(
            Shape + "catching up 10,000 missed notifications", await Load.CatchUpAsync(target, missed: 10_000),
            "one client, from connecting to the last of them"));

        var faults = new ServerFaults(cluster, target);
        await table.TryAsync("fan-out", async () => table.Add(
            Shape + "one event to 100,000 subscribers", await faults.FanOutAsync(subscribers: 100_000),
            "until the last inbox has it; the others are single events, 50 a second, sent meanwhile"));
        await table.TryAsync("SIGTERM", async () => table.Add(
            Shape + "SIGTERM to one of 2 dispatchers", await faults.HandOverAsync(3, server => server.StopAsync()),
            "a rolling restart, longest of 3: all partitions with the other one (meant to be under 1 s); the longest that an event took"));
        await table.TryAsync("SIGKILL", async () => table.Add(
            Shape + "SIGKILL to one of 2 dispatchers", await faults.HandOverAsync(2, server => server.KillAsync()),
            "a crash, longest of 2: its leases have to run out (meant to be at most 15 s); events wait, none is lost"));
        await table.TryAsync("reconnect", async () => table.Add(
            Shape + "2,000 clients lose their gateway", await faults.StormAsync(clients: 2_000),
            "SIGKILL; all go to the other gateway at once, without the random delay of real clients, and each has missed an event"));
    }

    private static async Task ThroughputAsync(Table table, string shape, Target target)
    {
        await table.TryAsync("latency", async () => table.Add(
            shape + "post to client, idle service", await Load.OneAtATimeAsync(target), "the shortest way through: log, dispatcher, inbox, doorbell, client"));
        foreach (var (name, connections, batch) in new[] { ("single posts, 64 connections", 64, 1), ("batches of 100, 8 connections", 8, 100) })
        {
            await table.TryAsync(name, async () =>
            {
                var accepted = await Load.AcceptAsync(target, $"accept{batch}", connections, batch, WarmUp, Short);
                table.Add(
                    $"{shape}accepted, {name}", accepted.ToString(),
                    "202: on Redis' disk; what is accepted faster than it is stored waits in the log");
            });
        }

        foreach (var rate in new[] { 1_000, 2_000 })
        {
            var what = $"{shape}post to client, {rate:#,0} events/s, 200 clients";
            await table.TryAsync(what, async () => table.Add(
                what, await PacedLoad.MeasureAsync(target, $"paced{rate}", clients: 200, rate, WarmUp, Long),
                "from when the event was due to be sent until its client has it"));
        }
    }

    private static async Task<string> DescribeMachineAsync(Cluster cluster)
    {
        var folder = Path.GetTempPath();
        var redis = Line(await cluster.Redis.CommandAsync("INFO", "server"), "redis_version");
        var postgres = (await cluster.Postgres.RowsAsync(Cluster.Database, "SHOW server_version", r => r.GetString(0)))[0];
        var load = File.Exists("/proc/loadavg") ? (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0] : "unknown";
        var disk = new DriveInfo(folder).DriveFormat is "tmpfs" ? "IN MEMORY, set TMPDIR to a folder on a disk" : $"{Table.Fsync(folder):0.00} ms";
        return $"{Table.Machine}; Redis {redis}, PostgreSQL {postgres.Split(' ')[0]}; one fsync {disk}; load {load}";
    }

    /// <summary>What all of it does while nobody wants anything: percents of a core by process, and what that means for the servers.</summary>
    private static async Task<(Dictionary<string, double> Percent, string Servers)> IdleAsync(Cluster cluster)
    {
        await Task.Delay(Settle, TimeProvider.System);
        var before = cluster.Nodes.ToDictionary(n => n.Name, n => n.Server.ProcessorTime);
        var (redis, postgres) = (await CommandsAsync(), await TransactionsAsync());
        var started = Stopwatch.GetTimestamp();
        await Task.Delay(Idle, TimeProvider.System);
        var took = Stopwatch.GetElapsedTime(started);
        var percent = cluster.Nodes.ToDictionary(n => n.Name, n => 100 * (n.Server.ProcessorTime - before[n.Name]) / took);
        redis = await CommandsAsync() - redis;
        postgres = await TransactionsAsync() - postgres;
        return (percent, $"Redis {redis / took.TotalSeconds:0.0} commands/s, PostgreSQL {postgres / took.TotalSeconds:0.0} transactions/s");

        async Task<long> CommandsAsync() =>
            long.Parse(Line(await cluster.Redis.CommandAsync("INFO", "stats"), "total_commands_processed"), CultureInfo.InvariantCulture);

        // Asked in another database, so that the question does not count.
        Task<long> TransactionsAsync() => cluster.Postgres.NumberAsync(
            "postgres", "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = $1", Cluster.Database);
    }

    private static string Line(object? info, string name) =>
        ((string)info!).Split('\n').First(l => l.StartsWith(name + ":", StringComparison.Ordinal))[(name.Length + 1)..].Trim();
}
