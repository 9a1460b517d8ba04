using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Nodes that only send, on the server engine, which are killed one after the other.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
public sealed class KilledChannelsTests
{
    [Fact]
    public async Task What_a_killed_node_had_claimed_is_sent_by_another()
    {
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var cluster = await Cluster.StartAsync(new ClusterOptions
        {
            Nodes = [("main", "ingest,gateway,dispatch,jobs"), ("channels1", "channels"), ("channels2", "channels")],
            Settings = receiver.Settings,
        });
        (await cluster.Api.PostAsync("/v1/webhooks", new { url = receiver.Url })).Expect(201);
        var events = new List<string>();

        // A node has to be missed before what it held is taken over, and each of these goes alone.
        var patience = 3 * Until.Limit;
        for (var kill = 0; kill < 2; kill++)
        {
            var slow = new TaskCompletionSource();
            receiver.Answer = _ => new WebhookAnswer { Gate = slow.Task };
            var before = receiver.Begun;
            for (var i = 0; i < 50; i++)
            {
                events.Add(await cluster.Api.PublishAsync(new { type = "t", to = new[] { $"user:u{i}" }, title = $"{kill}.{i}" }));
            }

            // Both have some under way; one of them dies with them.
            await Until.TrueAsync("requests to be under way", () => Task.FromResult(receiver.Begun >= before + 10));
            var node = cluster[kill == 0 ? "channels1" : "channels2"];
            await node.Server.KillAsync();
            receiver.Answer = _ => new WebhookAnswer();
            slow.SetResult();
            await node.Server.StartAgainAsync();
        }

        await receiver.WaitAsync("every event", all => all.Select(r => r.Data.GetProperty("eventId").GetString()).Distinct().Count() == events.Count, patience);
        foreach (var id in events)
        {
            await Until.ValueAsync(
                $"{id} to be settled", () => cluster.Api.GetAsync($"/v1/events/{id}"),
                a => a.Status == 200 && a.Json.GetProperty("deliveries")[0].GetProperty("state").GetString() == "sent");
        }

        Assert.All(receiver.Received.GroupBy(r => r.Data.GetProperty("eventId").GetString()), same => Assert.Single(same.Select(r => r.Id).Distinct()));
    }
}
