using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Where an event goes besides the inbox, from the request to the other side; a service of its own with a mail server and a webhook.</summary>
[NeedsMailServer]
public sealed class JourneyTests : IAsyncLifetime
{
    private SmtpServer _smtp = null!;
    private WebhookReceiver _receiver = null!;
    private ServerProcess _server = null!;
    private int _users;

    private Api Api => _server.Api;

    public async Task InitializeAsync()
    {
        _smtp = await SmtpServer.StartAsync();
        _receiver = await WebhookReceiver.StartAsync();
        _server = await ServerProcess.StartAsync(new ServerOptions
        {
            Settings = new Dictionary<string, string>(_receiver.Settings)
            {
                ["Notifications__Smtp__Host"] = "127.0.0.1",
                ["Notifications__Smtp__Port"] = $"{_smtp.Port}",
                ["Notifications__Smtp__From"] = "news@example.org",
                ["Notifications__PublicUrl"] = "https://notify.example.org",
                ["Notifications__Channels__RetrySeconds"] = "1",
                ["Notifications__Channels__MaxRestSeconds"] = "1",
                ["Notifications__Channels__Attempts"] = "3",
            },
        });
    }

    public async Task DisposeAsync()
    {
        await _server.DisposeAsync();
        await _receiver.DisposeAsync();
        await _smtp.DisposeAsync();
    }

    [Fact]
    public async Task An_event_reaches_inbox_mail_and_webhook_and_its_trail_says_so()
    {
        var user = await UserAsync(new { email = "ann@example.com", name = "Ann", locale = "de-AT" });
        var hook = (await Api.PostAsync("/v1/webhooks", new { url = _receiver.Url, types = new[] { "order.shipped" } })).Expect(201).Json;
        (await Api.SendAsync(HttpMethod.Put, "/v1/templates/shipped", new
        {
            defaultLocale = "en",
            locales = new
            {
                en = new { inbox = new { title = "Order {{data.order}} is on its way" }, email = new { subject = "On its way", body = "Hello **{{user.name}}**" } },
                de = new { inbox = new { title = "Bestellung {{data.order}} ist unterwegs" }, email = new { subject = "Unterwegs", body = "Hallo **{{user.name}}**" } },
            },
        })).Expect(201);
        var id = await Api.PublishAsync(new
        {
            id = "order-42",
            type = "order.shipped",
            to = new[] { "user:" + user },
            template = "shipped",
            data = new { order = 42 },
            category = "orders",
            channels = new[] { "email", "webhook" },
        });

        var mail = Assert.Single(await _smtp.MessagesAsync(1));
        Assert.Equal("Unterwegs", mail.Subject);
        Assert.Contains("<strong>Ann</strong>", mail.Html, StringComparison.Ordinal);
        Assert.StartsWith("<https://notify.example.org/v1/unsubscribe/", mail.Header("List-Unsubscribe"), StringComparison.Ordinal);
        var webhook = Assert.Single(await _receiver.WaitAsync(1));
        Assert.True(webhook.IsSignedBy(hook.GetProperty("secret").GetString()!));
        Assert.Equal((id, "order-42"), (webhook.Data.GetProperty("eventId").GetString(), webhook.Data.GetProperty("externalId").GetString()));
        using var me = await Api.AsUserAsync(user);
        Assert.Equal("Bestellung 42 ist unterwegs", Assert.Single(await me.InboxOfAsync(1)).Title);

        var trail = await SettledAsync(id, 2);
        Assert.Equal(["sent", "sent"], Deliveries(trail).Select(d => d.State));
        Assert.Equal(["email", "inbox", "webhook"], trail.GetProperty("decisions").EnumerateArray().Select(d => d.GetProperty("channel").GetString()).Order());
        Assert.Equal($"<{Deliveries(trail).Single(d => d.Channel == "email").Id[4..]}@example.org>", mail.Header("Message-ID"));
    }

