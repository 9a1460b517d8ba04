using System.Diagnostics;
using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Processes of a cluster end, by force or in order, under load: nothing is lost, repeated or out of order.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class KilledNodeTests(FaultCluster fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private static readonly int Times = FaultScale.Pick(2, 5);

    private Cluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => fixture.MendAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("dispatch")]
    [InlineData("gateway")]
    [InlineData("ingest")]
    public Task Killed_nodes(string role) => RepeatAsync($"SIGKILL {role} nodes", async (load, round) =>
    {
        var node = Cluster[$"{role}{(round % 2) + 1}"];
        await node.Server.KillAsync();
        await load.GoOnAsync(0.5);
        await node.Server.StartAgainAsync();
    });

    [Fact]
    public Task A_killed_Redis() => RepeatAsync("SIGKILL redis-server", async (_, _) =>
    {
        await Cluster.Redis.KillAsync();
        await Cluster.Redis.StartAgainAsync();
    });

    [Fact]
    public Task A_killed_PostgreSQL() => RepeatAsync("SIGKILL postgres (the whole cluster)", async (load, _) =>
    {
        await Cluster.Postgres.KillAsync();
        await load.GoOnAsync(0.5); // What takes events does not need it.
        await Cluster.Postgres.StartAgainAsync();
    });

    [Fact]
    public async Task Every_node_restarted_in_turn()
    {
        await using var load = await Load.StartAsync(Cluster);
        foreach (var node in Cluster.Nodes)
        {
            await load.GoOnAsync(0.5);
            Assert.Equal(0, await node.Server.StopAsync());
            await node.Server.StartAgainAsync();
        }

        await load.CatchUpAsync();
        await load.FinishAsync("SIGTERM, every node in turn", output.WriteLine);
    }

    [Fact]
    public async Task Dispatchers_that_were_down_drain_faster_than_producers_fill()
    {
        await using var load = await Load.StartAsync(Cluster);
        await load.CatchUpAsync();
        foreach (var node in Cluster.With("dispatch"))
        {
            await node.Server.StopAsync();
        }

        var before = load.Shown;
        await load.GoOnAsync(FaultScale.Pick(3, 30));
        var waiting = load.Producer.Deliveries - load.Shown;
        Assert.True(load.Shown - before < waiting, "Somebody dispatched.");
        await Task.WhenAll(Cluster.With("dispatch").Select(n => n.Server.StartAgainAsync()));
        var started = Stopwatch.GetTimestamp();

        // While producers go on.
        await load.CatchUpAsync();
        await load.FinishAsync(
            "dispatchers down for a while", output.WriteLine,
            $"{waiting:#,##0} waited; all shown {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s after the restart");
    }

    private async Task RepeatAsync(string fault, Func<Load, int, Task> cause)
    {
        await using var load = await Load.StartAsync(Cluster);
        var started = Stopwatch.GetTimestamp();
        var round = 0;
        while (round < Times || Stopwatch.GetElapsedTime(started) < FaultScale.Duration)
        {
            await load.GoOnAsync(1);
            await cause(load, round++);
            await load.CatchUpAsync();
        }

        await load.FinishAsync($"{fault}, {round} times", output.WriteLine);
    }
}
