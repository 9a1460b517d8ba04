using System.Net;
using System.Net.WebSockets;
using System.Text;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>What a client of the hub notices.</summary>
[Collection(SharedServer.Name)]
public sealed class HubTests(ServerFixture fixture)
{
    private Api Api => fixture.Server.Api;

    private Uri Server => fixture.Server.Address;

    [Fact]
    public async Task A_connected_user_gets_an_event_at_once_and_counts_with_it()
    {
        var user = fixture.NewUser();
        await using var client = await HubClient.ConnectAsync(Server, await Api.TokenAsync(user));
        var data = new { orderId = 42, nested = new { text = "ä\u00f6\U0001F600\"\\" } };
        var id = await Api.PublishAsync(new
        {
            id = "order-42/" + user,
            type = "order.shipped",
            to = new[] { "user:" + user },
            title = "Shipped",
            body = "It is on its way.",
            url = "https://example.com/orders/42",
            category = "orders",
            priority = "high",
            data,
        });

        var message = await client.WaitForAsync<Notification>();

        Assert.Equal((id, "Shipped", 1L, 1L), (message.Item.EventId, message.Item.Title, message.Item.Seq, message.Item.Rev));
        Assert.Equal(new Counts(1, 1), message.Counts);
        var json = message.Item.Json;
        Assert.Equal("order.shipped", json.GetProperty("type").GetString());
        Assert.Equal("It is on its way.", json.GetProperty("body").GetString());
        Assert.Equal("https://example.com/orders/42", json.GetProperty("url").GetString());
        Assert.Equal("orders", json.GetProperty("category").GetString());
        Assert.Equal("high", json.GetProperty("priority").GetString());
        Assert.Equal(42, json.GetProperty("data").GetProperty("orderId").GetInt32());
        Assert.Equal(data.nested.text, json.GetProperty("data").GetProperty("nested").GetProperty("text").GetString());
        Assert.StartsWith("ntf_", message.Item.Id, StringComparison.Ordinal);
        Assert.EndsWith("Z", json.GetProperty("createdAt").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_plain_client_gets_what_it_missed_first_and_in_order()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        await using (var before = await HubClient.ConnectAsync(Server, token, device: "laptop"))
        {
            await Api.PublishAsync(user, "first");
            var first = await before.WaitForAsync<Notification>();
            await before.AckAsync(first.Item.Rev);
        }

        for (var i = 0; i < 250; i++)
        {
            await Api.PublishAsync(user, $"missed {i}");
        }

        using var me = Api.As(token);
        await me.InboxOfAsync(251);
        await using var client = await HubClient.ConnectAsync(Server, token, device: "laptop");
        await Api.PublishAsync(user, "live");
        var items = await client.WaitForNotificationsAsync(251);

        Assert.Equal([.. Enumerable.Range(0, 250).Select(i => $"missed {i}"), "live"], items.Select(i => i.Title));
        Assert.Equal(Enumerable.Range(2, 251).Select(i => (long)i), items.Select(i => i.Seq));
    }

    [Fact]
    public async Task What_was_acknowledged_is_not_shown_again_and_what_was_not_is()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        for (var i = 1; i <= 5; i++)
        {
            await Api.PublishAsync(user, $"{i}");
        }

        await using (var first = await HubClient.ConnectAsync(Server, token, device: "phone"))
        {
            var items = await first.WaitForNotificationsAsync(5);
            await first.AckAsync(items[2].Rev);
            await first.DropAsync();
        }

        await using var again = await HubClient.ConnectAsync(Server, token, device: "phone");
        var shown = await again.WaitForNotificationsAsync(2);

        Assert.Equal(["4", "5"], shown.Select(i => i.Title));
    }