    [Fact]
    public async Task Mail_waits_until_it_is_clear_that_nobody_looked()
    {
        var (seen, unseen) = (await UserAsync(new { email = "seen@example.com" }), await UserAsync(new { email = "unseen@example.com" }));
        var id = await Api.PublishAsync(new
        {
            type = "t",
            to = new[] { "user:" + seen, "user:" + unseen },
            title = "Look",
            channels = new object[] { new { channel = "email", ifNotSeenAfter = 3 } },
        });
        using var me = await Api.AsUserAsync(seen);
        var item = Assert.Single(await me.InboxOfAsync(1));
        (await me.PatchAsync($"/v1/me/inbox/{item.Id}", new { seen = true })).Expect(200);
        var trail = await SettledAsync(id, 2);
        Assert.Equal([("cancelled", "seen"), ("sent", "sent")], Deliveries(trail).OrderBy(d => d.State).Select(d => (d.State, d.Reason)));
        Assert.Equal(["unseen@example.com"], Assert.Single(await _smtp.MessagesAsync(1)).To);
    }

    [Fact]
    public async Task A_scheduled_event_can_be_seen_changed_and_cancelled_and_comes_at_its_time_after_a_restart()
    {
        var user = await UserAsync(null);
        var soon = TimeProvider.System.GetUtcNow().AddHours(1);
        var id = await Api.PublishAsync(new { type = "t", to = new[] { "user:" + user }, title = "First", sendAt = soon });
        var cancelled = await Api.PublishAsync(new { type = "t", to = new[] { "user:" + user }, title = "Never", sendAt = soon.AddYears(30) });
        await Until.ValueAsync("both to wait", async () => (await Api.GetAsync("/v1/events?status=scheduled")).Expect(200).Json.GetProperty("data").GetArrayLength(), n => n == 2);
        Assert.Equal("scheduled", (await EventAsync(id)).GetProperty("status").GetString());

        (await Api.SendAsync(HttpMethod.Delete, $"/v1/events/{cancelled}", null)).Expect(204);
        (await Api.SendAsync(HttpMethod.Delete, $"/v1/events/{cancelled}", null)).Expect(409);
        (await Api.SendAsync(HttpMethod.Put, $"/v1/events/{id}", new { type = "t", to = new[] { "user:" + user }, title = "Second", sendAt = soon })).Expect(204);
        (await Api.SendAsync(HttpMethod.Put, $"/v1/events/{id}", new { type = "t", title = "Second" })).Expect(400);
        (await Api.PatchAsync($"/v1/events/{id}", new { sendAt = TimeProvider.System.GetUtcNow().AddSeconds(2) })).Expect(204);
        await _server.KillAndRestartAsync();

        using var me = await Api.AsUserAsync(user);
        Assert.Equal("Second", Assert.Single(await me.InboxOfAsync(1)).Title);
        Assert.Equal("stored", (await EventAsync(id)).GetProperty("status").GetString());
        (await Api.PatchAsync($"/v1/events/{id}", new { sendAt = soon })).Expect(409);
        Assert.Equal("cancelled", (await EventAsync(cancelled)).GetProperty("status").GetString());
    }

    [Fact]
    public async Task What_is_withdrawn_disappears_and_is_not_sent_any_more()
    {
        var user = await UserAsync(new { email = "ann@example.com" });
        var id = await Api.PublishAsync(new
        {
            type = "t",
            to = new[] { "user:" + user },
            title = "Wrong",
            channels = new object[] { new { channel = "email", ifNotSeenAfter = 2 } },
        });
        using var me = await Api.AsUserAsync(user);
        await me.InboxOfAsync(1);
        (await Api.PostAsync($"/v1/events/{id}/withdraw", new { })).Expect(202);
        Assert.Empty((await me.InboxAsync("status=all")).Items);
        var trail = await SettledAsync(id, 1);
        Assert.Equal(("cancelled", "withdrawn", "withdrawn"), (Deliveries(trail)[0].State, Deliveries(trail)[0].Reason, trail.GetProperty("status").GetString()));
        (await Api.PostAsync($"/v1/events/evt_{Guid.NewGuid():N}/withdraw", new { })).Expect(404);
    }

