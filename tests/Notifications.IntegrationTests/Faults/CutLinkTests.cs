using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Networks that break, fall silent and get slow.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class CutLinkTests(FaultCluster fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private Cluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => fixture.MendAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("Redis", false)]
    [InlineData("Redis", true)]
    [InlineData("PostgreSQL", false)]
    [InlineData("PostgreSQL", true)]
    public async Task Each_node_in_turn_loses_a_server(string server, bool silently)
    {
        await using var load = await Load.StartAsync(Cluster);
        foreach (var node in Cluster.Nodes)
        {
            var link = server == "Redis" ? node.Redis! : node.Postgres!;
            if (silently)
            {
                link.BlackHole();
            }
            else
            {
                link.Cut();
            }

            // The others take over what it did.
            await load.GoOnAsync(FaultScale.Pick(1, 10));
            link.Restore();
            await load.CatchUpAsync();
        }

        await load.FinishAsync($"node–{server} {(silently ? "silent" : "cut")}, every node in turn", output.WriteLine);
    }

    [Fact]
    public async Task Slow_links_cost_time_and_nothing_else()
    {
        await using var load = await Load.StartAsync(Cluster);
        foreach (var node in Cluster.Nodes)
        {
            node.Redis!.DelayToServer = node.Redis.DelayToClient = TimeSpan.FromMilliseconds(20);
            node.Postgres!.DelayToServer = node.Postgres.DelayToClient = TimeSpan.FromMilliseconds(5);
        }

        await load.GoOnAsync(FaultScale.Pick(3, 30));
        await fixture.MendAsync();
        await load.CatchUpAsync();
        await load.FinishAsync("links 40 ms (Redis), 10 ms (PostgreSQL) slow", output.WriteLine);
    }

    [Fact]
    public async Task Clients_lose_their_gateway()
    {
        var links = Cluster.With("gateway").Select(n => TcpProxy.Start(n.Server.Address.Port)).ToList();
        await using var load = await Load.StartAsync(
            Cluster, new LoadOptions { Gateways = [.. links.Select(l => new UriBuilder("http", "127.0.0.1", l.Port).Uri)] });
        for (var round = 0; round < FaultScale.Pick(2, 20); round++)
        {
            await load.GoOnAsync(1);
            links[round % 2].Cut();
            await load.GoOnAsync(0.5);
            links[round % 2].Restore();
            links[1 - (round % 2)].BlackHole();
            await load.GoOnAsync(0.5);
            links[1 - (round % 2)].Restore();
            links.ForEach(l => l.Drop());
            await load.CatchUpAsync();
        }

        await load.FinishAsync("client–gateway cut, silent, dropped", output.WriteLine);
        foreach (var link in links)
        {
            await link.DisposeAsync();
        }
    }
}