    [Fact]
    public async Task However_fast_it_is_acknowledged_it_is_not_shown_again() =>
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async number =>
        {
            var user = fixture.NewUser($"fast-{number}");
            var token = await Api.TokenAsync(user);
            for (var i = 0; i < 60; i++)
            {
                var acknowledged = new TaskCompletionSource<Item>(TaskCreationOptions.RunContinuationsAsynchronously);
                await using var client = await HubClient.ConnectAsync(Server, new HubOptions
                {
                    Token = token,
                    Device = "phone",
                    OnMessage = (client, message) =>
                    {
                        if (message is Notification { Item: var item })
                        {
                            _ = AcknowledgeAsync(client, item);
                        }
                    },
                });
                await Api.PublishAsync(user, $"{i}");
                Assert.Equal($"{i}", (await acknowledged.Task.WaitAsync(Until.Limit, TimeProvider.System)).Title);

                async Task AcknowledgeAsync(HubClient client, Item item)
                {
                    try
                    {
                        await client.AckAsync(item.Rev);
                        acknowledged.TrySetResult(item);
                    }
                    catch (Exception e)
                    {
                        acknowledged.TrySetException(e);
                    }
                }
            }
        }));

    [Fact]
    public async Task Devices_have_positions_of_their_own_and_a_new_one_starts_at_the_users()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        await Api.PublishAsync(user, "1");
        await Api.PublishAsync(user, "2");
        await using var phone = await HubClient.ConnectAsync(Server, token, device: "phone");
        await using var tablet = await HubClient.ConnectAsync(Server, token, device: "tablet");
        var items = await phone.WaitForNotificationsAsync(2);
        await tablet.WaitForNotificationsAsync(2);
        await phone.AckAsync(items[1].Rev);
        await phone.DropAsync();
        await tablet.DropAsync();
        await Api.PublishAsync(user, "3");

        await using var phoneAgain = await HubClient.ConnectAsync(Server, token, device: "phone");
        await using var tabletAgain = await HubClient.ConnectAsync(Server, token, device: "tablet");
        await phoneAgain.WaitForNotificationsAsync(1);
        await tabletAgain.WaitForNotificationsAsync(3);

        Assert.Equal(["3"], phoneAgain.Notifications.Select(i => i.Title));
        Assert.Equal(["1", "2", "3"], tabletAgain.Notifications.Select(i => i.Title));
    }

    [Fact]
    public async Task Resuming_by_address_starts_after_the_given_rev()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        using var me = Api.As(token);
        for (var i = 1; i <= 4; i++)
        {
            await Api.PublishAsync(user, $"{i}");
        }

        await me.InboxOfAsync(4);
        var epoch = (await me.SyncAsync()).Epoch;
        await using var client = await HubClient.ConnectAsync(Server, new HubOptions { Token = token, After = "2", Epoch = epoch });
        var resumed = await client.WaitForAsync<Resumed>();
        await client.WaitForNotificationsAsync(2);
        await Api.PublishAsync(user, "5");
        await client.WaitForNotificationsAsync(3);

        Assert.Equal((epoch, 4L, new Counts(4, 4)), (resumed.Epoch, resumed.Head, resumed.Counts));
        Assert.Equal(["3", "4", "5"], client.Notifications.Select(i => i.Title));
    }

    [Fact]
    public async Task With_after_manual_nothing_comes_before_Resume()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        using var me = Api.As(token);
        await Api.PublishAsync(user, "1");
        await Api.PublishAsync(user, "2");
        await me.InboxOfAsync(2);
        await using var other = await HubClient.ConnectAsync(Server, token, after: "0");
        await using var client = await HubClient.ConnectAsync(Server, token, after: "manual");
        await Api.PublishAsync(user, "3");
        await other.WaitForNotificationsAsync(3);
        await client.AckAsync(0); // A round trip: what was sent before it has arrived.

        Assert.Empty(client.Received);
        await client.ResumeAsync(after: 1);
        await client.WaitForNotificationsAsync(2);
        await Api.PublishAsync(user, "4");
        await client.WaitForNotificationsAsync(3);

        Assert.Equal(["2", "3", "4"], client.Notifications.Select(i => i.Title));
        Assert.True(client.Received.OfType<Resumed>().Single().Recovered);
    }

    [Fact]
    public async Task A_position_from_another_epoch_is_answered_with_reset()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        await Api.PublishAsync(user, "1");
        await using var client = await HubClient.ConnectAsync(Server, new HubOptions { Token = token, After = "1", Epoch = 7 });
        var reset = await client.WaitForAsync<Reset>();
        await Api.PublishAsync(user, "2");
        var live = await client.WaitForAsync<Notification>(n => n.Item.Title == "2");
        using var me = Api.As(token);
        var sync = SyncResult.Read((await me.GetAsync("/v1/me/inbox/sync?after=1&epoch=7")).Expect(200).Json);

        Assert.Equal((await me.SyncAsync()).Epoch, reset.Epoch);
        Assert.Equal(2, live.Item.Seq);
        Assert.True(sync.Reset);
    }

    [Fact]
    public async Task A_position_ahead_of_the_log_is_answered_with_reset()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        await Api.PublishAsync(user, "1");
        using var me = Api.As(token);
        await me.InboxOfAsync(1);
        await using var client = await HubClient.ConnectAsync(Server, token, after: "1000");
        var reset = await client.WaitForAsync<Reset>();

        Assert.Equal(1, reset.Head);
    }

    [Fact]
    public async Task Changes_made_while_away_come_with_the_catch_up()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        using var me = Api.As(token);
        for (var i = 1; i <= 4; i++)
        {
            await Api.PublishAsync(user, $"{i}");
        }

        var items = (await me.InboxOfAsync(4)).OrderBy(i => i.Seq).ToList();
        (await me.PatchAsync($"/v1/me/inbox/{items[0].Id}", new { read = true })).Expect(200); // rev 5
        await Api.PublishAsync(user, "6");
        await me.InboxOfAsync(5);
        (await me.PatchAsync($"/v1/me/inbox/{items[3].Id}", new { archived = true })).Expect(200); // rev 7

        // It has 1 to 3, from before their changes.
        await using var client = await HubClient.ConnectAsync(Server, token, after: "3");
        await client.WaitForAsync("rev 7", _ => client.HighestRev >= 7);
        var state = Apply(client.Received);

        Assert.Equal([4, 6], client.Notifications.Select(i => i.Seq));
        Assert.Equal(["1", "4", "6"], state.Values.OrderBy(i => i.Seq).Select(i => i.Title));
        Assert.True(state[items[0].Id].IsRead);
        Assert.True(state[items[3].Id].IsArchived);
        AssertStrictlyIncreasing(client.Received);
    }

    [Fact]
    public async Task A_change_of_the_last_item_of_a_page_hides_nothing_behind_it()
    {
        const int Items = 620;
        var user = fixture.NewUser();
        using var me = await Api.AsUserAsync(user);
        (await Api.PostAsync(
            "/v1/events/batch", Enumerable.Range(1, Items).Select(i => new { type = "t", to = new[] { "user:" + user }, title = $"{i}" }))).Expect(202);
        var items = (await me.InboxOfAsync(Items)).ToDictionary(i => i.Seq);
        foreach (var seq in new long[] { 500, 100, 4 })
        {
            (await me.PatchAsync($"/v1/me/inbox/{items[seq].Id}", new { read = true })).Expect(200);
            await using var client = await HubClient.ConnectAsync(Server, new HubOptions { Token = await Api.TokenAsync(user), After = "0" });
            await client.WaitForAsync<Resumed>();
            Assert.Equal(Enumerable.Range(1, Items).Select(i => (long)i), client.Notifications.Select(i => i.Seq));
            Assert.Equal(Items, (await me.SyncAsync(limit: (int)Math.Min(seq, 100))).Items.Select(i => i.Id).Distinct().Count());
            (await me.PatchAsync($"/v1/me/inbox/{items[seq].Id}", new { read = false })).Expect(200);
        }
    }

    [Fact]
    public async Task A_long_absence_with_many_changes_leaves_no_gap()
    {
        const int Items = 1_200;
        var user = fixture.NewUser();
        using var me = await Api.AsUserAsync(user);
        foreach (var batch in Enumerable.Range(1, Items).Chunk(400))
        {
            (await Api.PostAsync("/v1/events/batch", batch.Select(i => new { type = "t", to = new[] { "user:" + user }, title = $"{i}" }))).Expect(202);
        }

        var before = await me.InboxOfAsync(Items);
        (await me.PostAsync("/v1/me/inbox/actions", new { action = "read", filter = new { } })).Expect(200);
        var late = before.Where(i => i.Seq % 3 == 0).Select(i => i.Id).Take(100);
        (await me.PostAsync("/v1/me/inbox/actions", new { action = "unread", ids = late })).Expect(200);

        // All of them are new to this client, and all have changed since.
        await using var client = await HubClient.ConnectAsync(Server, new HubOptions { Token = await Api.TokenAsync(user), After = "0" });
        var last = (await me.SyncAsync()).Head;
        await client.WaitForAsync($"rev {last}", _ => client.HighestRev >= last);
        var state = Apply(client.Received);

        Assert.Equal(Enumerable.Range(1, Items).Select(i => (long)i), client.Notifications.Select(i => i.Seq));
        AssertStrictlyIncreasing(client.Received);
        Assert.Equal(
            (await me.InboxAsync()).Items.OrderBy(i => i.Seq).Select(i => (i.Id, i.IsRead)),
            state.Values.OrderBy(i => i.Seq).Select(i => (i.Id, i.IsRead)));
        Assert.Equal(Items, (await me.SyncAsync()).Items.Select(i => i.Id).Distinct().Count());
    }

    [Fact]
    public async Task An_update_on_one_connection_shows_on_the_others_and_in_the_inbox()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        using var me = Api.As(token);
        await using var one = await HubClient.ConnectAsync(Server, token);
        await using var two = await HubClient.ConnectAsync(Server, token);
        await Api.PublishAsync(user, "1");
        await Api.PublishAsync(user, "2");
        var items = await one.WaitForNotificationsAsync(2);
        await two.WaitForNotificationsAsync(2);

        await one.UpdateAsync([items[0].Id], new { read = true });
        var there = await two.WaitForAsync<Updated>();
        var here = await one.WaitForAsync<Updated>();
        var list = await me.InboxAsync();

        Assert.Equal((items[0].Id, 3L, true, true), (there.Items[0].Id, there.Items[0].Rev, there.Items[0].IsRead, there.Items[0].IsSeen));
        Assert.Equal(new Counts(1, 1), there.Counts);
        Assert.Equal(there.Items[0].Rev, here.Items[0].Rev);
        Assert.Equal(there.Counts, list.Counts);
        Assert.True(list.Items.Single(i => i.Id == items[0].Id).IsRead);
    }

    [Fact]
    public async Task An_update_of_anothers_item_or_with_nonsense_is_an_error_and_changes_nothing()
    {
        var user = fixture.NewUser();
        var stranger = fixture.NewUser("stranger");
        await using var client = await HubClient.ConnectAsync(Server, await Api.TokenAsync(user));
        await using var other = await HubClient.ConnectAsync(Server, await Api.TokenAsync(stranger));
        await Api.PublishAsync(user, "mine");
        var item = (await client.WaitForNotificationsAsync(1))[0];

        await IgnoreErrorAsync(other.UpdateAsync([item.Id], new { read = true }));
        await Assert.ThrowsAsync<HubInvocationException>(() => client.UpdateAsync([item.Id], new { red = true }));
        await Assert.ThrowsAsync<HubInvocationException>(() => client.InvokeAsync("Update", 7, "x"));
        await Assert.ThrowsAsync<HubInvocationException>(() => client.InvokeAsync("NoSuchMethod"));
        await Assert.ThrowsAsync<HubInvocationException>(() => client.InvokeAsync("Ack", "text"));
        using var me = await Api.AsUserAsync(user);

        Assert.False((await me.InboxAsync()).Items.Single().IsRead);
        Assert.Empty(client.Received.OfType<Updated>());
        await Api.PublishAsync(user, "still there");
        await client.WaitForNotificationsAsync(2);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("nonsense")]
    [InlineData("eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZGEiLCJ0ZW5hbnQiOiJkZWZhdWx0In0.")]
    [InlineData(ServerProcess.DevelopmentKey)]
    public async Task Without_a_users_token_the_connection_is_refused(string? token)
    {
        var refused = await Assert.ThrowsAsync<HubRefusedException>(() => HubClient.ConnectAsync(Server, new HubOptions { Token = token }));

        Assert.True(refused.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden, refused.Message);
    }

    [Theory]
    [InlineData("https://elsewhere.example", false)]
    [InlineData("null", false)]
    [InlineData("self", true)]
    [InlineData(null, true)]
    public async Task Pages_of_other_origins_are_refused(string? origin, bool passes)
    {
        var options = new HubOptions
        {
            Token = await Api.TokenAsync(fixture.NewUser()),
            Origin = origin == "self" ? Server.GetLeftPart(UriPartial.Authority) : origin,
        };
        if (passes)
        {
            await using var client = await HubClient.ConnectAsync(Server, options);
            await client.AckAsync(0);
        }
        else
        {
            var refused = await Assert.ThrowsAsync<HubRefusedException>(() => HubClient.ConnectAsync(Server, options));
            Assert.Equal(HttpStatusCode.Forbidden, refused.Status);
        }
    }

    [Theory]
    [InlineData("{not json")]
    [InlineData("""{"type":1,"target":"Ack","arguments":""")]
    [InlineData("""{"type":"one"}""")]
    [InlineData("[]")]
    public async Task A_malformed_message_closes_that_connection_only(string message)
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        await using var good = await HubClient.ConnectAsync(Server, token);
        await using var bad = await HubClient.ConnectAsync(Server, token);
        await bad.SendAsync(message);
        await bad.WaitForCloseAsync();
        await Api.PublishAsync(user, "still there");

        await good.WaitForNotificationsAsync(1);
        Assert.False(good.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_message_that_is_too_large_closes_that_connection_only()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        await using var good = await HubClient.ConnectAsync(Server, token);
        await using var bad = await HubClient.ConnectAsync(Server, token);
        try
        {
            for (var i = 0; i < 64 && !bad.Closed.IsCompleted; i++)
            {
                await bad.SendAsync(new string('x', 64 * 1024), separator: false);
            }
        }
        catch (HubClosedException)
        {
        }

        await bad.WaitForCloseAsync();
        await Api.PublishAsync(user, "still there");

        await good.WaitForNotificationsAsync(1);
        Assert.False(good.Closed.IsCompleted);
    }

    [Fact]
    public async Task A_handshake_that_is_not_one_is_closed()
    {
        var options = new HubOptions { Token = await Api.TokenAsync(fixture.NewUser()) };
        using var socket = await HubClient.OpenAsync(Server, options);
        await socket.SendAsync(Encoding.UTF8.GetBytes("{\"protocol\":\"messagepack\",\"version\":1}\u001e"), WebSocketMessageType.Text, true, default);
        var buffer = new byte[4096];
        using var limit = new CancellationTokenSource(Until.Limit, TimeProvider.System);
        var text = "";
        while (true)
        {
            var result = await socket.ReceiveAsync(buffer, limit.Token);
            if (result.MessageType == WebSocketMessageType.Close)
            {
                break;
            }

            text += Encoding.UTF8.GetString(buffer, 0, result.Count);
        }

        Assert.Contains("error", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_WebSockets_are_offered()
    {
        using var me = await Api.AsUserAsync(fixture.NewUser());
        var negotiation = await me.SendAsync(HttpMethod.Post, "/hubs/notifications/negotiate?negotiateVersion=1", null);
        var transports = negotiation.Expect(200).Json.GetProperty("availableTransports").EnumerateArray()
            .Select(t => t.GetProperty("transport").GetString());

        Assert.Equal(["WebSockets"], transports);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task It_does_not_matter_which_node_negotiated(bool here)
    {
        var user = fixture.NewUser();
        using var me = await Api.AsUserAsync(user);
        var negotiation = await me.SendAsync(HttpMethod.Post, "/hubs/notifications/negotiate?negotiateVersion=1", null);
        var token = here ? negotiation.Expect(200).Json.GetProperty("connectionToken").GetString() : "of-another-node";

        await using var client = await HubClient.ConnectAsync(Server, new HubOptions { Token = await Api.TokenAsync(user), Negotiated = token });
        await Api.PublishAsync(user, "arrived");
        Assert.Equal("arrived", (await client.WaitForAsync<Notification>()).Item.Title);
    }

    [Fact]
    public async Task A_client_that_stops_reading_costs_the_others_nothing()
    {
        const int Streaming = 100;
        const int EventsEach = 30;
        var names = Enumerable.Range(0, Streaming).Select(_ => fixture.NewUser("stream")).ToList();
        var stuck = fixture.NewUser("stuck");
        await using var deaf = await HubClient.ConnectAsync(
            Server, new HubOptions { Token = await Api.TokenAsync(stuck), Device = "deaf", ReceiveBufferBytes = 4096 });
        deaf.StopReading();
        var clients = await Task.WhenAll(names.Select(async n => await HubClient.ConnectAsync(Server, await Api.TokenAsync(n))));
        var body = new string('x', 8_000);

        // The one that does not read gets far more than any buffer between it and the server holds.
        await Parallel.ForAsync(0, EventsEach, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (i, _) =>
        {
            await Api.PublishAsync(new { type = "test.event", to = names.Select(n => "user:" + n).Append("user:" + stuck), title = $"{i}", body });
            for (var more = 0; more < 20; more++)
            {
                await Api.PublishAsync(new { type = "test.event", to = new[] { "user:" + stuck }, title = $"more {i} {more}", body });
            }
        });
        foreach (var client in clients)
        {
            var items = await client.WaitForNotificationsAsync(EventsEach);
            Assert.Equal(Enumerable.Range(1, EventsEach).Select(i => (long)i), items.Select(i => i.Seq));
            await client.DisposeAsync();
        }

        // And it has missed nothing when it is back.
        await deaf.DropAsync();
        await using var back = await HubClient.ConnectAsync(Server, new HubOptions { Token = await Api.TokenAsync(stuck), Device = "deaf" });
        var all = await back.WaitForNotificationsAsync(EventsEach * 21);
        Assert.Equal(Enumerable.Range(1, EventsEach * 21).Select(i => (long)i), all.Select(i => i.Seq));
    }

    [Fact]
    public async Task Users_see_only_what_is_theirs()
    {
        var ada = fixture.NewUser("ada");
        var ben = fixture.NewUser("ben");
        await using var one = await HubClient.ConnectAsync(Server, await Api.TokenAsync(ada));
        await using var two = await HubClient.ConnectAsync(Server, await Api.TokenAsync(ben));
        await Api.PublishAsync(ada, "for Ada");
        await one.WaitForNotificationsAsync(1);
        await Api.PublishAsync(ben, "for Ben");
        await two.WaitForNotificationsAsync(1);

        Assert.Equal("for Ada", Assert.Single(one.Notifications).Title);
        Assert.Equal("for Ben", Assert.Single(two.Notifications).Title);
    }

    private static async Task IgnoreErrorAsync(Task<System.Text.Json.JsonElement> invocation)
    {
        try
        {
            await invocation;
        }
        catch (HubInvocationException)
        {
        }
    }

    /// <summary>What a client that keeps the latest state of each item has.</summary>
    private static Dictionary<string, Item> Apply(IEnumerable<HubMessage> messages)
    {
        var state = new Dictionary<string, Item>();
        foreach (var item in messages.SelectMany(Items))
        {
            state[item.Id] = item;
        }

        return state;
    }

    private static void AssertStrictlyIncreasing(IEnumerable<HubMessage> messages)
    {
        var revs = messages.SelectMany(Items).Select(i => i.Rev).ToList();
        Assert.Equal(revs.Order().Distinct(), revs);
    }

    private static IEnumerable<Item> Items(HubMessage message) => message switch
    {
        Notification n => [n.Item],
        Updated u => u.Items,
        _ => [],
    };
}
