using System.Net;
using System.Text;
using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Users, imports, exports and deletion over HTTP; each test has a tenant of its own.</summary>
[Collection(SharedServer.Name)]
public sealed class UsersTests(ServerFixture fixture)
{
    [Fact]
    public async Task A_user_is_put_read_listed_and_deleted()
    {
        var api = await TenantAsync();
        (await api.GetAsync("/v1/users/ada")).Expect(404);
        var created = (await PutAsync(api, "ada", """{"email":"ada@example.com","name":"Ada","locale":"de-AT","timeZone":"Europe/Vienna"}""")).Expect(201);
        Assert.Equal(("/v1/users/ada", "ada@example.com"), (created.Headers.Location?.ToString(), Text(created.Json, "email")));
        (await api.SendTextAsync(HttpMethod.Patch, "/v1/users/ada/preferences", """{"channels":{"email":"off"}}""")).Expect(200);
        var replaced = (await PutAsync(api, "ada", """{"email":"ada@example.org"}""")).Expect(200).Json;
        Assert.Equal(("ada@example.org", null, null, null), (Text(replaced, "email"), Text(replaced, "name"), Text(replaced, "locale"), Text(replaced, "timeZone")));
        Assert.Equal("off", Text((await api.GetAsync("/v1/users/ada/preferences")).Json.GetProperty("channels"), "email")); // Preferences stay.
        Assert.Equal(replaced.GetRawText(), (await api.GetAsync("/v1/users/ada")).Expect(200).Text);

        await api.SubscribeAsync("news", "bob");
        (await PutAsync(api, "x%2Fy", "{}")).Expect(201);
        var page = (await api.GetAsync("/v1/users?limit=2")).Expect(200).Json;
        Assert.Equal(["ada", "bob"], page.GetProperty("data").EnumerateArray().Select(u => Text(u, "id")));
        var rest = (await api.GetAsync("/v1/users?limit=2&after=" + Text(page, "nextCursor"))).Expect(200).Json;
        Assert.Equal("x/y", Text(Assert.Single(rest.GetProperty("data").EnumerateArray()), "id"));

        (await api.SendAsync(HttpMethod.Delete, "/v1/users/ada", null)).Expect(204);
        (await api.SendAsync(HttpMethod.Delete, "/v1/users/ada", null)).Expect(204);
        (await api.SendAsync(HttpMethod.Delete, "/v1/users/nobody", null)).Expect(204);
        (await api.GetAsync("/v1/users/ada")).Expect(404);
        (await api.GetAsync("/v1/users/ada/export")).Expect(404);
        var deletion = Assert.Single((await api.GetAsync("/v1/users/deletions")).Expect(200).Json.GetProperty("data").EnumerateArray());
        Assert.Equal(("ada", 1), (Text(deletion, "userId"), deletion.GetProperty("removed").GetProperty("profile").GetInt32()));
        Assert.StartsWith("key_", Text(deletion, "deletedBy"), StringComparison.Ordinal);
        (await PutAsync(api, "ada", "{}")).Expect(201); // Someone new.
    }

    [Theory]
    [InlineData("""{"email":"nobody"}""", "email")]
    [InlineData("""{"email":"a@b@c.example"}""", "email")]
    [InlineData("""{"email":"a b@c.example"}""", "email")]
    [InlineData("""{"email":7}""", "email")]
    [InlineData("""{"name":"A\nB"}""", "name")]
    [InlineData("""{"name":""}""", "name")]
    [InlineData("""{"locale":"german please"}""", "locale")]
    [InlineData("""{"timeZone":"Mars/Base"}""", "timeZone")]
    [InlineData("""{"mail":"ada@example.com"}""", "mail")]
    [InlineData("""{"preferences":{}}""", "preferences")]
    [InlineData("""{"name":"A","name":"B"}""", "name")]
    public async Task A_user_who_is_wrong_is_refused_by_the_field(string body, string field)
    {
        var api = await TenantAsync();
        var answer = (await PutAsync(api, "ada", body)).Expect(400);
        Assert.Equal(field, Assert.Single(answer.Json.GetProperty("errors").EnumerateObject()).Name);
        (await api.GetAsync("/v1/users/ada")).Expect(404);
    }

    [Fact]
    public async Task Who_may_not_write_users_does_not()
    {
        var api = await TenantAsync();
        var viewer = api.As((await api.PostAsync("/v1/keys", new { name = "viewer", scopes = new[] { "view" } })).Expect(201).Json.GetProperty("key").GetString());
        (await PutAsync(viewer, "ada", "{}")).Expect(403);
        (await viewer.SendAsync(HttpMethod.Delete, "/v1/users/ada", null)).Expect(403);
        (await viewer.SendTextAsync(HttpMethod.Post, "/v1/users/import", "{}", "application/x-ndjson")).Expect(403);
        (await viewer.GetAsync("/v1/users")).Expect(200);
        (await PutAsync(api, "a%20b", "{}")).Expect(400);
        (await PutAsync(api.As(null), "ada", "{}")).Expect(401);
    }