    [Fact]
    public async Task What_one_wants_holds_for_the_next_event()
    {
        var user = await UserAsync(new { email = "ann@example.com" });
        using var me = await Api.AsUserAsync(user);
        (await me.PatchAsync("/v1/me/preferences", new { categories = new { offers = new { inbox = "off" } }, channels = new { email = "off" } })).Expect(200);
        var refused = await Api.PublishAsync(new { type = "t", to = new[] { "user:" + user }, title = "Buy", category = "offers", channels = new[] { "email" } });
        var trail = await SettledAsync(refused, 2);
        Assert.Equal([("email", "skipped", "user_channel"), ("inbox", "skipped", "user_category")], Deliveries(trail).OrderBy(d => d.Channel).Select(d => (d.Channel, d.State, d.Reason)));
        (await me.PatchAsync("/v1/me/preferences", new { categories = new { offers = (object?)null } })).Expect(200);
        await Api.PublishAsync(new { type = "t", to = new[] { "user:" + user }, title = "Buy now", category = "offers" });
        Assert.Equal("Buy now", Assert.Single(await me.InboxOfAsync(1)).Title);
    }

    [Fact]
    public async Task What_fails_is_tried_again_then_given_up_and_can_be_replayed()
    {
        var hook = (await Api.PostAsync("/v1/webhooks", new { url = _receiver.Url })).Expect(201).Json.GetProperty("id").GetString();
        _receiver.Answer = _ => new WebhookAnswer { Status = 500, Body = "out of order" };
        var id = await Api.PublishAsync(new { type = "t", to = new[] { "user:x" }, title = "1" });
        var dead = await SettledAsync(id, 1);
        Assert.Equal(("dead", 3), (Deliveries(dead)[0].State, Deliveries(dead)[0].Attempts));
        var letter = (await Api.GetAsync("/v1/dead-letters?kind=delivery")).Expect(200).Json.GetProperty("data").EnumerateArray().Single(l => l.GetProperty("eventId").GetString() == id);
        Assert.Equal("http_500", letter.GetProperty("reason").GetString());

        _receiver.Answer = _ => new WebhookAnswer();
        (await Api.PostAsync("/v1/dead-letters/replay", new { filter = new { channel = "webhook" } })).Expect(202);
        await Until.ValueAsync("the replay to be delivered", () => EventAsync(id), e => Deliveries(e)[0].State == "sent");
        Assert.Single(_receiver.Received.Select(r => r.Id).Distinct());
        Assert.NotNull(hook);
    }

    [Fact]
    public async Task A_mailbox_without_a_user_is_reached_too()
    {
        var id = await Api.PublishAsync(new { type = "t", to = new[] { "email:guest@example.com" }, title = "Welcome", body = "Hello <b>you</b>" });
        var mail = Assert.Single(await _smtp.MessagesAsync(1));
        Assert.Equal(("guest@example.com", "Welcome"), (Assert.Single(mail.To), mail.Subject));
        Assert.DoesNotContain("<b>you</b>", mail.Html, StringComparison.Ordinal);
        Assert.Equal("sent", Assert.Single(Deliveries(await SettledAsync(id, 1))).State);
    }

