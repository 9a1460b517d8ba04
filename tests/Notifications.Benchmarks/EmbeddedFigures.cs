using System.Diagnostics;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>What one process with SQLite does; each figure is that of a new process on a new data folder.</summary>
internal static class EmbeddedFigures
{
    private static readonly ServerOptions Options = new()
    {
        DataRoot = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "figures")).FullName, // On a disk, which a temporary folder may not be.
    };

    /// <summary>Measures and prints; about two minutes.</summary>
    /// <returns>Whether everything was measured.</returns>
    public static async Task<bool> PrintAsync()
    {
        var table = new Table("Embedded engine (SQLite)");
        table.Add("machine", $"{Table.Machine}; one fsync {Table.Fsync(Options.DataRoot):0.00} ms");
        await table.TryAsync("start to ready", async () => table.Add("start to ready", await StartUpAsync()));
        await MeasureAsync("accepted, single posts, 64 connections", async target =>
            (await Load.AcceptAsync(target, "single", connections: 64, batch: 1, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10))).ToString());
        await MeasureAsync("accepted, batches of 100, 8 connections", async target =>
            (await Load.AcceptAsync(target, "batch", connections: 8, batch: 100, TimeSpan.FromSeconds(3), TimeSpan.FromSeconds(10))).ToString());
        await MeasureAsync("post to client, idle service", Load.OneAtATimeAsync);
        await MeasureAsync("post to client, 1,000 events/s, 200 clients", target =>
            PacedLoad.MeasureAsync(target, "paced", clients: 200, perSecond: 1_000, TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(20)));
        await MeasureAsync("catching up 10,000 missed notifications", target => Load.CatchUpAsync(target, missed: 10_000));
        await MeasureAsync("memory (RSS) with 1,000 idle connections", async target =>
            (await Load.IdleConnectionsAsync(target.Api, target.Ingest, connections: 1_000)).ToString());
        table.Print();
        return table.IsComplete;

        Task MeasureAsync(string what, Func<Target, Task<string>> measure) => table.TryAsync(what, async () =>
        {
            await using var server = await ServerProcess.StartAsync(Options);
            table.Add(what, await measure(new Target(server)));
        });
    }

    private static async Task<string> StartUpAsync()
    {
        var started = Stopwatch.GetTimestamp();
        await using var server = await ServerProcess.StartAsync(Options);
        var first = Stopwatch.GetElapsedTime(started);
        var again = new List<TimeSpan>();
        for (var i = 0; i < 5; i++)
        {
            await server.StopAsync();
            started = Stopwatch.GetTimestamp();
            await server.StartAgainAsync();
            again.Add(Stopwatch.GetElapsedTime(started));
        }

        return $"{first.TotalMilliseconds:0} ms with a new data folder, then {again.Order().ElementAt(2).TotalMilliseconds:0} ms (median of 5)";
    }
}
