using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Policy, preferences and a user's own topics over HTTP; each test has a tenant of its own.</summary>
[Collection(SharedServer.Name)]
public sealed class PeopleTests(ServerFixture fixture)
{
    private const string Policy = """
        {"channels":{"email":"digest"},"categories":{"orders":{"name":"Your orders","channels":{"email":"on"}},"security":{"mandatory":true},
        "offers":{"throttle":{"max":2,"seconds":60}}},"quietHours":{"start":"22:00","end":"07:00"},"timeZone":"Europe/Vienna","locale":"de",
        "email":{"from":"shop@example.com","name":"Shop"},"openTopics":["news.*","offers"]}
        """;

    [Fact]
    public async Task A_policy_is_read_changed_and_guarded_by_its_etag()
    {
        var api = await TenantAsync();
        var empty = (await api.GetAsync("/v1/policy")).Expect(200);
        Assert.Equal(("UTC", "en", "daily"), (Text(empty.Json, "timeZone"), Text(empty.Json, "locale"), Text(empty.Json.GetProperty("digest"), "every")));
        var put = (await api.SendTextAsync(HttpMethod.Put, "/v1/policy", Policy)).Expect(200);
        var get = (await api.GetAsync("/v1/policy")).Expect(200);
        Assert.Equal(put.Text, get.Text);
        Assert.Equal("on", Text(get.Json.GetProperty("categories").GetProperty("orders").GetProperty("channels"), "email"));
        Assert.Equal(["inbox", "email", "webhook"], get.Json.GetProperty("categories").GetProperty("offers").GetProperty("throttle").GetProperty("channels").EnumerateArray().Select(c => c.GetString()));

        Assert.Equal("precondition_failed", (await PutAsync(api, "{}", empty.Headers.ETag!.Tag)).Expect(412).Code);
        Assert.Equal(put.Text, (await api.GetAsync("/v1/policy")).Text);
        (await PutAsync(api, get.Text, get.Headers.ETag!.Tag)).Expect(200); // What was read can be sent back.
        var replaced = (await PutAsync(api, "{}", "*")).Expect(200);
        Assert.Equal(empty.Headers.ETag.Tag, replaced.Headers.ETag!.Tag);
        (await PutAsync(api, "{}", "not a tag")).Expect(400);
    }

    [Theory]
    [InlineData("""{"categories":{"orders":{"throttle":{"max":0,"seconds":60}}}}""", "categories.orders.throttle.max")]
    [InlineData("""{"categories":{"orders":{"throttle":{"max":1}}}}""", "categories.orders.throttle.seconds")]
    [InlineData("""{"categories":{"orders":{"throttle":{"max":1,"seconds":1,"channels":["fax"]}}}}""", "categories.orders.throttle.channels[0]")]
    [InlineData("""{"categories":{"orders":{"mandatory":"yes"}}}""", "categories.orders.mandatory")]
    [InlineData("""{"categories":{" ":{}}}""", "categories. ")]
    [InlineData("""{"channels":{"email":"maybe"}}""", "channels.email")]
    [InlineData("""{"channels":{"inbox":"digest"}}""", "channels.inbox")]
    [InlineData("""{"channels":{"fax":"on"}}""", "channels.fax")]
    [InlineData("""{"colour":"red"}""", "colour")]
    [InlineData("""{"channels":{},"channels":{}}""", "channels")]
    [InlineData("""{"quietHours":{"start":"25:00","end":"07:00"}}""", "quietHours.start")]
    [InlineData("""{"quietHours":{"start":"22:00"}}""", "quietHours.end")]
    [InlineData("""{"digest":{"every":"yearly"}}""", "digest.every")]
    [InlineData("""{"digest":{"every":"weekly","weekday":"Sunnyday"}}""", "digest.weekday")]
    [InlineData("""{"timeZone":"Vienna"}""", "timeZone")]
    [InlineData("""{"timeZone":null}""", "timeZone")]
    [InlineData("""{"locale":"deutsch!"}""", "locale")]
    [InlineData("""{"email":{"name":"Shop"}}""", "email.from")]
    [InlineData("""{"email":{"from":"shop@example.com\nBcc: all@example.com"}}""", "email.from")]
    [InlineData("""{"email":{"from":"a@b@c"}}""", "email.from")]
    [InlineData("""{"email":{"from":"a@b.example","name":"A\r\nB"}}""", "email.name")]
    [InlineData("""{"email":{"from":"a@b.example","replyTo":"nobody"}}""", "email.replyTo")]
    [InlineData("""{"openTopics":["a*b"]}""", "openTopics[0]")]
    [InlineData("""{"openTopics":"news"}""", "openTopics")]
    public async Task A_policy_that_is_wrong_is_refused_by_its_field(string body, string field)
    {
        var api = await TenantAsync();
        var answer = (await api.SendTextAsync(HttpMethod.Put, "/v1/policy", body)).Expect(400);
        Assert.Equal(("invalid_request", field), (answer.Code, Assert.Single(answer.Json.GetProperty("errors").EnumerateObject()).Name));
    }

