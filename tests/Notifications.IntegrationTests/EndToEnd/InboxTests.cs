using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>The inbox over HTTP, as its user sees it.</summary>
[Collection(SharedServer.Name)]
public sealed class InboxTests(ServerFixture fixture)
{
    private Api Api => fixture.Server.Api;

    [Fact]
    public async Task The_list_is_newest_first_filtered_and_paged()
    {
        using var me = await MeAsync();
        await PublishAsync(me, ("1", "news"), ("2", "orders"), ("3", "news"), ("4", "orders"), ("5", "news"));
        var items = await me.Api.InboxOfAsync(5);
        await me.PatchAsync(items.Single(i => i.Title == "3"), new { read = true });
        await me.PatchAsync(items.Single(i => i.Title == "4"), new { seen = true });
        await me.PatchAsync(items.Single(i => i.Title == "5"), new { archived = true });
        await me.PatchAsync(items.Single(i => i.Title == "2"), new { snoozedUntil = "2999-01-01T00:00:00Z" }, expect: 400);
        await me.PatchAsync(items.Single(i => i.Title == "2"), new { snoozedUntil = TimeProvider.System.GetUtcNow().AddDays(1) });

        Assert.Equal(["4", "3", "1"], await me.TitlesAsync(""));
        Assert.Equal(["1"], await me.TitlesAsync("status=unseen"));
        Assert.Equal(["4", "1"], await me.TitlesAsync("status=unread"));
        Assert.Equal(["3"], await me.TitlesAsync("status=read"));
        Assert.Equal(["5"], await me.TitlesAsync("status=archived"));
        Assert.Equal(["2"], await me.TitlesAsync("status=snoozed"));
        Assert.Equal(["5", "4", "3", "2", "1"], await me.TitlesAsync("status=all"));
        Assert.Equal(["3", "1"], await me.TitlesAsync("category=news"));
        Assert.Equal(["1"], await me.TitlesAsync("category=news&status=unread"));
        Assert.Empty(await me.TitlesAsync("category=nothing"));
        Assert.Equal(["5", "4", "3", "2", "1"], (await me.Api.InboxAsync("status=all", limit: 2)).Items.Select(i => i.Title));
        Assert.Equal(new Counts(1, 2), (await me.Api.InboxAsync(limit: 1)).Counts);
        Assert.Equal(new Counts(1, 2), Counts.Read((await me.Api.GetAsync("/v1/me/inbox/counts")).Expect(200).Json));
    }

    [Fact]
    public async Task A_cursor_holds_its_place_while_new_items_arrive()
    {
        using var me = await MeAsync();
        await PublishAsync(me, [.. Enumerable.Range(1, 6).Select(i => ($"{i}", "c"))]);
        await me.Api.InboxOfAsync(6);
        var first = (await me.Api.GetAsync("/v1/me/inbox?limit=3")).Expect(200).Json;
        await PublishAsync(me, ("7", "c"));
        await me.Api.InboxOfAsync(7);
        var second = (await me.Api.GetAsync("/v1/me/inbox?limit=3&after=" + first.GetProperty("nextCursor").GetString())).Expect(200).Json;

        Assert.Equal(["3", "2", "1"], second.GetProperty("data").EnumerateArray().Select(i => i.GetProperty("title").GetString()));
        Assert.Equal(System.Text.Json.JsonValueKind.Null, second.GetProperty("nextCursor").ValueKind);
    }

    [Theory]
    [InlineData("/v1/me/inbox?limit=0")]
    [InlineData("/v1/me/inbox?limit=101")]
    [InlineData("/v1/me/inbox?limit=many")]
    [InlineData("/v1/me/inbox?after=nonsense")]
    [InlineData("/v1/me/inbox?status=loud")]
    [InlineData("/v1/me/inbox/sync?after=-1")]
    [InlineData("/v1/me/inbox/sync?after=first")]
    [InlineData("/v1/me/inbox/sync?limit=0")]
    public async Task Nonsense_in_a_query_is_refused(string path)
    {
        using var me = await MeAsync();
        var answer = (await me.Api.GetAsync(path)).Expect(400);

        Assert.False(string.IsNullOrEmpty(answer.Code), answer.ToString());
    }

