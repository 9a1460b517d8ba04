using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Entries of the log that cannot become events: they are put aside with their reason, and their neighbours do not notice.</summary>
public sealed class PoisonTests
{
    private const int Users = 8;

    [Fact]
    public async Task What_cannot_be_delivered_is_put_aside_and_everything_around_it_arrives()
    {
        await using var server = await ServerProcess.StartAsync();
        await server.StopAsync();

        // In every partition: no event at all, one of a version to come, and an id that the store will refuse.
        var partitions = DataFile.Rows(server.DataFolder, "SELECT id FROM partitions ORDER BY id", r => r.GetInt64(0));
        foreach (var partition in partitions)
        {
            foreach (var payload in new[] { "no JSON", """{"v":99,"to":["user:u0"]}""" })
            {
                DataFile.Rows(
                    server.DataFolder,
                    "INSERT INTO log (partition, tenant, source, event_id, appended_at, payload) VALUES ($p, 'default', '', randomblob(16), 0, CAST($t AS BLOB)) RETURNING id",
                    r => r.GetInt64(0), ("$p", partition), ("$t", payload));
            }
        }

        DataFile.Rows(
            server.DataFolder,
            "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.external_id LIKE 'poison%' BEGIN SELECT RAISE(ABORT, 'refused'); END", r => 0);
        await server.StartAgainAsync();

        // Batches, so that what is refused stands in one transaction with others.
        var events = Enumerable.Range(0, 40 * Users).Select(i => new
        {
            id = i % 17 == 3 ? $"poison {i}" : $"good {i}",
            type = "t",
            to = new[] { $"user:u{i % Users}" },
            title = $"{i}",
        }).ToArray();
        (await server.Api.PostAsync("/v1/events/batch", events)).Expect(202);

        for (var user = 0; user < Users; user++)
        {
            var expected = events.Where((e, i) => i % Users == user && e.id.StartsWith("good", StringComparison.Ordinal)).Select(e => e.title).ToArray();
            using var me = await server.Api.AsUserAsync($"u{user}");
            Assert.Equal(expected, (await me.InboxOfAsync(expected.Length)).OrderBy(i => i.Seq).Select(i => i.Title));
        }

        (await server.Api.GetAsync("/health/ready")).Expect(200);
        var expectedDead = new Dictionary<string, int>
        {
            ["malformed"] = partitions.Count,
            ["unknown_version"] = partitions.Count,
            ["refused_by_store"] = events.Count(e => e.id.StartsWith("poison", StringComparison.Ordinal)),
        };
        var dead = await Until.ValueAsync("dead letters", () => Task.FromResult(Dead(server)), d => d.Values.Sum() == expectedDead.Values.Sum());
        Assert.Equal(expectedDead, dead);
    }

    private static Dictionary<string, int> Dead(ServerProcess server) =>
        DataFile.Rows(server.DataFolder, "SELECT reason, COUNT(*) FROM dead_letters GROUP BY reason", r => (r.GetString(0), r.GetInt32(1))).ToDictionary();
}
