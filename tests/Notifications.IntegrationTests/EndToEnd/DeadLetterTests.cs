using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Jobs, operations, dead letters and deliveries as an operator meets them.</summary>
public sealed class DeadLetterTests
{
    private const string Payload =
        """{"v":1,"acceptedAt":1,"to":["user:ann"],"orderingKey":"user:ann","content":{"type":"t","title":"late","body":null,"url":null,"imageUrl":null,"data":null,"actions":null,"category":null,"priority":"critical"}}""";

    [Fact]
    public async Task What_the_store_refused_is_replayed_once_it_would_take_it_and_comes_once()
    {
        await using var server = await ServerProcess.StartAsync();
        await server.StopAsync();
        Sql(server, "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.external_id LIKE 'poison%' BEGIN SELECT RAISE(ABORT, 'refused'); END");
        await server.StartAgainAsync();
        foreach (var user in new[] { "ann", "bob" })
        {
            (await server.Api.PostAsync("/v1/events", new { id = "poison " + user, type = "t", to = new[] { "user:" + user }, title = user, orderingKey = user })).Expect(202);
        }

        var letters = await LettersAsync(server, 2);
        Assert.All(letters, l => Assert.Equal(("event", "refused_by_store"), (Text(l, "kind"), Text(l, "reason"))));
        var detail = (await server.Api.GetAsync("/v1/dead-letters/" + Text(letters[0], "id"))).Expect(200).Json;
        Assert.Equal("bob", detail.GetProperty("payload").GetProperty("content").GetProperty("title").GetString());
        var group = Assert.Single((await server.Api.GetAsync("/v1/dead-letters/groups")).Expect(200).Json.GetProperty("data").EnumerateArray());
        Assert.Equal((2, Text(letters[0], "id")), (group.GetProperty("count").GetInt32(), Text(group, "example")));

        // Nothing is changed by a dry run, and nothing is gained while the store goes on refusing.
        var preview = (await server.Api.PostAsync("/v1/dead-letters/replay", new { filter = new { }, dryRun = true })).Expect(200).Json;
        Assert.Equal((2, 2), (preview.GetProperty("total").GetInt32(), preview.GetProperty("sample").GetArrayLength()));
        await LettersAsync(server, 2);
        await server.StopAsync();
        Sql(server, "DROP TRIGGER refuse");
        await server.StartAgainAsync();

        // One by its id, then the rest, then what is stored by now, once more.
        var one = await OperateAsync(server, "replay", new { ids = new[] { Text(letters[1], "id"), "dl_" + new string('0', 32) } });
        Assert.Equal(("finished", 2), (Text(one, "state"), one.GetProperty("done").GetInt32()));
        Assert.Equal("""{"not_found":1,"replayed":1}""", one.GetProperty("counts").GetRawText());
        using var ann = await server.Api.AsUserAsync("ann");
        Assert.Equal("ann", Assert.Single(await ann.InboxOfAsync(1)).Title);
        Sql(server, "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload) " +
            "SELECT randomblob(16), tenant, id, 0, 99, 'test', 'test', 0, CAST('{}' AS BLOB) FROM events");
        var rest = await OperateAsync(server, "replay", new { filter = new { } });
        Assert.Equal("""{"replayed":1,"skipped_already_stored":1}""", rest.GetProperty("counts").GetRawText());
        using var bob = await server.Api.AsUserAsync("bob");
        await bob.InboxOfAsync(1);
        await LettersAsync(server, 0);
        Assert.Single((await ann.InboxAsync()).Items);
        Assert.Equal(
            [Text(rest, "id"), Text(one, "id")],
            (await server.Api.GetAsync("/v1/operations?kind=dead_letters.replay")).Expect(200).Json.GetProperty("data").EnumerateArray().Select(o => Text(o, "id")));
    }

