using System.Net;
using System.Net.Sockets;
using System.Text;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>What producers notice, over real sockets.</summary>
[Collection(SharedServer.Name)]
public sealed class IngestionTests(ServerFixture fixture)
{
    private Api Api => fixture.Server.Api;

    /// <summary>A name, a body, the status and the field that is named, if any.</summary>
    public static TheoryData<string, string, int, string?> BadEvents => new()
    {
        { "empty body", "", 400, null },
        { "not JSON", "{", 400, null },
        { "trailing text", """{"type":"t","to":["user:a"],"title":"x"} x""", 400, null },
        { "not an object", "7", 400, null },
        { "empty object", "{}", 400, "type" },
        { "no recipient", """{"type":"t","title":"x"}""", 400, "to" },
        { "empty to", """{"type":"t","to":[],"title":"x"}""", 400, "to" },
        { "unknown kind of recipient", """{"type":"t","to":["group:a"],"title":"x"}""", 400, "to[0]" },
        { "recipient without id", """{"type":"t","to":["user:"],"title":"x"}""", 400, "to[0]" },
        { "recipient twice wrong", """{"type":"t","to":["user:a","all:x"],"title":"x"}""", 400, "to[1]" },
        { "no title", """{"type":"t","to":["user:a"]}""", 400, "title" },
        { "wrong type", """{"type":"t","to":["user:a"],"title":7}""", 400, "title" },
        { "unknown property", """{"type":"t","to":["user:a"],"title":"x","prioritty":"high"}""", 400, "prioritty" },
        { "duplicate property", """{"type":"t","to":["user:a"],"title":"x","title":"y"}""", 400, "title" },
        { "unknown priority", """{"type":"t","to":["user:a"],"title":"x","priority":"urgent"}""", 400, "priority" },
        { "unsafe link", """{"type":"t","to":["user:a"],"title":"x","url":"javascript:alert(1)"}""", 400, "url" },
        { "unsafe action", """{"type":"t","to":["user:a"],"title":"x","actions":[{"title":"go","url":"data:text/html,x"}]}""", 400, null },
        { "NUL", """{"type":"t","to":["user:a"],"title":"x\u0000y"}""", 400, "title" },
        { "lone surrogate", """{"type":"t","to":["user:a"],"title":"\ud800"}""", 400, null },
        { "lone surrogate in data", """{"type":"t","to":["user:a"],"title":"x","data":"\udc00"}""", 400, null },
        { "too deep", $$"""{"type":"t","to":["user:a"],"title":"x","data":{{new string('[', 40)}}{{new string(']', 40)}}}""", 400, null },
        { "oversized id", $$"""{"id":"{{new string('i', 5_000)}}","type":"t","to":["user:a"],"title":"x"}""", 400, "id" },
        { "no title and no template", """{"type":"t","to":["user:a"]}""", 400, "title" },
        { "no address", """{"type":"t","to":["email:a@b\u0020c"],"title":"x"}""", 400, "to[0]" },
        { "too large", $$"""{"type":"t","to":["user:a"],"title":"x","data":"{{new string('d', 300_000)}}"}""", 413, null },
    };

    [Theory]
    [MemberData(nameof(BadEvents))]
    public async Task A_bad_event_is_refused_with_a_code_and_the_field(string name, string body, int status, string? field)
    {
        var answer = await Api.SendTextAsync(HttpMethod.Post, "/v1/events", body);

        Assert.True(answer.Status == status, $"{name}: {answer}");
        Assert.Equal("application/problem+json", answer.ContentType);
        Assert.Matches("^[a-z][a-z0-9_]+$", answer.Code);
        Assert.True(answer.Json.TryGetProperty("traceId", out _), $"{name}: {answer}");
        if (field is not null)
        {
            Assert.True(answer.Json.GetProperty("errors").TryGetProperty(field, out var messages) && messages.GetArrayLength() > 0, $"{name}: {answer}");
        }
    }

