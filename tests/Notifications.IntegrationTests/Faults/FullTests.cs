using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>No room: callers are told so, and what was accepted is stored all the same.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class FullTests(ITestOutputHelper output)
{
    private static readonly ClusterOptions Two = new() { Nodes = [("front", "gateway,ingest"), ("back", "dispatch,channels,jobs")] };

    [Fact]
    public async Task A_Redis_without_memory()
    {
        await using var cluster = await Cluster.StartAsync(Two);
        await using var load = await Load.StartAsync(cluster);
        await load.CatchUpAsync();
        await cluster.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "1mb");
        await RefusedAsync(load);
        await cluster.Redis.CommandAsync("CONFIG", "SET", "maxmemory", "0");
        await load.GoOnAsync(1);
        await load.CatchUpAsync();
        await load.FinishAsync("Redis at maxmemory", output.WriteLine, $"{load.Producer.Refusals} refused");
    }

    [Fact]
    public async Task A_log_at_its_limit()
    {
        await using var cluster = await Cluster.StartAsync(
            Two with { Settings = new Dictionary<string, string> { ["Notifications__Log__LimitBytes"] = $"{1 << 20}" } });
        await using var load = await Load.StartAsync(cluster);
        await load.CatchUpAsync();
        await cluster["back"].Server.StopAsync();
        await RefusedAsync(load);
        var answer = await cluster.Api.PostAsync("/v1/events", new { type = "t", to = new[] { "user:nobody" }, title = new string('x', 400) });
        if (answer.Status != 202) // It may be of a partition that has room.
        {
            Assert.Equal((503, "log_full"), (answer.Status, answer.Code));
            Assert.NotNull(answer.Headers.RetryAfter);
        }

        await cluster["back"].Server.StartAgainAsync();
        await load.GoOnAsync(1);
        await load.CatchUpAsync();
        await load.FinishAsync("the log at its limit", output.WriteLine, $"{load.Producer.Refusals} refused");
    }

    [Fact]
    public async Task A_PostgreSQL_whose_disk_is_full()
    {
        await using var disk = await SmallDisk.MountAsync(megabytes: 130);
        if (disk is null)
        {
            output.WriteLine("Skipped: mounting a small disk needs root.");
            return;
        }

        await using var cluster = await Cluster.StartAsync(Two with
        {
            Postgres = new PostgresOptions
            {
                DataRoot = disk.Path,
                Settings = new Dictionary<string, string> { ["max_wal_size"] = "48MB", ["min_wal_size"] = "32MB", ["shared_buffers"] = "16MB" },
            },
        });
        await using var load = await Load.StartAsync(cluster);
        await load.CatchUpAsync();
        disk.Fill();
        var shown = load.Shown;
        await load.GoOnAsync(FaultScale.Pick(4, 20)); // The log takes them.
        disk.Free();
        if (!cluster.Postgres.IsRunning)
        {
            await cluster.Postgres.StartAgainAsync(); // It ends itself where it cannot write its own log.
        }

        await load.CatchUpAsync();
        await load.FinishAsync("PostgreSQL's disk full", output.WriteLine, $"{load.Shown - shown} events since");
    }

    /// <summary>Waits until nothing more is accepted and callers hear why.</summary>
    private static async Task RefusedAsync(Load load)
    {
        var refusals = load.Producer.Refusals;
        await Until.TrueAsync("callers hear 503", () => Task.FromResult(load.Producer.Refusals > refusals + 100));
    }
}