    [Fact]
    public async Task What_is_no_event_stays_and_can_be_discarded()
    {
        await using var server = await ServerProcess.StartAsync();
        await server.Api.PublishAsync("ann", "first");
        using var ann = await server.Api.AsUserAsync("ann");
        await ann.InboxOfAsync(1);
        foreach (var (payload, reason) in new[] { ("no JSON", "malformed"), ("""{"v":99}""", "unknown_version"), (Payload, "test") })
        {
            Sql(server, "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload) " +
                $"VALUES (randomblob(16), 'default', randomblob(16), 0, 1, '{reason}', 'Entry 17 of dlv_00000000000000000000000000000001.', 0, CAST('{payload}' AS BLOB))");
        }

        var replayed = await OperateAsync(server, "replay", new { filter = new { kind = "event" } });
        Assert.Equal("""{"failed_malformed":1,"failed_unknown_version":1,"replayed":1}""", replayed.GetProperty("counts").GetRawText());
        Assert.Equal(["late", "first"], (await ann.InboxOfAsync(2)).Select(i => i.Title));
        var left = await LettersAsync(server, 2);
        var malformed = left.Single(l => Text(l, "reason") == "malformed");
        var detail = (await server.Api.GetAsync("/v1/dead-letters/" + Text(malformed, "id"))).Expect(200).Json;
        Assert.Equal(JsonValueKind.Null, detail.GetProperty("payload").ValueKind);
        Assert.Equal("no JSON"u8.ToArray(), detail.GetProperty("payloadBase64").GetBytesFromBase64());
        Assert.All(
            (await server.Api.GetAsync("/v1/dead-letters/groups")).Json.GetProperty("data").EnumerateArray(), g => Assert.Equal("Entry # of #.", Text(g, "error")));

        var some = await OperateAsync(server, "discard", new { filter = new { reason = "malformed" } });
        Assert.Equal("""{"discarded":1}""", some.GetProperty("counts").GetRawText());
        Assert.Equal("unknown_version", Text(Assert.Single(await LettersAsync(server, 1)), "reason"));
        (await server.Api.GetAsync("/v1/dead-letters/" + Text(malformed, "id"))).Expect(404);
        Assert.Equal("operation_ended", (await server.Api.SendAsync(HttpMethod.Post, $"/v1/operations/{Text(some, "id")}/cancel", null)).Expect(409).Code);
    }

    [Fact]
    public async Task A_delivery_is_shown_and_sent_again_under_its_id()
    {
        await using var server = await ServerProcess.StartAsync();
        var @event = await server.Api.PublishAsync("ann", "hello");
        using var ann = await server.Api.AsUserAsync("ann");
        await ann.InboxOfAsync(1);
        Sql(server, "INSERT INTO deliveries (tenant, id, event_id, user_id, channel, target, kind, state, reason, created_at, due_at, finished_at, attempts) " +
            "SELECT 'default', randomblob(16), id, 'ann', 'other', 'ann@example.com', 'event', 'sent', 'sent', 5, 5, 6, 1 FROM events");
        var delivery = Assert.Single((await server.Api.GetAsync($"/v1/deliveries?eventId={@event}")).Expect(200).Json.GetProperty("data").EnumerateArray());
        Assert.Equal((@event, "ann", "sent"), (Text(delivery, "eventId"), Text(delivery, "userId"), Text(delivery, "state")));
        var path = "/v1/deliveries/" + Text(delivery, "id");
        (await server.Api.GetAsync(path)).Expect(200);
        Assert.Equal("already_sent", (await server.Api.SendAsync(HttpMethod.Post, path + "/resend", null)).Expect(409).Code);
        var resent = (await server.Api.PostAsync(path + "/resend", new { force = true })).Expect(202).Json;
        Assert.Equal((Text(delivery, "id"), "pending", "resent"), (Text(resent, "id"), Text(resent, "state"), Text(resent, "reason")));
        Assert.Equal("delivery_pending", (await server.Api.PostAsync(path + "/resend", new { force = true })).Expect(409).Code);
        Assert.Equal(1, DataFile.Number(server.DataFolder, "SELECT COUNT(*) FROM delivery_queue"));
        (await server.Api.SendAsync(HttpMethod.Post, $"/v1/deliveries/dlv_{new string('0', 32)}/resend", null)).Expect(404);
    }

    [Fact]
    public async Task Jobs_are_shown_and_run_when_asked()
    {
        await using var server = await ServerProcess.StartAsync();
        var jobs = await Until.ValueAsync(
            "every job has run", () => JobsAsync(server), all => all.Length > 0 && Array.TrueForAll(all, j => j.GetProperty("lastSucceededAt").ValueKind == JsonValueKind.String));
        Assert.All(jobs, j =>
        {
            Assert.Equal(("lease", 0), (Text(j, "clock"), j.GetProperty("failures").GetInt32()));
            Assert.True(j.GetProperty("nextRunAt").GetDateTimeOffset() > j.GetProperty("lastStartedAt").GetDateTimeOffset());
        });
        var before = Retention(jobs).GetProperty("lastStartedAt").GetDateTimeOffset();
        (await server.Api.SendAsync(HttpMethod.Post, "/v1/jobs/retention/run", null)).Expect(202);
        await Until.TrueAsync("retention ran again", async () => Retention(await JobsAsync(server)).GetProperty("lastStartedAt").GetDateTimeOffset() > before);
        (await server.Api.SendAsync(HttpMethod.Post, "/v1/jobs/nothing/run", null)).Expect(404);

        static JsonElement Retention(JsonElement[] jobs) => jobs.Single(j => Text(j, "name") == "retention");
    }

