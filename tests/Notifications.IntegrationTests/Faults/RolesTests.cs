using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>What processes of different roles serve, when they are in rotation, and what they know of each other.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class RolesTests(FaultCluster fixture) : IAsyncLifetime
{
    private Cluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => fixture.MendAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task Each_node_serves_what_its_roles_are_and_says_where_the_rest_is()
    {
        var token = await Cluster.Api.TokenAsync("ann");
        foreach (var (name, path, own, elsewhere) in new[]
        {
            ("ingest1", "/v1/topics", true, ""), ("ingest1", "/v1/me/inbox", false, "gateway"), ("ingest1", "/hubs/notifications", false, "gateway"),
            ("gateway1", "/v1/topics", false, "ingest"), ("gateway1", "/v1/me/inbox", true, ""), ("gateway1", "/v1/streams", false, "ingest"),
            ("dispatch1", "/v1/topics", false, "ingest"), ("dispatch1", "/v1/me/inbox", false, "gateway"),
        })
        {
            using var caller = path.StartsWith("/v1/me", StringComparison.Ordinal) ? Cluster[name].Server.Api.As(token) : Cluster[name].Server.Api.As(ServerProcess.DevelopmentKey);
            var answer = await caller.GetAsync(path);
            Assert.True(answer.Status == (own ? 200 : 404), $"{name} {path}: {answer}");
            if (!own)
            {
                Assert.EndsWith($"ask one that serves {elsewhere}.", answer.Json.GetProperty("detail").GetString(), StringComparison.Ordinal);
            }
        }

        Assert.Equal(
            (await Cluster["ingest1"].Server.Api.GetAsync("/openapi/v1.json")).Expect(200).Text,
            (await Cluster["dispatch1"].Server.Api.GetAsync("/openapi/v1.json")).Expect(200).Text);
    }

    [Fact]
    public async Task Without_Redis_gateways_stay_in_rotation_and_without_PostgreSQL_ingest_nodes_do()
    {
        Cluster.Redis.Freeze();
        await Task.WhenAll(ReadyAsync("gateway1", true), ReadyAsync("dispatch1", true), ReadyAsync("ingest1", false, "log"));
        Cluster.Redis.Thaw();
        await ReadyAsync("ingest1", true);

        Cluster.Postgres.Freeze();
        await Task.WhenAll(ReadyAsync("gateway1", false, "store"), ReadyAsync("dispatch1", false, "store"), ReadyAsync("ingest1", true));
        Cluster.Postgres.Thaw();
        await Task.WhenAll(ReadyAsync("gateway1", true), ReadyAsync("dispatch1", true));
    }

    [Fact]
    public async Task Every_node_knows_of_those_that_run_and_what_they_work_on()
    {
        var all = Cluster.Nodes.Select(n => n.Name).Order(StringComparer.Ordinal).ToArray();
        await NodesAsync(all);
        await Cluster["gateway2"].Server.StopAsync(); // It says so.
        await Cluster["dispatch2"].Server.KillAsync(); // It is missed after a while.
        var stats = await NodesAsync([.. all.Except(["gateway2", "dispatch2"])]);
        Assert.Equal(
            "dispatch,channels,jobs",
            string.Join(',', stats.GetProperty("nodes")[0].GetProperty("roles").EnumerateArray().Select(r => r.GetString())));

        var streams = await Until.ValueAsync(
            "one dispatcher with all partitions", StreamsAsync, s => s.All(stream => stream.GetProperty("owner").GetString() == "dispatch1"));
        Assert.Equal(Enumerable.Range(0, 20), streams.Select(s => s.GetProperty("partition").GetInt32()));
        Assert.Equal(4, streams.Count(s => s.GetProperty("class").GetString() == "critical"));
        Assert.All(streams, s => Assert.NotEqual(JsonValueKind.Null, s.GetProperty("leaseExpiresAt").ValueKind));
        await fixture.MendAsync();
        await NodesAsync(all);
    }

    [Fact]
    public async Task What_waits_is_counted_and_how_long_it_has_waited()
    {
        foreach (var node in Cluster.With("dispatch"))
        {
            node.Server.Freeze();
        }

        await Cluster.Api.PublishAsync(new { type = "t", to = new[] { "user:waiting" }, title = "x", data = new string('x', 1_000) });
        var stats = await Until.ValueAsync(
            "an event that waits", async () => (await Cluster.Api.GetAsync("/v1/stats")).Expect(200).Json,
            s => s.GetProperty("log").GetProperty("lag").GetInt64() == 1 && s.GetProperty("log").GetProperty("oldestUncommittedAgeMs").GetInt64() > 0);
        Assert.True(stats.GetProperty("log").GetProperty("lagBytes").GetInt64() > 1_000);
        Assert.Single(await StreamsAsync(), s => s.GetProperty("lag").GetInt64() == 1);

        await fixture.MendAsync();
        stats = await Until.ValueAsync(
            "nothing that waits", async () => (await Cluster.Api.GetAsync("/v1/stats")).Expect(200).Json,
            s => s.GetProperty("log").GetProperty("lag").GetInt64() == 0);
        Assert.Equal(JsonValueKind.Null, stats.GetProperty("log").GetProperty("oldestUncommittedAgeMs").ValueKind);
    }

    private async Task<List<JsonElement>> StreamsAsync() =>
        [.. (await Cluster.Api.GetAsync("/v1/streams")).Expect(200).Json.GetProperty("data").EnumerateArray()];

    private Task<JsonElement> NodesAsync(string[] names) => Until.ValueAsync(
        $"the nodes {string.Join(", ", names)}", async () => (await Cluster["ingest1"].Server.Api.GetAsync("/v1/stats")).Expect(200).Json,
        stats => stats.GetProperty("nodes").EnumerateArray().Select(n => n.GetProperty("id").GetString()).SequenceEqual(names));

    private Task<Answer> ReadyAsync(string name, bool ready, params string[] missing) => Until.ValueAsync(
        $"{name} {(ready ? "ready" : "not ready")}", () => Cluster[name].Server.Api.GetAsync("/health/ready"),
        answer => answer.Status == (ready ? 200 : 503) && answer.Json.GetProperty("notReady").EnumerateObject().Select(f => f.Name).SequenceEqual(missing));
}
