using System.Diagnostics;
using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Many clients, of which some behave badly, and all at once.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class CrowdTests(FaultCluster fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private Cluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => fixture.MendAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task A_client_that_stops_reading_holds_up_nobody_and_misses_nothing()
    {
        var gateway = Cluster["gateway1"].Server;
        await using var load = await Load.StartAsync(Cluster, new LoadOptions { Users = FaultScale.Pick(60, 100), Gateways = [gateway.Address] });
        var token = await Cluster.Api.TokenAsync("deaf");
        await using var deaf = await HubClient.ConnectAsync(gateway.Address, new HubOptions { Token = token, ReceiveBufferBytes = 4096 });
        deaf.StopReading();
        const int Large = 400;
        var body = new string('x', 8_000);
        for (var batch = 0; batch < Large / 50; batch++)
        {
            (await Cluster.Api.PostAsync(
                "/v1/events/batch", Enumerable.Range(0, 50).Select(i => new { type = "t", to = new[] { "user:deaf" }, title = $"{batch} {i}", body }))).Expect(202);
        }

        await load.GoOnAsync(FaultScale.Pick(3, 60));
        await load.CatchUpAsync();
        await deaf.DropAsync();
        await using var back = await HubClient.ConnectAsync(Cluster["gateway2"].Server.Address, token, after: "0");
        Assert.Equal(Enumerable.Range(1, Large).Select(i => (long)i), (await back.WaitForNotificationsAsync(Large)).Select(i => i.Seq));
        await load.FinishAsync("one client stops reading", output.WriteLine, $"{gateway.ResidentBytes >> 20} MiB resident");
    }

    [Fact]
    public async Task All_clients_come_back_at_once_and_catch_up()
    {
        var users = FaultScale.Pick(300, 2_000);
        await using var load = await Load.StartAsync(Cluster, new LoadOptions { Users = users });
        await load.CatchUpAsync();
        foreach (var node in Cluster.With("gateway"))
        {
            await node.Server.KillAsync();
        }

        await load.GoOnAsync(FaultScale.Pick(2, 10));
        var started = Stopwatch.GetTimestamp();
        await Task.WhenAll(Cluster.With("gateway").Select(n => n.Server.StartAgainAsync()));
        await load.CatchUpAsync();
        await load.FinishAsync(
            $"{users:#,##0} clients reconnect at once", output.WriteLine, $"all caught up {Stopwatch.GetElapsedTime(started).TotalSeconds:0.0} s after the gateways were started");
    }

    [Fact]
    public async Task Partitions_that_change_hands_keep_every_order()
    {
        var events = FaultScale.Pick(10_000, 200_000);
        if (Cluster.Nodes.All(n => n.Name != "dispatch3"))
        {
            await Cluster.AddAsync("dispatch3", "dispatch,channels,jobs");
        }

        await using var load = await Load.StartAsync(Cluster, new LoadOptions { Users = FaultScale.Pick(100, 500), Rate = FaultScale.Pick(600, 3_000), Batch = 10 });
        string[] dispatchers = ["dispatch1", "dispatch2", "dispatch3"];
        var handovers = 0;
        while (load.Producer.Count < events || handovers < 4)
        {
            var node = Cluster[dispatchers[handovers % 3]].Server;
            await load.AcceptMoreAsync(events / 12);
            if (handovers % 2 == 0)
            {
                await node.StopAsync();
            }
            else
            {
                await node.KillAsync();
            }

            await node.StartAgainAsync();
            handovers++;
        }

        await load.CatchUpAsync();
        await load.FinishAsync($"three dispatchers, {handovers} handovers", output.WriteLine);
        await Cluster["dispatch3"].Server.StopAsync();
    }
}
