using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Events to <c>all</c>.</summary>
public sealed class BroadcastTests
{
    [Fact]
    public async Task All_reaches_the_connected_at_once_and_the_others_when_they_come_and_writes_no_row_for_those_who_do_not()
    {
        const int Offline = 500;
        const int Connected = 20;
        await using var server = await ServerProcess.StartAsync();
        (await server.Api.PostAsync(
            "/v1/events/batch", Enumerable.Range(0, Offline).Select(i => new { type = "t", to = new[] { $"user:offline-{i}" }, title = "known" }))).Expect(202);
        var clients = await Task.WhenAll(Enumerable.Range(0, Connected).Select(async i =>
            await HubClient.ConnectAsync(server.Address, await server.Api.TokenAsync($"connected-{i}"))));
        using (var last = await server.Api.AsUserAsync($"offline-{Offline - 1}"))
        {
            await last.InboxOfAsync(1);
        }

        // Connected means that its head exists: it has an answer.
        foreach (var client in clients)
        {
            await client.AckAsync(0);
        }

        var id = await server.Api.PublishAsync(new { type = "t", to = new[] { "all" }, title = "to all" });
        foreach (var client in clients)
        {
            var item = (await client.WaitForNotificationsAsync(1))[0];
            Assert.Equal((id, 1L), (item.EventId, item.Seq));
        }

        Assert.Equal(Connected, Rows(id));

        // One comes back, one only reads, one reads after a crash.
        await using var back = await HubClient.ConnectAsync(server.Address, await server.Api.TokenAsync("offline-0"));
        Assert.Equal(["known", "to all"], (await back.WaitForNotificationsAsync(2)).Select(i => i.Title));
        using var reader = await server.Api.AsUserAsync("offline-1");
        Assert.Equal(["to all", "known"], (await reader.InboxAsync()).Items.Select(i => i.Title));
        Assert.Equal(new Counts(2, 2), (await reader.InboxAsync()).Counts);
        await server.KillAndRestartAsync();
        using var late = await server.Api.AsUserAsync("offline-2");
        Assert.Equal(["known", "to all"], (await late.SyncAsync()).Items.Select(i => i.Title));
        using var again = await server.Api.AsUserAsync("offline-0");
        Assert.Equal(["to all", "known"], (await again.InboxAsync()).Items.Select(i => i.Title));
        Assert.Equal(Connected + 3, Rows(id));

        // Who was not there then does not get it now.
        using var newcomer = await server.Api.AsUserAsync("newcomer");
        Assert.Empty((await newcomer.InboxAsync()).Items);

        // Counts and actions include what has not been taken yet.
        using var acting = await server.Api.AsUserAsync("offline-3");
        Assert.Equal(2, (await acting.PostAsync("/v1/me/inbox/actions", new { action = "read", filter = new { } })).Expect(200).Json.GetProperty("updated").GetInt32());
        foreach (var client in clients)
        {
            await client.DisposeAsync();
        }

        long Rows(string eventId) => DataFile.Number(
            server.DataFolder, "SELECT COUNT(*) FROM inbox WHERE event_id = $id", ("$id", DataFile.EventId(eventId)));
    }

    [Fact]
    public async Task Many_broadcasts_and_single_events_come_once_each_to_those_who_come_and_go()
    {
        const int Broadcasts = 300;
        await using var server = await ServerProcess.StartAsync();
        var users = Enumerable.Range(0, 6).Select(i => new TestUser(server, $"u{i}", (ClientKind)(i % 3), i)).ToList();
        var tokens = await Task.WhenAll(users.Select(u => server.Api.TokenAsync(u.Name)));
        foreach (var user in users)
        {
            await server.Api.PublishAsync(user.Name, "hello");
        }

        foreach (var token in tokens)
        {
            using var me = server.Api.As(token);
            await me.InboxOfAsync(1);
        }

        var visits = users.Zip(tokens, (user, token) => user.ComeAndGoAsync(token)).ToList();
        var ids = new HashSet<string>();
        for (var i = 0; i < Broadcasts; i++)
        {
            ids.Add(await server.Api.PublishAsync(new { type = "t", to = new[] { "all" }, title = $"{i}" }));
            await server.Api.PublishAsync(users[i % users.Count].Name, $"own {i}");
            if (i == Broadcasts / 2)
            {
                await server.KillAndRestartAsync();
            }
        }

        users.ForEach(u => u.Stay());
        await Task.WhenAll(visits);
        foreach (var (user, token) in users.Zip(tokens))
        {
            const int Own = 1 + (Broadcasts / 6);
            await Until.TrueAsync($"all shown to {user.Name}", () => Task.FromResult(user.Known >= Broadcasts + Own));
            await user.LeaveAsync();
            using var me = server.Api.As(token);
            var log = (await me.InboxAsync()).Items.OrderBy(i => i.Seq).ToList();
            Assert.Equal(Broadcasts + Own, log.Count);
            Assert.Superset(ids, log.Select(i => i.EventId).ToHashSet());
            Assert.Empty(user.Faults);
            Assert.Empty(user.Compare(log));
        }
    }
}