    [Fact]
    public async Task A_patch_answers_with_the_item_and_the_counts()
    {
        using var me = await MeAsync();
        await PublishAsync(me, ("1", "c"), ("2", "c"));
        var item = (await me.Api.InboxOfAsync(2)).Single(i => i.Title == "1");

        var seen = await me.PatchAsync(item, new { seen = true });
        var read = await me.PatchAsync(item, new { read = true });
        var again = await me.PatchAsync(item, new { read = true });
        var unread = await me.PatchAsync(item, new { read = false });
        var unseen = await me.PatchAsync(item, new { seen = false });

        Assert.Equal((true, false, 3L, new Counts(1, 2)), (seen.Item.IsSeen, seen.Item.IsRead, seen.Item.Rev, seen.Counts));
        Assert.Equal((true, true, 4L, new Counts(1, 1)), (read.Item.IsSeen, read.Item.IsRead, read.Item.Rev, read.Counts));
        Assert.Equal((4L, new Counts(1, 1)), (again.Item.Rev, again.Counts));
        Assert.Equal((true, false, new Counts(1, 2)), (unread.Item.IsSeen, unread.Item.IsRead, unread.Counts));
        Assert.Equal((false, false, new Counts(2, 2)), (unseen.Item.IsSeen, unseen.Item.IsRead, unseen.Counts));
    }

    [Fact]
    public async Task Anothers_item_is_not_found_and_stays_as_it_is()
    {
        using var me = await MeAsync();
        using var other = await MeAsync();
        await PublishAsync(me, ("mine", "c"));
        var item = (await me.Api.InboxOfAsync(1))[0];

        await other.PatchAsync(item, new { read = true }, expect: 404);
        (await other.Api.SendAsync(HttpMethod.Delete, $"/v1/me/inbox/{item.Id}", null)).Expect(404);
        var done = (await other.Api.PostAsync("/v1/me/inbox/actions", new { action = "read", ids = new[] { item.Id } })).Expect(200).Json;

        Assert.Equal(0, done.GetProperty("updated").GetInt32());
        Assert.Equal(item.Rev, Assert.Single((await me.Api.InboxAsync()).Items).Rev);
    }

    [Theory]
    [InlineData("""{"red":true}""")]
    [InlineData("""{}""")]
    [InlineData("""{"read":"yes"}""")]
    [InlineData("""{"read":true,"read":false}""")]
    [InlineData("""{"snoozedUntil":"yesterday"}""")]
    [InlineData("""[]""")]
    public async Task A_patch_that_makes_no_sense_is_refused(string body)
    {
        using var me = await MeAsync();
        await PublishAsync(me, ("1", "c"));
        var item = (await me.Api.InboxOfAsync(1))[0];
        var answer = (await me.Api.SendTextAsync(HttpMethod.Patch, $"/v1/me/inbox/{item.Id}", body)).Expect(400);

        Assert.False(string.IsNullOrEmpty(answer.Code), answer.ToString());
        Assert.Equal(item.Rev, (await me.Api.InboxAsync()).Items[0].Rev);
    }

    [Fact]
    public async Task A_deleted_item_is_gone_here_and_on_other_connections()
    {
        using var me = await MeAsync();
        await using var client = await HubClient.ConnectAsync(fixture.Server.Address, me.Token);
        await PublishAsync(me, ("1", "c"), ("2", "c"));
        var item = (await client.WaitForNotificationsAsync(2))[0];
        (await me.Api.SendAsync(HttpMethod.Delete, $"/v1/me/inbox/{item.Id}", null)).Expect(204);
        var updated = await client.WaitForAsync<Updated>();

        Assert.True(updated.Items[0].IsWithdrawn);
        Assert.Equal(new Counts(1, 1), updated.Counts);
        Assert.Equal(["2"], await me.TitlesAsync("status=all"));
        (await me.Api.SendAsync(HttpMethod.Delete, $"/v1/me/inbox/{item.Id}", null)).Expect(404);
    }