    [Fact]
    public async Task Mail_to_more_people_than_one_step_reaches_each_once_and_the_trail_counts_who_did_not_want_it()
    {
        const int Users = 620, Without = 20;
        var lines = Enumerable.Range(0, Users).Select(i => JsonSerializer.Serialize(new
        {
            id = $"m{i}",
            email = $"m{i}@example.com",
            preferences = i < Without ? new { channels = new { email = "off" } } : null,
        }));
        (await Api.SendTextAsync(HttpMethod.Post, "/v1/users/import", string.Join('\n', lines), "application/x-ndjson")).Expect(200);
        var subscriptions = Enumerable.Range(0, Users).Select(i => JsonSerializer.Serialize(new { userId = $"m{i}" }));
        (await Api.SendTextAsync(HttpMethod.Post, "/v1/topics/news/subscriptions/import", string.Join('\n', subscriptions), "application/x-ndjson")).Expect(200);

        var topic = await Api.PublishAsync(new { type = "t", to = new[] { "topic:news" }, title = "To the topic", channels = new[] { "email" } });
        Assert.Equal(Users - Without, (await _smtp.MessagesAsync(Users - Without)).SelectMany(m => m.To).Distinct().Count());
        await AssertTrailAsync(topic);

        var all = await Api.PublishAsync(new { type = "t", to = new[] { "all" }, title = "To everyone", channels = new[] { "email" } });
        var mails = (await _smtp.MessagesAsync(2 * (Users - Without))).Where(m => m.Subject == "To everyone").ToArray();
        Assert.Equal((Users - Without, Users - Without), (mails.Length, mails.SelectMany(m => m.To).Distinct().Count()));
        await AssertTrailAsync(all);
        using var me = await Api.AsUserAsync("m5");
        Assert.Equal(["To everyone", "To the topic"], (await me.InboxOfAsync(2)).Select(i => i.Title));

        async Task AssertTrailAsync(string id)
        {
            var trail = await Until.ValueAsync("the event to have reached all", () => EventAsync(id), e => e.GetProperty("status").GetString() == "stored");
            var mail = trail.GetProperty("decisions").EnumerateArray().Where(d => d.GetProperty("channel").GetString() == "email")
                .Select(d => (d.GetProperty("outcome").GetString(), d.GetProperty("reason").GetString(), d.GetProperty("users").GetInt32())).Order();
            Assert.Equal([("deliver", "named", Users - Without), ("skip", "user_channel", Without)], mail);
        }
    }

    [Fact]
    public async Task A_users_deletion_is_noticed_by_a_device_that_looks_on()
    {
        var user = await UserAsync(new { email = "ann@example.com" });
        await Api.PublishAsync(user, "before");
        using var me = await Api.AsUserAsync(user);
        var before = await me.InboxOfAsync(1);
        (await Api.SendAsync(HttpMethod.Delete, $"/v1/users/{user}", null)).Expect(204);
        (await Api.GetAsync($"/v1/users/{user}")).Expect(404);
        Assert.True((await me.SyncAsync(after: before[0].Seq)).Reset);
        await Api.PublishAsync(user, "after");
        var item = Assert.Single(await me.InboxOfAsync(1));
        Assert.True(item.Seq > before[0].Seq);
    }

    private async Task<string> UserAsync(object? contact)
    {
        var user = $"user-{Interlocked.Increment(ref _users)}-{Guid.NewGuid():N}"[..20];
        if (contact is not null)
        {
            (await Api.SendAsync(HttpMethod.Put, $"/v1/users/{user}", contact)).Expect(201);
        }

        return user;
    }

    private async Task<JsonElement> EventAsync(string id)
    {
        var answer = await Until.ValueAsync("the event to be stored", () => Api.GetAsync($"/v1/events/{id}"), a => a.Status == 200);
        return answer.Json;
    }

    /// <summary>The event once nothing of it is under way.</summary>
    private Task<JsonElement> SettledAsync(string id, int deliveries) => Until.ValueAsync(
        $"{deliveries} deliveries to be settled", () => EventAsync(id), e => Deliveries(e) is var all && all.Count == deliveries && all.All(d => d.State != "pending"));

    private static List<(string Id, string Channel, string State, string Reason, int Attempts)> Deliveries(JsonElement e) =>
    [
        .. e.GetProperty("deliveries").EnumerateArray().Select(d => (
            d.GetProperty("id").GetString()!, d.GetProperty("channel").GetString()!, d.GetProperty("state").GetString()!, d.GetProperty("reason").GetString()!,
            d.GetProperty("attempts").GetInt32())),
    ];
}