    [Fact]
    public async Task Wrong_content_types_and_methods_are_refused()
    {
        const string Body = """{"type":"t","to":["user:a"],"title":"x"}""";

        Assert.Equal(415, (await Api.SendTextAsync(HttpMethod.Post, "/v1/events", Body, "text/plain")).Status);
        Assert.Equal(415, (await Api.SendTextAsync(HttpMethod.Post, "/v1/events", Body, "application/xml")).Status);
        Assert.Equal(415, (await Api.SendTextAsync(HttpMethod.Post, "/v1/events/batch", Body, "text/csv")).Status);
        Assert.Equal(405, (await Api.SendTextAsync(HttpMethod.Put, "/v1/events", Body)).Status);
        Assert.Equal(404, (await Api.GetAsync("/v1/nothing")).Status);
        Assert.Equal(202, (await Api.SendTextAsync(HttpMethod.Post, "/v1/events", Body, "application/json; charset=utf-8")).Status);
        foreach (var answer in new[]
        {
            await Api.SendTextAsync(HttpMethod.Post, "/v1/events", Body, "text/plain"),
            await Api.SendTextAsync(HttpMethod.Put, "/v1/events", Body),
            await Api.GetAsync("/v1/nothing"),
        })
        {
            Assert.False(string.IsNullOrEmpty(answer.Code), answer.ToString());
        }
    }