    [Theory]
    [InlineData("[]", 400)]
    [InlineData("{", 400)]
    [InlineData("", 400)]
    [InlineData("""{"locale":"\ud800"}""", 400)]
    public async Task A_body_that_is_no_policy_is_refused(string body, int status) =>
        Assert.NotNull((await (await TenantAsync()).SendTextAsync(HttpMethod.Put, "/v1/policy", body)).Expect(status).Code);

    [Fact]
    public async Task All_mistakes_are_named_at_once_and_sizes_are_bounded()
    {
        var api = await TenantAsync();
        var answer = (await api.SendTextAsync(HttpMethod.Put, "/v1/policy", """{"timeZone":"x","locale":"!","openTopics":[7]}""")).Expect(400);
        Assert.Equal(["timeZone", "locale", "openTopics[0]"], answer.Json.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        var many = JsonSerializer.Serialize(new { categories = Enumerable.Range(0, 201).ToDictionary(i => "c" + i, _ => new { }) });
        Assert.Equal("categories", Assert.Single((await api.SendTextAsync(HttpMethod.Put, "/v1/policy", many)).Expect(400).Json.GetProperty("errors").EnumerateObject()).Name);
        (await api.SendTextAsync(HttpMethod.Put, "/v1/policy", $$"""{"locale":"{{new string('x', 70_000)}}"}""")).Expect(413);
        (await api.SendTextAsync(HttpMethod.Put, "/v1/policy", "{}", "text/plain")).Expect(415);
        using var user = await api.AsUserAsync("ada");
        (await user.GetAsync("/v1/policy")).Expect(403);
    }

    [Fact]
    public async Task A_user_changes_what_they_want_and_sees_what_follows()
    {
        var api = await TenantAsync();
        (await api.SendTextAsync(HttpMethod.Put, "/v1/policy", Policy)).Expect(200);
        using var me = await api.AsUserAsync("ada");
        var before = (await me.GetAsync("/v1/me/preferences")).Expect(200).Json;
        Assert.Equal("offers: on digest on, orders: on on on, security: on on on!", Effective(before));
        Assert.Equal(("Your orders", "Europe/Vienna"), (Text(before.GetProperty("effective")[1], "name"), Text(before.GetProperty("defaults"), "timeZone")));

        var after = (await me.SendTextAsync(HttpMethod.Patch, "/v1/me/preferences", """
            {"channels":{"email":"off"},"categories":{"orders":{"email":"digest"},"security":{"email":"off"},"games":{"inbox":"off"}},
            "quietHours":{"start":"00:00","end":"00:00"},"digest":{"every":"weekly","at":"09:30","weekday":"friday"},"timeZone":"Asia/Kolkata","locale":"en-IN"}
            """)).Expect(200).Json;
        Assert.Equal("games: off off on, offers: on off on, orders: on digest on, security: on on on!", Effective(after));
        Assert.Equal(("Asia/Kolkata", "en-IN", "friday"), (Text(after, "timeZone"), Text(after, "locale"), Text(after.GetProperty("digest"), "weekday")));

        var removed = (await me.SendTextAsync(HttpMethod.Patch, "/v1/me/preferences", """
            {"channels":{"email":null},"categories":{"orders":{"email":null},"games":null},"quietHours":null,"digest":null,"timeZone":null}
            """)).Expect(200).Json;
        Assert.Equal("offers: on digest on, orders: on on on, security: on on on!", Effective(removed));
        Assert.Equal("""{"security":{"email":"off"}}""", removed.GetProperty("categories").GetRawText());
        Assert.Equal((JsonValueKind.Null, "en-IN"), (removed.GetProperty("quietHours").ValueKind, Text(removed, "locale")));
        Assert.Equal(removed.GetRawText(), (await api.GetAsync("/v1/users/ada/preferences")).Expect(200).Json.GetRawText());
        Assert.Equal("off", Text((await api.SendTextAsync(HttpMethod.Patch, "/v1/users/ada/preferences", """{"channels":{"inbox":"off"}}""")).Expect(200).Json.GetProperty("channels"), "inbox"));
        Assert.Equal("off", Text((await me.GetAsync("/v1/me/preferences")).Expect(200).Json.GetProperty("channels"), "inbox"));
    }

    [Theory]
    [InlineData("""{"chanels":{}}""", "chanels")]
    [InlineData("""{"channels":{"email":true}}""", "channels.email")]
    [InlineData("""{"channels":"off"}""", "channels")]
    [InlineData("""{"categories":{"orders":{"sms":"on"}}}""", "categories.orders.sms")]
    [InlineData("""{"categories":{"orders":"off"}}""", "categories.orders")]
    [InlineData("""{"quietHours":{"start":"22:00","end":"7"}}""", "quietHours.end")]
    [InlineData("""{"timeZone":"GMT+25"}""", "timeZone")]
    [InlineData("""{"email":"ada@example.com"}""", "email")]
    public async Task A_change_that_is_wrong_changes_nothing(string body, string field)
    {
        var api = await TenantAsync();
        using var me = await api.AsUserAsync("ada");
        var answer = (await me.SendTextAsync(HttpMethod.Patch, "/v1/me/preferences", body)).Expect(400);
        Assert.Equal(field, Assert.Single(answer.Json.GetProperty("errors").EnumerateObject()).Name);
        (await api.SendTextAsync(HttpMethod.Patch, "/v1/users/eve/preferences", body)).Expect(400);
        (await api.GetAsync("/v1/users/eve")).Expect(404);
    }

    [Fact]
    public async Task Users_join_and_leave_open_topics_only()
    {
        var api = await TenantAsync();
        (await api.SendTextAsync(HttpMethod.Put, "/v1/policy", Policy)).Expect(200);
        using var me = await api.AsUserAsync("ada");
        await api.SubscribeAsync("staff", "ada");
        (await me.SendAsync(HttpMethod.Put, "/v1/me/topics/news.local", null)).Expect(201);
        (await me.SendAsync(HttpMethod.Put, "/v1/me/topics/news.local", null)).Expect(200);
        Assert.Equal("topic_closed", (await me.SendAsync(HttpMethod.Put, "/v1/me/topics/board", null)).Expect(403).Code);
        Assert.Equal("topic_closed", (await me.SendAsync(HttpMethod.Delete, "/v1/me/topics/staff", null)).Expect(403).Code);
        (await me.SendAsync(HttpMethod.Put, "/v1/me/topics/a%20b", null)).Expect(400);
        var topics = (await me.GetAsync("/v1/me/topics")).Expect(200).Json.GetProperty("data").EnumerateArray()
            .Select(t => $"{Text(t, "key")} {t.GetProperty("subscribed").GetBoolean()} {t.GetProperty("open").GetBoolean()}");
        Assert.Equal(["news.local True True", "offers False True", "staff True False"], topics);

        await api.PublishAsync(new { type = "t", to = new[] { "topic:news.local" }, title = "Rain" });
        Assert.Equal("Rain", (await me.InboxOfAsync(1))[0].Title);
        (await me.SendAsync(HttpMethod.Delete, "/v1/me/topics/news.local", null)).Expect(204);
        (await me.SendAsync(HttpMethod.Delete, "/v1/me/topics/news.local", null)).Expect(204);
        (await api.GetAsync("/v1/me/topics")).Expect(403);
    }

    private Task<Api> TenantAsync() => Tenants.NewAsync(fixture);

    private static Task<Answer> PutAsync(Api api, string body, string match)
    {
        var request = new HttpRequestMessage(HttpMethod.Put, "/v1/policy") { Content = new StringContent(body, System.Text.Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation("If-Match", match);
        return api.SendAsync(request);
    }

    /// <summary>By category: inbox, email, webhook, and a mark where it is mandatory.</summary>
    private static string Effective(JsonElement preferences) => string.Join(", ", preferences.GetProperty("effective").EnumerateArray().Select(e =>
        $"{Text(e, "category")}: {Text(e.GetProperty("channels"), "inbox")} {Text(e.GetProperty("channels"), "email")} {Text(e.GetProperty("channels"), "webhook")}" +
        (e.GetProperty("mandatory").GetBoolean() ? "!" : "")));

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}

/// <summary>Tenants that no other test has.</summary>
internal static class Tenants
{
    private static int _last;

    /// <summary>The API with a key of a new tenant that may do everything.</summary>
    public static async Task<Api> NewAsync(ServerFixture fixture)
    {
        var made = await fixture.Server.Api.PostAsync("/v1/keys", new { name = "test", scopes = new[] { "admin" }, tenant = $"people-{Interlocked.Increment(ref _last)}" });
        return fixture.Server.Api.As(made.Expect(201).Json.GetProperty("key").GetString());
    }
}