    [Fact]
    public async Task A_bad_line_costs_itself_alone()
    {
        var api = await TenantAsync();
        (await PutAsync(api, "ada", """{"name":"Ada"}""")).Expect(201);
        (await api.SendTextAsync(HttpMethod.Patch, "/v1/users/ada/preferences", """{"channels":{"email":"off"}}""")).Expect(200);
        var result = (await ImportAsync(api, "/v1/users/import", $$$$"""
            {"id":"ada","email":"ada@example.com"}
            {"id":"bob","preferences":{"channels":{"email":"digest"},"quietHours":{"start":"22:00","end":"07:00"}}}

            {"id":"cat","email":"nobody"}
            not json
            {"email":"x@example.com"}
            {"id":"d d"}
            {"id":"eve","preferences":{"channels":{"email":"loud"}}}
            {"id":"fay","colour":"red"}
            {"id":"gus","name":"{{{{new string('x', 17 * 1024)}}}}"}
            {"id":"bob","name":"Bob"}
            []
            {"id":"hal","id":"hal"}
            """)).Expect(200).Json;
        Assert.Equal((3, 1, 2, 9), (Number(result, "imported"), Number(result, "created"), Number(result, "updated"), Number(result, "failed")));
        Assert.Equal(
            ["4 email", "5 ", "6 id", "7 id", "8 preferences.channels.email", "9 colour", "10 ", "12 ", "13 id"],
            result.GetProperty("errors").EnumerateArray().Select(e => $"{e.GetProperty("line").GetInt64()} {Text(e, "field")}"));
        var ada = (await api.GetAsync("/v1/users/ada")).Expect(200).Json;
        Assert.Equal(("ada@example.com", null), (Text(ada, "email"), Text(ada, "name")));
        Assert.Equal("off", Text((await api.GetAsync("/v1/users/ada/preferences")).Json.GetProperty("channels"), "email"));
        Assert.Equal("digest", Text((await api.GetAsync("/v1/users/bob/preferences")).Json.GetProperty("channels"), "email")); // The later line says nothing of them.
        Assert.Equal("Bob", Text((await api.GetAsync("/v1/users/bob")).Json, "name"));
        (await api.GetAsync("/v1/users/fay")).Expect(404);
        (await api.SendTextAsync(HttpMethod.Post, "/v1/users/import", "[]")).Expect(415);
        Assert.Equal(0, Number((await ImportAsync(api, "/v1/users/import", "")).Expect(200).Json, "imported"));
    }

