using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>A topic with many subscribers, and one server for these tests.</summary>
public sealed class ManySubscribers : IAsyncLifetime
{
    /// <summary>The topic.</summary>
    public const string Topic = "everyone-else";

    /// <summary>How many are subscribed; 100,000 take a minute more.</summary>
    public static readonly int Count =
        int.TryParse(Environment.GetEnvironmentVariable("NOTIFICATIONS_TEST_SUBSCRIBERS"), out var count) ? count : 20_000;

    private ServerProcess? _server;

    /// <summary>The server.</summary>
    public ServerProcess Server => _server!;

    /// <summary>The subscriber who comes last in every order.</summary>
    public static string Last => Name(Count - 1);

    /// <summary>The id of a subscriber.</summary>
    public static string Name(int i) => $"s{i:000000}";

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        _server = await ServerProcess.StartAsync();
        await Parallel.ForAsync(
            0, Count, new ParallelOptions { MaxDegreeOfParallelism = 64 }, async (i, _) => await _server.Api.SubscribeAsync(Topic, Name(i)));
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>An event to more users than one transaction takes.</summary>
public sealed class FanOutTests(ManySubscribers subscribers, ITestOutputHelper output) : IClassFixture<ManySubscribers>
{
    private ServerProcess Server => subscribers.Server;

    [Fact]
    public async Task Others_overtake_a_fan_out_and_events_of_its_ordering_key_wait_for_it()
    {
        using var me = await Server.Api.AsUserAsync(ManySubscribers.Last);
        await using var client = await HubClient.ConnectAsync(Server.Address, await Server.Api.TokenAsync(ManySubscribers.Last));
        var user = "user:" + ManySubscribers.Last;
        await Server.Api.PublishAsync(new { type = "t", to = new[] { "topic:" + ManySubscribers.Topic }, title = "to many", orderingKey = "k" });
        await Server.Api.PublishAsync(new { type = "t", to = new[] { user }, title = "behind it", orderingKey = "k" });
        await Server.Api.PublishAsync(new { type = "t", to = new[] { user }, title = "to one" });
        await client.WaitForNotificationsAsync(3);

        Assert.Equal(["to one", "to many", "behind it"], client.Notifications.Select(i => i.Title));
        Assert.Equal(["behind it", "to many", "to one"], (await me.InboxOfAsync(3)).Take(3).Select(i => i.Title));
    }

    [Fact]
    public async Task A_fan_out_goes_on_after_a_crash_and_reaches_each_subscriber_once()
    {
        for (var attempt = 1; ; attempt++)
        {
            var id = await Server.Api.PublishAsync(new
            {
                type = "t",
                to = new[] { "topic:" + ManySubscribers.Topic, "user:" + ManySubscribers.Name(7), "user:somebody-else" },
                title = $"attempt {attempt}",
            });
            var moment = Random.Shared.Next(ManySubscribers.Count / 2);
            await Until.TrueAsync("the fan-out begins", () => Task.FromResult(Reached(id) > moment));
            await Server.KillAsync();
            var reached = Reached(id);
            output.WriteLine($"killed when {reached} of {ManySubscribers.Count} had it");
            await Server.StartAgainAsync();
            await Until.TrueAsync("the fan-out ends", () => Task.FromResult(Reached(id) > ManySubscribers.Count), TimeSpan.FromMinutes(3));
            await using (var client = await HubClient.ConnectAsync(Server.Address, await Server.Api.TokenAsync(ManySubscribers.Last)))
            {
                await client.WaitForAsync<Notification>(n => n.Item.EventId == id);
            }

            await Server.StopAsync();
            var rows = DataFile.Rows(
                Server.DataFolder, "SELECT user_id, COUNT(*) FROM inbox WHERE event_id = $id GROUP BY user_id",
                r => (User: r.GetString(0), Times: r.GetInt64(1)), ("$id", DataFile.EventId(id)));
            var gaps = DataFile.Number(
                Server.DataFolder,
                "SELECT COUNT(*) FROM heads h WHERE h.counter <> (SELECT COUNT(*) FROM inbox i WHERE i.tenant = h.tenant AND i.user_id = h.user_id) OR h.unseen <> h.counter");
            await Server.StartAgainAsync();

            Assert.Equal(
                [.. Enumerable.Range(0, ManySubscribers.Count).Select(ManySubscribers.Name), "somebody-else"],
                rows.Select(r => r.User).Order(StringComparer.Ordinal));
            Assert.All(rows, r => Assert.Equal(1, r.Times));
            Assert.Equal(0, gaps);
            if (reached < ManySubscribers.Count)
            {
                return; // It was in the middle, which is what this is about; otherwise once more.
            }

            Assert.True(attempt < 10, "The fan-out was never caught in the middle.");
        }

        long Reached(string id) => DataFile.Number(
            Server.DataFolder, "SELECT COUNT(*) FROM inbox WHERE event_id = $id", ("$id", DataFile.EventId(id)));
    }
}
