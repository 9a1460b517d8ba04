using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Stats;
using Notifications.Storage;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Stats;

public sealed class StatsApiTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/v1/streams")]
    [InlineData("/v1/stats")]
    public async Task Only_who_may_view_sees_them(string path)
    {
        await using var host = await TestHost.StartAsync(_folder.Info);
        (await host.GetAsync(path, null)).ShouldBeProblem(401, "unauthorized");
        (await host.GetAsync(path, (await host.MakeKeyAsync([Scopes.EventsWrite, Scopes.Operate])).Key)).ShouldBeProblem(403, "forbidden");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync(path, (await host.MakeKeyAsync([Scopes.View])).Key)).Status);
    }

    [Fact]
    public async Task The_embedded_engine_is_one_node_that_writes_nothing_of_itself()
    {
        await using var host = await TestHost.StartAsync(_folder.Info, settings: [("Notifications:Node", "only")]);
        var stats = (await host.GetAsync("/v1/stats")).Json;

        var node = Assert.Single(stats.GetProperty("nodes").EnumerateArray());
        Assert.Equal("only", node.GetProperty("id").GetString());
        Assert.Equal(["gateway", "ingest", "dispatch", "channels", "jobs"], node.GetProperty("roles").EnumerateArray().Select(r => r.GetString()!));
        Assert.Equal(host.Client.BaseAddress!.GetLeftPart(UriPartial.Authority), node.GetProperty("address").GetString());
        Assert.NotEmpty(node.GetProperty("version").GetString()!);
        Assert.True(node.GetProperty("startedAt").GetDateTimeOffset() <= node.GetProperty("seenAt").GetDateTimeOffset());
        Assert.Equal(JsonValueKind.Null, stats.GetProperty("log").GetProperty("oldestUncommittedAgeMs").ValueKind);
        Assert.Empty(await host.Get<Store>().NodesAsync());
    }

    [Fact]
    public async Task The_server_engine_shows_every_node_that_runs()
    {
        await using var host = await TestHost.StartAsync(_folder.Info, replace: services => services
            .AddSingleton(new Node("this", Roles.Ingest | Roles.Jobs, EngineKind.Server)).AddHostedService<Membership>());
        var store = host.Get<Store>();
        var other = new NodeEntry(
            "other", "gateway", "http://other:8080", "9", DateTimeOffset.UnixEpoch,
            """{"connections":7,"users":5,"rates":{"pushedPerSecond":2.5}}"""u8.ToArray());
        await store.HeartbeatAsync(other, Membership.Lifetime);
        await store.HeartbeatAsync(other with { Id = "strange", Stats = "\"of another kind\""u8.ToArray() }, Membership.Lifetime);
        await store.HeartbeatAsync(other with { Id = "dead" }, TimeSpan.FromSeconds(-1));

        var stats = await UntilAsync(host, s => Ids(s).Contains("this"));
        Assert.Equal(["other", "strange", "this"], Ids(stats));
        var nodes = stats.GetProperty("nodes").EnumerateArray().ToDictionary(n => n.GetProperty("id").GetString()!);
        Assert.Equal(["ingest", "jobs"], nodes["this"].GetProperty("roles").EnumerateArray().Select(r => r.GetString()!));
        Assert.Equal(host.Client.BaseAddress!.GetLeftPart(UriPartial.Authority), nodes["this"].GetProperty("address").GetString());
        Assert.Equal(7, nodes["other"].GetProperty("connections").GetInt32());
        Assert.Equal(2.5, nodes["other"].GetProperty("rates").GetProperty("pushedPerSecond").GetDouble());
        Assert.Equal(0, nodes["strange"].GetProperty("connections").GetInt32());
        Assert.Equal("1970-01-01T00:00:00.000Z", nodes["other"].GetProperty("startedAt").GetString());

        var totals = stats.GetProperty("totals");
        Assert.Equal((7, 5), (totals.GetProperty("connections").GetInt32(), totals.GetProperty("users").GetInt32()));
        Assert.True(totals.GetProperty("rates").GetProperty("pushedPerSecond").GetDouble() >= 2.5);

        await host.App.StopAsync();
        Assert.DoesNotContain("this", (await store.NodesAsync()).Select(n => n.Id)); // It said that it ends.
    }

    [Fact]
    public async Task Every_partition_is_listed_with_its_owner_and_what_waits()
    {
        await using var host = await TestHost.StartAsync(_folder.Info, settings: [("Notifications:Log:Partitions", "2"), ("Notifications:Log:CriticalPartitions", "1")]);
        await host.PostAsync("/v1/events", """{"type":"t","to":["user:ann"],"title":"x","priority":"critical"}""");

        var watch = Stopwatch.StartNew();
        List<JsonElement> streams;
        do
        {
            var page = (await host.GetAsync("/v1/streams")).Json;
            Assert.Equal(JsonValueKind.Null, page.GetProperty("nextCursor").ValueKind);
            streams = [.. page.GetProperty("data").EnumerateArray()];
            Assert.True(watch.Elapsed < Patience, $"still: {page}");
        }
        while (streams[2].GetProperty("length").GetInt64() == 0 || streams[2].GetProperty("lag").GetInt64() != 0);

        Assert.Equal([0, 1, 2], streams.Select(s => s.GetProperty("partition").GetInt32()));
        Assert.Equal(["normal", "normal", "critical"], streams.Select(s => s.GetProperty("class").GetString()!));
        Assert.All(streams, s => Assert.NotEmpty(s.GetProperty("owner").GetString()!));
        Assert.All(streams, s => Assert.Equal(1, s.GetProperty("epoch").GetInt64()));
        Assert.All(streams, s => Assert.Equal(JsonValueKind.Null, s.GetProperty("leaseExpiresAt").ValueKind));
        Assert.Equal([0L, 0, 1], streams.Select(s => s.GetProperty("length").GetInt64()));
        Assert.All(streams, s => Assert.Equal(JsonValueKind.Null, s.GetProperty("oldestUncommittedAgeMs").ValueKind));
    }

    [Theory]
    [InlineData("http://[::]:8080", "http://box:8080")]
    [InlineData("http://0.0.0.0:8080/", "http://box:8080")]
    [InlineData("https://*:443", "https://box:443")]
    [InlineData("http://127.0.0.1:5000", "http://127.0.0.1:5000")]
    public void An_address_of_all_interfaces_is_shown_with_the_machines_name(string address, string shown) =>
        Assert.Equal(shown, LocalNode.Reachable(address, "box"));

    private static List<string> Ids(JsonElement stats) => [.. stats.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("id").GetString()!)];

    private static async Task<JsonElement> UntilAsync(TestHost host, Func<JsonElement, bool> condition)
    {
        var watch = Stopwatch.StartNew();
        while (true)
        {
            var stats = (await host.GetAsync("/v1/stats")).Json;
            if (condition(stats))
            {
                return stats;
            }

            Assert.True(watch.Elapsed < Patience, $"still: {stats}");
        }
    }
}