    [Fact]
    public async Task An_action_takes_what_its_filter_selects_up_to_before()
    {
        using var me = await MeAsync();
        await using var client = await HubClient.ConnectAsync(fixture.Server.Address, me.Token);
        await PublishAsync(me, ("1", "a"), ("2", "b"), ("3", "a"), ("4", "a"));
        await client.WaitForNotificationsAsync(4);

        var some = await me.ActAsync(new { action = "read", filter = new { category = "a" }, before = 3 });
        Assert.Equal((2, new Counts(2, 2)), some);
        await client.WaitForAsync<Updated>(u => u.Counts == new Counts(2, 2));

        var all = await me.ActAsync(new { action = "seen", filter = new { }, before = 1_000_000 });
        Assert.Equal((2, new Counts(0, 2)), all);
        await client.WaitForAsync<Updated>(u => u.Counts == new Counts(0, 2));

        Assert.Equal((3, new Counts(0, 1)), await me.ActAsync(new { action = "archive", filter = new { category = "a" } }));
        Assert.Equal(["2"], await me.TitlesAsync(""));
        Assert.Equal((3, new Counts(0, 2)), await me.ActAsync(new { action = "unarchive", filter = new { status = "archived" } }));
        Assert.Equal(["4", "3", "2", "1"], await me.TitlesAsync(""));
        Assert.Equal((2, new Counts(0, 4)), await me.ActAsync(new { action = "unread", filter = new { status = "read" } }));
        await client.WaitForAsync<Updated>(u => u.Counts == new Counts(0, 4));

        // A client that applies what it is told has what the server has.
        var list = (await me.Api.InboxAsync("status=all")).Items;
        var last = list.Max(i => i.Rev);
        await client.WaitForAsync($"rev {last}", _ => client.HighestRev >= last);
        var state = new Dictionary<string, Item>();
        foreach (var message in client.Received)
        {
            foreach (var item in message is Notification n ? [n.Item] : message is Updated u ? u.Items : [])
            {
                state[item.Id] = item;
            }
        }

        Assert.Equal(
            list.OrderBy(i => i.Seq).Select(i => (i.Id, i.Rev, i.IsSeen, i.IsRead, i.IsArchived)),
            state.Values.OrderBy(i => i.Seq).Select(i => (i.Id, i.Rev, i.IsSeen, i.IsRead, i.IsArchived)));
    }

    [Fact]
    public async Task Actions_snooze_and_wake_by_id()
    {
        using var me = await MeAsync();
        await PublishAsync(me, ("1", "c"), ("2", "c"));
        var item = (await me.Api.InboxOfAsync(2))[0];
        var until = TimeProvider.System.GetUtcNow().AddHours(1);

        Assert.Equal((1, new Counts(1, 1)), await me.ActAsync(new { action = "snooze", ids = new[] { item.Id }, snoozedUntil = until }));
        Assert.Equal(["1"], await me.TitlesAsync(""));
        Assert.Equal((1, new Counts(2, 2)), await me.ActAsync(new { action = "unsnooze", ids = new[] { item.Id } }));
        Assert.Equal(["2", "1"], await me.TitlesAsync(""));
    }

    [Fact]
    public async Task A_snoozed_item_comes_back_by_itself()
    {
        using var me = await MeAsync();
        await using var client = await HubClient.ConnectAsync(fixture.Server.Address, me.Token);
        await PublishAsync(me, ("1", "c"));
        var item = (await client.WaitForNotificationsAsync(1))[0];
        await me.PatchAsync(item, new { snoozedUntil = TimeProvider.System.GetUtcNow().AddSeconds(2) });
        await client.WaitForAsync<Updated>(u => u.Items[0].IsSnoozed && u.Counts == new Counts(0, 0));
        await client.WaitForAsync<Updated>(u => !u.Items[0].IsSnoozed && u.Counts == new Counts(1, 1));

        Assert.Equal(["1"], await me.TitlesAsync(""));
    }