    [Fact]
    public async Task A_hundred_thousand_lines_pass_through_a_bounded_server()
    {
        var api = await TenantAsync();
        (await api.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/users/import") { Content = new UserLines(5_000, 20, "warm-up") })).Expect(200);
        var before = fixture.Server.ResidentBytes;
        const int Padding = 1_500; // 160 MB in all, ten times what a request may have otherwise.
        var result = (await api.SendAsync(new HttpRequestMessage(HttpMethod.Post, "/v1/users/import") { Content = new UserLines(100_000, Padding, "user") }))
            .Expect(200).Json;
        Assert.Equal((99_900, 99_900, 100), (Number(result, "imported"), Number(result, "created"), Number(result, "failed")));
        Assert.Equal((1_000, 100), (result.GetProperty("errors")[0].GetProperty("line").GetInt32(), result.GetProperty("errors").GetArrayLength()));
        Assert.InRange(fixture.Server.ResidentBytes - before, long.MinValue, 120 << 20);
        Assert.Equal("u99999@example.com", Text((await api.GetAsync("/v1/users/user-99999")).Expect(200).Json, "email"));
    }

    [Fact]
    public async Task Subscriptions_are_imported_and_heard()
    {
        var api = await TenantAsync();
        await api.SubscribeAsync("big%2Fnews", "ada");
        var result = (await ImportAsync(api, "/v1/topics/big%2Fnews/subscriptions/import", """
            {"userId":"ada"}
            {"userId":"bob"}
            {"user":"cat"}
            {"userId":""}
            """)).Expect(200).Json;
        Assert.Equal((2, 1, 1, 2), (Number(result, "imported"), Number(result, "created"), Number(result, "updated"), Number(result, "failed")));
        await api.PublishAsync(new { type = "t", to = new[] { "topic:big/news" }, title = "Hello" });
        using var bob = await api.AsUserAsync("bob");
        Assert.Equal("Hello", (await bob.InboxOfAsync(1))[0].Title);
        (await ImportAsync(api, "/v1/topics/a%20b/subscriptions/import", "")).Expect(400);
    }

    [Fact]
    public async Task An_export_holds_what_is_kept_and_a_deletion_leaves_none_of_it()
    {
        var api = await TenantAsync();
        (await PutAsync(api, "ada", """{"email":"ada@example.com","name":"Ada","timeZone":"Europe/Vienna"}""")).Expect(201);
        (await api.SendTextAsync(HttpMethod.Patch, "/v1/users/ada/preferences", """{"categories":{"orders":{"email":"off"}}}""")).Expect(200);
        await api.SubscribeAsync("news", "ada");
        for (var i = 0; i < 120; i++)
        {
            await api.PublishAsync("ada", $"secret {i}", "orders");
        }

        await api.PublishAsync(new { type = "t", to = new[] { "all" }, title = "To everyone" });
        using var me = await api.AsUserAsync("ada");
        var items = await me.InboxOfAsync(121);
        var export = (await api.GetAsync("/v1/users/ada/export")).Expect(200).Json;
        Assert.Equal(("ada", "ada@example.com", "Europe/Vienna"), (Text(export, "userId"), Text(export.GetProperty("profile"), "email"), Text(export.GetProperty("profile"), "timeZone")));
        Assert.Equal("off", Text(export.GetProperty("preferences").GetProperty("categories").GetProperty("orders"), "email"));
        Assert.Equal("news", Text(Assert.Single(export.GetProperty("subscriptions").EnumerateArray()), "topic"));
        Assert.Equal(items.Select(i => i.Id).Reverse(), export.GetProperty("notifications").EnumerateArray().Select(i => Text(i, "id")));
        Assert.Equal(("[]", "[]"), (export.GetProperty("devices").GetRawText(), export.GetProperty("webhooks").GetRawText()));
        var deliveries = export.GetProperty("deliveries").EnumerateArray().ToArray(); // What was not sent, and why.
        Assert.Equal(120, deliveries.Length);
        Assert.All(deliveries, d => Assert.Equal(("email", "skipped", "user_category"), (Text(d, "channel"), Text(d, "state"), Text(d, "reason"))));

        // What is exported can be imported elsewhere.
        var other = await TenantAsync();
        var line = JsonSerializer.Serialize(new
        {
            id = "ada",
            email = Text(export.GetProperty("profile"), "email"),
            name = Text(export.GetProperty("profile"), "name"),
            timeZone = Text(export.GetProperty("profile"), "timeZone"),
            preferences = export.GetProperty("preferences"),
        });
        Assert.Equal(1, Number((await ImportAsync(other, "/v1/users/import", line)).Expect(200).Json, "created"));
        Assert.Equal(export.GetProperty("preferences").GetRawText(), (await other.GetAsync("/v1/users/ada/export")).Expect(200).Json.GetProperty("preferences").GetRawText());

        var secret = items.Single(i => i.Title == "secret 7").EventId;
        (await api.SendAsync(HttpMethod.Delete, "/v1/users/ada", null)).Expect(204);
        var emptied = (await api.GetAsync($"/v1/events/{secret}")).Expect(200);
        Assert.DoesNotContain("secret", emptied.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("ada", emptied.Text, StringComparison.Ordinal);
        Assert.Empty((await me.InboxAsync()).Items);
        await api.PublishAsync("ada", "A new life");
        Assert.Equal("A new life", Assert.Single(await me.InboxOfAsync(1)).Title);
    }

    private Task<Api> TenantAsync() => Tenants.NewAsync(fixture);

    private static Task<Answer> PutAsync(Api api, string user, string body) => api.SendTextAsync(HttpMethod.Put, "/v1/users/" + user, body);

    private static Task<Answer> ImportAsync(Api api, string path, string lines) => api.SendTextAsync(HttpMethod.Post, path, lines, "application/x-ndjson");

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();

    private static int Number(JsonElement json, string name) => json.GetProperty(name).GetInt32();

    /// <summary>Lines that are made while they are sent; each thousandth is no JSON.</summary>
    private sealed class UserLines : HttpContent
    {
        private readonly int _count;
        private readonly string _name;
        private readonly string _padding;

        public UserLines(int count, int padding, string name)
        {
            (_count, _name, _padding) = (count, name, new string(' ', padding));
            Headers.ContentType = new("application/x-ndjson");
        }

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var i = 1; i <= _count; i++)
            {
                var line = i % 1000 == 0 ? "{\n" : $"{{\"id\":\"{_name}-{i}\",{_padding}\"email\":\"u{i}@example.com\"}}\n";
                await stream.WriteAsync(Encoding.UTF8.GetBytes(line));
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
