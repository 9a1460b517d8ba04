using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Entries in Redis that cannot become events: they are put aside with their reason, and their neighbours do not notice.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class ServerPoisonTests(FaultCluster fixture) : IAsyncLifetime
{
    private Cluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => fixture.MendAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Fact]
    public async Task What_somebody_else_wrote_into_the_streams_is_put_aside_and_everything_around_it_arrives()
    {
        const int Users = 8;
        await PublishAsync("before", Users);
        var before = await DeadAsync();
        var streams = await StreamsAsync();
        Assert.NotEmpty(streams);
        var id = Enumerable.Range(1, 16).Aggregate("", (text, i) => text + (char)i);
        foreach (var stream in streams)
        {
            await Cluster.Redis.CommandAsync("XADD", stream, "*", "who", "knows"); // no entry of ours
            await Cluster.Redis.CommandAsync("XADD", stream, "*", "i", id, "t", "default", "d", "no JSON");
            await Cluster.Redis.CommandAsync("XADD", stream, "*", "i", id, "t", "default", "d", """{"v":99,"to":["user:u0"]}""");
        }

        await PublishAsync("after", Users);
        for (var user = 0; user < Users; user++)
        {
            using var me = await Cluster["ingest1"].Server.Api.AsUserAsync($"poison-u{user}");
            using var gateway = Cluster["gateway1"].Server.Api.As(await Cluster.Api.TokenAsync($"poison-u{user}"));
            var list = await gateway.InboxOfAsync(20);
            Assert.Equal(20, list.Count);
            Assert.Equal(list.OrderBy(i => i.Seq).Select(i => i.EventId), list.OrderBy(i => i.Seq).Select(i => i.EventId).Distinct());
        }

        var expected = new Dictionary<string, int> { ["malformed"] = 2 * streams.Count, ["unknown_version"] = streams.Count };
        var dead = await Until.ValueAsync("dead letters", async () => Minus(await DeadAsync(), before), d => d.Values.Sum() >= expected.Values.Sum());
        Assert.Equal(expected, dead);
    }

    private static Dictionary<string, int> Minus(Dictionary<string, int> now, Dictionary<string, int> before) =>
        now.Select(d => (d.Key, Count: d.Value - before.GetValueOrDefault(d.Key))).Where(d => d.Count > 0).ToDictionary();

    private async Task PublishAsync(string title, int users) => (await Cluster.Api.PostAsync(
        "/v1/events/batch",
        Enumerable.Range(0, users * 10).Select(i => new { type = "t", to = new[] { $"user:poison-u{i % users}" }, title = $"{title} {i}" }))).Expect(202);

    private async Task<List<string>> StreamsAsync()
    {
        var keys = (List<object?>)(await Cluster.Redis.CommandAsync("KEYS", "ntf:*"))!;
        var streams = new List<string>();
        foreach (var key in keys.Cast<string>())
        {
            if (await Cluster.Redis.CommandAsync("TYPE", key) is "stream")
            {
                streams.Add(key);
            }
        }

        return streams;
    }

    private async Task<Dictionary<string, int>> DeadAsync() => (await Cluster.Postgres.RowsAsync(
        Cluster.Database, "SELECT reason, count(*)::int FROM dead_letters GROUP BY reason", r => (r.GetString(0), r.GetInt32(1)))).ToDictionary();
}