    [Fact]
    public async Task A_chunked_body_that_never_ends_is_refused()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, fixture.Server.Address.Port);
        await using var stream = socket.GetStream();
        using var limit = new CancellationTokenSource(Until.Limit, TimeProvider.System);
        await stream.WriteAsync(
            Encoding.ASCII.GetBytes(
                $"POST /v1/events HTTP/1.1\r\nHost: {fixture.Server.Address.Authority}\r\nAuthorization: Bearer {ServerProcess.DevelopmentKey}\r\n" +
                "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"),
            limit.Token);
        var answer = ReadAsync();
        var chunk = Encoding.ASCII.GetBytes($"10000\r\n{new string('[', 0x10000)}\r\n");
        var sent = 0L;
        try
        {
            while (!answer.IsCompleted && sent < 64 << 20)
            {
                await stream.WriteAsync(chunk, limit.Token);
                sent += chunk.Length;
            }
        }
        catch (IOException)
        {
            // It hung up on us, which is right; the answer may have come before.
        }

        var text = await answer;
        Assert.True(text.Length == 0 || text.StartsWith("HTTP/1.1 4", StringComparison.Ordinal), text);
        Assert.True(sent < 64 << 20, "The server took 64 MiB of one event.");

        async Task<string> ReadAsync()
        {
            var buffer = new byte[4096];
            try
            {
                return Encoding.ASCII.GetString(buffer, 0, await stream.ReadAsync(buffer, limit.Token));
            }
            catch (IOException)
            {
                return "";
            }
        }
    }

    [Fact]
    public async Task An_accepted_event_can_be_looked_up_and_says_what_became_of_it()
    {
        var user = fixture.NewUser();
        var externalId = "order-1/" + user;
        var answer = (await Api.PostAsync("/v1/events", new { id = externalId, type = "t", to = new[] { "user:" + user }, title = "x" })).Expect(202);
        var id = answer.Json.GetProperty("id").GetString()!;

        Assert.Equal($"/v1/events/{id}", answer.Headers.Location?.OriginalString);
        Assert.Equal(externalId, answer.Json.GetProperty("externalId").GetString());
        Assert.False(answer.Json.GetProperty("duplicate").GetBoolean());
        Assert.False(string.IsNullOrEmpty(answer.Json.GetProperty("status").GetString()));
        var found = await StoredAsync($"/v1/events/{id}");
        var same = await StoredAsync($"/v1/events?externalId={Uri.EscapeDataString(externalId)}");
        Assert.Equal(id, found.Json.GetProperty("id").GetString());
        Assert.Equal(id, same.Json.GetProperty("id").GetString());
        Assert.Contains(user, found.Text, StringComparison.Ordinal);
        (await Api.GetAsync("/v1/events/evt_0199aaaaaaaa7bbb8ccc0123456789ab")).Expect(404);
        var nonsense = await Api.GetAsync("/v1/events/nonsense");
        Assert.True(nonsense.Status is 400 or 404, nonsense.ToString());
    }

    [Fact]
    public async Task The_same_id_is_one_event_and_another_event_under_it_is_refused()
    {
        var user = fixture.NewUser();
        var id = "once/" + user;
        var first = await PostAsync($$"""{"id":"{{id}}","type":"t","to":["user:{{user}}"],"title":"x","data":{"a":1,"b":2} }""");
        var again = await PostAsync($$"""{ "data": {"b":2,"a":1}, "title":"\u0078", "to":["user:{{user}}"],  "type":"t", "id":"{{id}}" }""");
        var other = await PostAsync($$"""{"id":"{{id}}","type":"t","to":["user:{{user}}"],"title":"y","data":{"a":1,"b":2} }""");

        Assert.Equal((202, false), (first.Status, first.Json.GetProperty("duplicate").GetBoolean()));
        Assert.Equal((202, true), (again.Status, again.Json.GetProperty("duplicate").GetBoolean()));
        Assert.Equal(first.Json.GetProperty("id").GetString(), again.Json.GetProperty("id").GetString());
        Assert.Equal(422, other.Status);
        Assert.False(string.IsNullOrEmpty(other.Code));
        using var me = await Api.AsUserAsync(user);
        await Api.PublishAsync(user, "after");
        Assert.Equal(["after", "x"], (await me.InboxOfAsync(2)).Select(i => i.Title));

        Task<Answer> PostAsync(string body) => Api.SendTextAsync(HttpMethod.Post, "/v1/events", body);
    }

    [Fact]
    public async Task An_idempotency_key_is_an_id()
    {
        var user = fixture.NewUser();
        var raw = await PostAsync($"key/{user}", "x");
        var quoted = await PostAsync($"\"key/{user}\"", "x");
        var other = await PostAsync($"key/{user}", "y");

        Assert.Equal((202, 202, 422), (raw.Status, quoted.Status, other.Status));
        Assert.Equal(raw.Json.GetProperty("id").GetString(), quoted.Json.GetProperty("id").GetString());
        Assert.True(quoted.Json.GetProperty("duplicate").GetBoolean());

        Task<Answer> PostAsync(string key, string title)
        {
            var request = Request("/v1/events", $$"""{"type":"t","to":["user:{{user}}"],"title":"{{title}}"}""", "application/json");
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
            return Api.SendAsync(request);
        }
    }

    [Fact]
    public async Task The_same_id_sent_many_times_at_once_is_one_event()
    {
        var user = fixture.NewUser();
        var body = $$"""{"id":"race/{{user}}","type":"t","to":["user:{{user}}"],"title":"x"}""";
        var answers = await Task.WhenAll(Enumerable.Range(0, 32).Select(_ => Api.SendTextAsync(HttpMethod.Post, "/v1/events", body)));
        var accepted = answers.Where(a => a.Status == 202).ToList();

        Assert.All(answers, a => Assert.True(a.Status is 202 or 409, a.ToString()));
        Assert.Single(accepted, a => !a.Json.GetProperty("duplicate").GetBoolean());
        Assert.Single(accepted.Select(a => a.Json.GetProperty("id").GetString()).Distinct());
        using var me = await Api.AsUserAsync(user);
        await Api.PublishAsync(user, "after");
        Assert.Equal(["after", "x"], (await me.InboxOfAsync(2)).Select(i => i.Title));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_bad_item_does_not_cost_the_good_ones_of_its_batch(bool lines)
    {
        var user = fixture.NewUser();
        string[] events =
        [
            $$"""{"type":"t","to":["user:{{user}}"],"title":"1"}""",
            $$"""{"type":"t","to":["user:{{user}}"]}""",
            $$"""{"type":"t","to":["user:{{user}}"],"title":"2"}""",
            """{"type":"t","to":["nobody"],"title":"x"}""",
            $$"""{"type":"t","to":["user:{{user}}"],"title":"3"}""",
        ];
        var answer = lines
            ? await Api.SendTextAsync(HttpMethod.Post, "/v1/events/batch", string.Join('\n', events) + "\n", "application/x-ndjson")
            : await Api.SendTextAsync(HttpMethod.Post, "/v1/events/batch", $"[{string.Join(',', events)}]");
        var json = answer.Expect(202).Json;
        var results = json.GetProperty("results").EnumerateArray().ToList();

        Assert.Equal((3, 2), (json.GetProperty("accepted").GetInt32(), json.GetProperty("rejected").GetInt32()));
        Assert.Equal([0, 1, 2, 3, 4], results.Select(r => r.GetProperty("index").GetInt32()).Order());
        Assert.Equal("title", results.Single(r => r.GetProperty("index").GetInt32() == 1).GetProperty("problem").GetProperty("errors").EnumerateObject().Single().Name);
        Assert.Equal(400, results.Single(r => r.GetProperty("index").GetInt32() == 3).GetProperty("problem").GetProperty("status").GetInt32());
        using var me = await Api.AsUserAsync(user);
        Assert.Equal(["3", "2", "1"], (await me.InboxOfAsync(3)).Select(i => i.Title));
    }

    [Fact]
    public async Task A_batch_of_nothing_but_bad_items_is_answered_item_by_item()
    {
        var json = (await Api.SendTextAsync(HttpMethod.Post, "/v1/events/batch", "[{},7]")).Expect(202).Json;

        Assert.Equal((0, 2), (json.GetProperty("accepted").GetInt32(), json.GetProperty("rejected").GetInt32()));
    }

    [Fact]
    public async Task A_line_that_is_not_JSON_does_not_cost_the_others()
    {
        var user = fixture.NewUser();
        var good = $$"""{"type":"t","to":["user:{{user}}"],"title":"x"}""";
        var json = (await Api.SendTextAsync(HttpMethod.Post, "/v1/events/batch", $"{good}\r\nnot json\n\n{good}", "application/x-ndjson")).Expect(202).Json;

        Assert.Equal((2, 1), (json.GetProperty("accepted").GetInt32(), json.GetProperty("rejected").GetInt32()));
    }

    [Fact]
    public async Task A_batch_that_is_too_long_is_refused_whole()
    {
        var item = """{"type":"t","to":["user:too-long"],"title":"x"}""";
        var answer = await Api.SendTextAsync(HttpMethod.Post, "/v1/events/batch", $"[{string.Join(',', Enumerable.Repeat(item, 1_001))}]");

        Assert.True(answer.Status is 400 or 413, answer.ToString());
        Assert.False(string.IsNullOrEmpty(answer.Code));
        (await Api.SendTextAsync(HttpMethod.Post, "/v1/events/batch", "{}")).Expect(400);
    }

    [Fact]
    public async Task CloudEvents_come_in_all_three_modes()
    {
        var user = fixture.NewUser();
        var structured = $$$"""
            {"specversion":"1.0","id":"s","source":"/shop/{{{user}}}","type":"order.shipped","recipients":"user:{{{user}}}",
             "datacontenttype":"application/json","data":{"title":"structured","orderId":1}}
            """;
        var binary = Request("/v1/events", """{"title":"binary","orderId":2}""", "application/json");
        binary.Headers.Add("ce-specversion", "1.0");
        binary.Headers.Add("ce-id", "b");
        binary.Headers.Add("ce-source", "/shop/" + user);
        binary.Headers.Add("ce-type", "order.shipped");
        binary.Headers.Add("ce-recipients", $"user:{user},user:{user}-friend");
        string CloudEvent(int id, string recipients, string title) =>
            $$$"""{"specversion":"1.0","id":"{{{id}}}","source":"/shop/{{{user}}}","type":"t","recipients":"{{{recipients}}}","data":{"title":"{{{title}}}"} }""";
        var batch = $"[{CloudEvent(1, "user:" + user, "batch 1")},{CloudEvent(2, "", "bad")},{CloudEvent(3, "user:" + user, "batch 2")}]";

        (await Api.SendTextAsync(HttpMethod.Post, "/v1/events", structured, "application/cloudevents+json")).Expect(202);
        (await Api.SendAsync(binary)).Expect(202);
        var results = (await Api.SendTextAsync(HttpMethod.Post, "/v1/events", batch, "application/cloudevents-batch+json")).Expect(202).Json;
        var again = (await Api.SendTextAsync(HttpMethod.Post, "/v1/events", structured, "application/cloudevents+json")).Expect(202);

        Assert.Equal((2, 1), (results.GetProperty("accepted").GetInt32(), results.GetProperty("rejected").GetInt32()));
        Assert.True(again.Json.GetProperty("duplicate").GetBoolean());
        using var me = await Api.AsUserAsync(user);
        var items = await me.InboxOfAsync(4);
        Assert.Equal(["batch 2", "batch 1", "binary", "structured"], items.Select(i => i.Title));
        Assert.Equal(1, items[3].Json.GetProperty("data").GetProperty("orderId").GetInt32());
        Assert.Equal("order.shipped", items[2].Json.GetProperty("type").GetString());
        using var friend = await Api.AsUserAsync(user + "-friend");
        await friend.InboxOfAsync(1);
    }

    [Theory]
    [InlineData("""{"specversion":"0.3","id":"1","source":"/s","type":"t","recipients":"user:a","data":{"title":"x"}}""")]
    [InlineData("""{"specversion":"1.0","source":"/s","type":"t","recipients":"user:a","data":{"title":"x"}}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"","type":"t","recipients":"user:a","data":{"title":"x"}}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","data":{"title":"x"}}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","recipients":"user:a","data":"text"}""")]
    [InlineData("""{"specversion":"1.0","id":"1","source":"/s","type":"t","recipients":"user:a","data":{}}""")]
    public async Task CloudEvents_that_are_not_valid_are_refused(string body)
    {
        var answer = (await Api.SendTextAsync(HttpMethod.Post, "/v1/events", body, "application/cloudevents+json")).Expect(400);

        Assert.False(string.IsNullOrEmpty(answer.Code), answer.ToString());
    }

    [Fact]
    public async Task A_topic_reaches_those_who_are_subscribed_when_it_is_sent()
    {
        var (ada, ben) = (fixture.NewUser("ada"), fixture.NewUser("ben"));
        var topic = "topic-of-" + ada;
        (await Api.SendAsync(HttpMethod.Put, $"/v1/topics/{topic}/subscriptions/{ada}", null)).Expect(201);
        (await Api.SendAsync(HttpMethod.Put, $"/v1/topics/{topic}/subscriptions/{ada}", null)).Expect(200);
        await Api.SubscribeAsync(topic, ben);
        await PublishToTopicAsync("both");
        using var adaApi = await Api.AsUserAsync(ada);
        using var benApi = await Api.AsUserAsync(ben);
        await adaApi.InboxOfAsync(1);
        await benApi.InboxOfAsync(1);
        (await Api.SendAsync(HttpMethod.Delete, $"/v1/topics/{topic}/subscriptions/{ben}", null)).Expect(204);
        await PublishToTopicAsync("Ada alone");
        await adaApi.InboxOfAsync(2);
        await PublishToTopicAsync("named twice, told once", "user:" + ada);
        await Api.PublishAsync(ben, "for Ben");

        Assert.Equal(["for Ben", "both"], (await benApi.InboxOfAsync(2)).Select(i => i.Title));
        Assert.Equal(["named twice, told once", "Ada alone", "both"], (await adaApi.InboxOfAsync(3)).Select(i => i.Title));

        Task PublishToTopicAsync(string title, params string[] more) =>
            Api.PublishAsync(new { type = "t", to = (string[])["topic:" + topic, .. more], title });
    }

    [Theory]
    [InlineData("a/b")]
    [InlineData("a%2Fb")]
    [InlineData("a?b#c&d=e+f")]
    [InlineData("auth0|5f7c:\u00fc\U0001F600")]
    [InlineData("..")]
    public async Task Ids_that_need_escaping_in_a_path_are_the_same_ids_there(string name)
    {
        var (user, topic) = ($"{name}-{fixture.NewUser()}", $"{name}-{fixture.NewUser("topic")}");
        var path = $"/v1/topics/{Uri.EscapeDataString(topic)}/subscriptions/{Uri.EscapeDataString(user)}";
        (await Api.SendAsync(HttpMethod.Put, path, null)).Expect(201);
        var id = await Api.PublishAsync(new { type = "t", to = new[] { "topic:" + topic }, title = "by topic" });
        var trail = (await StoredAsync($"/v1/events/{id}")).Json.GetProperty("recipients").GetProperty("data").EnumerateArray();
        using var me = await Api.AsUserAsync(user);

        Assert.Equal([user], trail.Select(r => r.GetProperty("userId").GetString()));
        Assert.Equal(["by topic"], (await me.InboxAsync()).Items.Select(i => i.Title));
        (await Api.SendAsync(HttpMethod.Delete, path, null)).Expect(204);
    }

    [Fact]
    public async Task A_large_event_arrives_whole()
    {
        var user = fixture.NewUser();
        var text = string.Concat(Enumerable.Range(0, 20_000).Select(i => (char)('\u4e00' + i)));
        await using var client = await HubClient.ConnectAsync(fixture.Server.Address, await Api.TokenAsync(user));
        await Api.PublishAsync(new { type = "t", to = new[] { "user:" + user }, title = "large", data = new { text } });
        var live = (await client.WaitForNotificationsAsync(1))[0];
        using var me = await Api.AsUserAsync(user);

        Assert.Equal(text, live.Json.GetProperty("data").GetProperty("text").GetString());
        Assert.Equal(text, (await me.InboxOfAsync(1))[0].Json.GetProperty("data").GetProperty("text").GetString());
    }

    [Fact]
    public async Task Tenants_see_nothing_of_each_other()
    {
        var user = fixture.NewUser();
        var tenant = "tenant-" + user;
        var made = (await Api.PostAsync("/v1/keys", new { name = "other", scopes = new[] { "events:write", "tokens:issue", "view" }, tenant })).Expect(201).Json;
        using var other = Api.As(made.GetProperty("key").GetString());
        await using var hubHere = await HubClient.ConnectAsync(fixture.Server.Address, await Api.TokenAsync(user));
        await using var hubThere = await HubClient.ConnectAsync(fixture.Server.Address, await other.TokenAsync(user));
        var id = await Api.PublishAsync(user, "here");
        var there = await other.PublishAsync(user, "there");
        using var here = await Api.AsUserAsync(user);
        using var elsewhere = await other.AsUserAsync(user);

        Assert.Equal(["here"], (await here.InboxOfAsync(1)).Select(i => i.Title));
        Assert.Equal(["there"], (await elsewhere.InboxOfAsync(1)).Select(i => i.Title));
        Assert.Equal("here", (await hubHere.WaitForNotificationsAsync(1)).Single().Title);
        Assert.Equal("there", (await hubThere.WaitForNotificationsAsync(1)).Single().Title);
        await StoredAsync($"/v1/events/{id}");
        (await other.GetAsync($"/v1/events/{id}")).Expect(404);
        (await Api.GetAsync($"/v1/events/{there}")).Expect(404);
        (await other.PostAsync("/v1/keys", new { name = "more", scopes = new[] { "view" } })).Expect(403);
        (await other.SendAsync(HttpMethod.Put, $"/v1/topics/x/subscriptions/{user}", null)).Expect(403);
    }

    private static HttpRequestMessage Request(string path, string body, string contentType) =>
        new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, contentType) };

    /// <summary>Asks until the event is stored; until then it is a 404 that says when to ask again.</summary>
    private Task<Answer> StoredAsync(string path) => Until.ValueAsync($"{path} stored", () => Api.GetAsync(path), answer =>
    {
        if (answer.Status == 404)
        {
            Assert.True(answer.Headers.RetryAfter is not null, $"A 404 without Retry-After: {answer}");
        }

        return answer.Status == 200;
    });
}