    [Fact]
    public async Task Only_operators_may_and_what_they_ask_for_must_make_sense()
    {
        await using var server = await ServerProcess.StartAsync();
        using var viewer = server.Api.As(await KeyAsync(server, "view"));
        using var producer = server.Api.As(await KeyAsync(server, "events:write"));
        foreach (var path in new[] { "/v1/jobs", "/v1/operations", "/v1/dead-letters", "/v1/dead-letters/groups", "/v1/deliveries" })
        {
            (await viewer.GetAsync(path)).Expect(200);
            (await producer.GetAsync(path)).Expect(403);
        }

        var id = new string('0', 32);
        foreach (var path in new[]
        {
            "/v1/jobs/retention/run", $"/v1/operations/op_{id}/cancel", "/v1/dead-letters/replay", "/v1/dead-letters/discard", $"/v1/deliveries/dlv_{id}/resend",
        })
        {
            (await viewer.PostAsync(path, new { })).Expect(403);
        }

        foreach (var body in new[]
        {
            "{}", """{"ids":[]}""", """{"ids":["x"]}""", $$$"""{"ids":["dl_{{{id}}}"],"filter":{}}""", """{"filter":{"kind":"x"}}""", """{"filter":{"channel":"x"}}""",
            """{"filter":{"reason":""}}""", """{"filter":{},"limit":0}""", """{"filter":{"typo":1}}""", """{"filter":{},"filter":{}}""",
        })
        {
            (await server.Api.SendTextAsync(HttpMethod.Post, "/v1/dead-letters/discard", body)).Expect(400);
        }

        foreach (var path in new[]
        {
            "/v1/dead-letters?kind=x", "/v1/dead-letters?eventId=x", "/v1/dead-letters?after=x", "/v1/dead-letters?limit=0", "/v1/deliveries?state=x",
            "/v1/deliveries?webhookId=x", "/v1/deliveries?channel=x", "/v1/deliveries?eventId=x", "/v1/operations?state=x", "/v1/operations?kind=x",
        })
        {
            (await server.Api.GetAsync(path)).Expect(400);
        }

        foreach (var path in new[] { $"/v1/dead-letters/dl_{id}", "/v1/dead-letters/x", $"/v1/deliveries/dlv_{id}", $"/v1/operations/op_{id}" })
        {
            (await server.Api.GetAsync(path)).Expect(404);
        }
    }

    private static string Text(JsonElement json, string name) => json.GetProperty(name).GetString()!;

    private static void Sql(ServerProcess server, string sql) => DataFile.Rows(server.DataFolder, sql, _ => 0);

    private static async Task<JsonElement[]> JobsAsync(ServerProcess server) =>
        [.. (await server.Api.GetAsync("/v1/jobs")).Expect(200).Json.GetProperty("data").EnumerateArray()];

    private static Task<JsonElement[]> LettersAsync(ServerProcess server, int count) => Until.ValueAsync(
        $"{count} dead letters",
        async () => (await server.Api.GetAsync("/v1/dead-letters")).Expect(200).Json.GetProperty("data").EnumerateArray().ToArray(),
        letters => letters.Length == count);

    private static async Task<JsonElement> OperateAsync(ServerProcess server, string action, object body)
    {
        var accepted = (await server.Api.PostAsync("/v1/dead-letters/" + action, body)).Expect(202);
        var path = "/v1/operations/" + Text(accepted.Json, "operationId");
        Assert.Equal(path, accepted.Headers.Location?.OriginalString);
        return await Until.ValueAsync(
            "the operation ends", async () => (await server.Api.GetAsync(path)).Expect(200).Json, operation => Text(operation, "state") is not ("pending" or "running"));
    }

    private static async Task<string> KeyAsync(ServerProcess server, params string[] scopes) =>
        Text((await server.Api.PostAsync("/v1/keys", new { name = "test", scopes })).Expect(201).Json, "key");
}