    [Theory]
    [InlineData("""{"action":"explode","filter":{}}""")]
    [InlineData("""{"action":"read"}""")]
    [InlineData("""{"action":"read","filter":{},"ids":["ntf_00000000000070008000000000000000"]}""")]
    [InlineData("""{"action":"read","ids":[]}""")]
    [InlineData("""{"action":"read","filter":{"colour":"red"}}""")]
    [InlineData("""{"action":"read","filter":{},"before":"now"}""")]
    [InlineData("""{"action":"snooze","filter":{}}""")]
    public async Task An_action_that_makes_no_sense_is_refused(string body)
    {
        using var me = await MeAsync();
        var answer = (await me.Api.SendTextAsync(HttpMethod.Post, "/v1/me/inbox/actions", body)).Expect(400);

        Assert.False(string.IsNullOrEmpty(answer.Code), answer.ToString());
    }

    [Fact]
    public async Task Sync_pages_through_the_log_and_goes_on_where_it_stopped()
    {
        using var me = await MeAsync();
        await PublishAsync(me, [.. Enumerable.Range(1, 25).Select(i => ($"{i}", "c"))]);
        var items = await me.Api.InboxOfAsync(25);
        var all = await me.Api.SyncAsync(limit: 4);
        Assert.Equal(Enumerable.Range(1, 25).Select(i => $"{i}"), all.Items.Select(i => i.Title));
        Assert.Equal((25L, false), (all.Head, all.Reset));

        await me.PatchAsync(items.Single(i => i.Title == "7"), new { read = true });
        await PublishAsync(me, ("26", "c"));
        await me.Api.InboxOfAsync(26);
        await me.PatchAsync(items.Single(i => i.Title == "3"), new { archived = true });
        var rest = await me.Api.SyncAsync(all.Head, all.Epoch, limit: 2);

        Assert.Equal(["26", "3", "7"], rest.Items.Select(i => i.Title).Order());
        Assert.Equal((28L, new Counts(24, 24)), (rest.Head, rest.Counts));
        Assert.Empty((await me.Api.SyncAsync(rest.Head, rest.Epoch)).Items);
    }

    [Fact]
    public async Task The_inbox_is_for_users_and_the_rest_for_keys()
    {
        using var me = await MeAsync();
        using var nobody = fixture.Server.Api.As(null);
        (await nobody.GetAsync("/v1/me/inbox")).Expect(401);
        (await nobody.PostAsync("/v1/events", new { type = "t", to = new[] { "all" }, title = "x" })).Expect(401);
        var key = await fixture.Server.Api.GetAsync("/v1/me/inbox");
        var user = await me.Api.PostAsync("/v1/events", new { type = "t", to = new[] { "user:x" }, title = "x" });

        Assert.True(key.Status is 401 or 403, key.ToString());
        Assert.True(user.Status is 401 or 403, user.ToString());
    }

    private async Task<Me> MeAsync()
    {
        var user = fixture.NewUser();
        var token = await Api.TokenAsync(user);
        return new Me(user, token, Api.As(token));
    }

    private async Task PublishAsync(Me me, params (string Title, string Category)[] events)
    {
        foreach (var (title, category) in events)
        {
            await Api.PublishAsync(me.User, title, category);
        }
    }

    private sealed record Me(string User, string Token, Api Api) : IDisposable
    {
        public async Task<string[]> TitlesAsync(string filter) => [.. (await Api.InboxAsync(filter)).Items.Select(i => i.Title)];

        public async Task<(Item Item, Counts Counts)> PatchAsync(Item item, object change, int expect = 200)
        {
            var answer = (await Api.PatchAsync($"/v1/me/inbox/{item.Id}", change)).Expect(expect);
            return expect == 200 ? (Item.Read(answer.Json.GetProperty("item")), Counts.Read(answer.Json.GetProperty("counts"))) : default;
        }

        public async Task<(int Updated, Counts Counts)> ActAsync(object action)
        {
            var answer = (await Api.PostAsync("/v1/me/inbox/actions", action)).Expect(200).Json;
            return (answer.GetProperty("updated").GetInt32(), Counts.Read(answer.GetProperty("counts")));
        }

        public void Dispose() => Api.Dispose();
    }
}
