using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Webhooks as operators manage them.</summary>
public sealed class WebhookTests(WebhookTests.Servers servers) : IClassFixture<WebhookTests.Servers>
{
    private Api Api => servers.Server.Api;

    private string Url => servers.Receiver.Url.AbsoluteUri;

    [Fact]
    public async Task A_webhook_is_made_read_changed_and_deleted_and_its_secret_shown_once()
    {
        var answer = (await Api.PostAsync("/v1/webhooks", new { url = "https://example.com/hook", types = new[] { "order.shipped" }, userId = "alice" })).Expect(201);
        var made = answer.Json;
        var path = "/v1/webhooks/" + made.GetProperty("id").GetString();
        Assert.Equal(path, answer.Headers.Location!.OriginalString);
        Assert.True(answer.Headers.CacheControl!.NoStore);
        Assert.StartsWith("whsec_", made.GetProperty("secret").GetString());
        Assert.Equal(
            ("https://example.com/hook", "order.shipped", "alice", true),
            (made.GetProperty("url").GetString(), made.GetProperty("types")[0].GetString(), made.GetProperty("userId").GetString(), made.GetProperty("enabled").GetBoolean()));

        var read = (await Api.GetAsync(path)).Expect(200);
        Assert.DoesNotContain("secret\"", read.Text);
        Assert.DoesNotContain("whsec_", (await Api.GetAsync("/v1/webhooks?limit=100")).Expect(200).Text);

        var off = (await Api.PatchAsync(path, new { enabled = false, types = Array.Empty<string>() })).Expect(200).Json;
        Assert.Equal((false, "operator", 0), (off.GetProperty("enabled").GetBoolean(), off.GetProperty("disabledReason").GetString(), off.GetProperty("types").GetArrayLength()));
        var on = (await Api.PatchAsync(path, new { enabled = true, url = "https://example.org/" })).Expect(200).Json;
        Assert.Equal((true, JsonValueKind.Null, "https://example.org/"), (on.GetProperty("enabled").GetBoolean(), on.GetProperty("disabledAt").ValueKind, on.GetProperty("url").GetString()));

        (await Api.SendAsync(HttpMethod.Delete, path, null)).Expect(204);
        (await Api.SendAsync(HttpMethod.Delete, path, null)).Expect(404);
        (await Api.GetAsync(path)).Expect(404);
        (await Api.PatchAsync(path, new { enabled = true })).Expect(404);
        (await Api.SendAsync(HttpMethod.Post, path + "/rotate", null)).Expect(404);
        (await Api.SendAsync(HttpMethod.Post, path + "/test", null)).Expect(404);
        (await Api.GetAsync("/v1/webhooks/nonsense")).Expect(404);
    }

    [Fact]
    public async Task Webhooks_are_listed_in_parts()
    {
        var made = new List<string>();
        for (var i = 0; i < 3; i++)
        {
            made.Add((await MakeAsync($"https://example.com/{i}")).Id);
        }

        var listed = new List<string>();
        for (var after = ""; ;)
        {
            var page = (await Api.GetAsync("/v1/webhooks?limit=2" + after)).Expect(200).Json;
            listed.AddRange(page.GetProperty("data").EnumerateArray().Select(w => w.GetProperty("id").GetString()!));
            if (page.GetProperty("nextCursor").GetString() is not { } cursor)
            {
                break;
            }

            after = "&after=" + cursor;
        }

        Assert.Equal(made, listed.Where(made.Contains));
        Assert.Equal(listed.Count, listed.Distinct().Count());
        Assert.Equal(400, (await Api.GetAsync("/v1/webhooks?after=bm9uZQ")).Status);
    }

    [Theory]
    [InlineData("""{"url":"http://127.0.0.1:1/"}""", 422, "private_address", "url")]
    [InlineData("""{"url":"https://localhost/"}""", 422, "private_address", "url")]
    [InlineData("""{"url":"https://[::ffff:169.254.169.254]/"}""", 422, "private_address", "url")]
    [InlineData("""{"url":"https://0x7f.1/"}""", 422, "private_address", "url")]
    [InlineData("""{"url":"ftp://example.com/"}""", 400, "invalid_request", "url")]
    [InlineData("""{"url":"https://a:b@example.com/"}""", 400, "invalid_request", "url")]
    [InlineData("""{"url":null}""", 400, "invalid_request", "url")]
    [InlineData("""{}""", 400, "invalid_request", "url")]
    [InlineData("""{"url":"https://example.com/","types":["a","a"]}""", 400, "invalid_request", "types[1]")]
    [InlineData("""{"url":"https://example.com/","types":["a b"]}""", 400, "invalid_request", "types[0]")]
    [InlineData("""{"url":"https://example.com/","types":[null]}""", 400, "invalid_request", "types[0]")]
    [InlineData("""{"url":"https://example.com/","userId":"a,b"}""", 400, "invalid_request", "userId")]
    [InlineData("""{"url":"https://example.com/","secret":"x"}""", 400, "invalid_request", "secret")]
    public async Task What_is_no_webhook_is_refused_with_the_field(string body, int status, string code, string field)
    {
        var before = (await Api.GetAsync("/v1/webhooks?limit=100")).Expect(200).Json.GetProperty("data").GetArrayLength();
        var answer = (await Api.SendTextAsync(HttpMethod.Post, "/v1/webhooks", body)).Expect(status);
        Assert.Equal(code, answer.Code);
        Assert.True(answer.Json.GetProperty("errors").TryGetProperty(field, out _), answer.Text);
        Assert.Equal(before, (await Api.GetAsync("/v1/webhooks?limit=100")).Expect(200).Json.GetProperty("data").GetArrayLength());
    }

    [Fact]
    public async Task A_webhook_moves_only_to_where_it_could_have_been_made()
    {
        var (id, _) = await MakeAsync("https://example.com/");
        Assert.Equal("private_address", (await Api.PatchAsync("/v1/webhooks/" + id, new { url = "https://10.0.0.1/" })).Expect(422).Code);
        Assert.Equal("https://example.com/", (await Api.GetAsync("/v1/webhooks/" + id)).Expect(200).Json.GetProperty("url").GetString());
    }

    [Fact]
    public async Task A_test_is_sent_at_once_signed_and_its_outcome_told()
    {
        var (id, secret) = await MakeAsync(Url);
        servers.Receiver.Answer = r => r.Data.GetProperty("webhookId").GetString() == id ? new WebhookAnswer { Status = 200, Body = "thanks" } : new WebhookAnswer();
        var tried = (await Api.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/test", null)).Expect(200).Json;
        Assert.Equal(
            (true, 200, "sent", "thanks"),
            (tried.GetProperty("delivered").GetBoolean(), tried.GetProperty("status").GetInt32(), tried.GetProperty("reason").GetString(), tried.GetProperty("response").GetString()));
        var received = Assert.Single(Of(id));
        Assert.Equal("webhook.test", received.Type);
        Assert.StartsWith("dlv_", received.Id);
        Assert.True(received.IsSignedBy(secret));

        servers.Receiver.Answer = _ => new WebhookAnswer { Status = 500, Body = "no" };
        var failed = (await Api.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/test", null)).Expect(200).Json;
        Assert.Equal((false, "http_500", 500), (failed.GetProperty("delivered").GetBoolean(), failed.GetProperty("reason").GetString(), failed.GetProperty("status").GetInt32()));
        Assert.Equal(JsonValueKind.String, failed.GetProperty("error").ValueKind);
    }

    [Fact]
    public async Task After_a_rotation_both_secrets_verify()
    {
        var (id, old) = await MakeAsync(Url);
        servers.Receiver.Answer = _ => new WebhookAnswer();
        var rotated = (await Api.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/rotate", null)).Expect(200).Json;
        Assert.True(rotated.GetProperty("oldSecretExpiresAt").GetDateTimeOffset() > TimeProvider.System.GetUtcNow());
        (await Api.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/test", null)).Expect(200);
        var received = Assert.Single(Of(id));
        Assert.True(received.IsSignedBy(old));
        Assert.True(received.IsSignedBy(rotated.GetProperty("secret").GetString()!));
    }

    [Fact]
    public async Task Reading_and_writing_need_their_scopes_and_tenants_share_nothing()
    {
        var (id, _) = await MakeAsync("https://example.com/");
        using var viewer = Api.As(await KeyAsync("view", null));
        (await viewer.GetAsync("/v1/webhooks/" + id)).Expect(200);
        (await viewer.PostAsync("/v1/webhooks", new { url = "https://example.com/" })).Expect(403);
        (await viewer.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/test", null)).Expect(403);
        using var producer = Api.As(await KeyAsync("events:write", null));
        (await producer.GetAsync("/v1/webhooks")).Expect(403);
        using var stranger = Api.As(await KeyAsync("operate", "stranger"));
        (await stranger.PatchAsync("/v1/webhooks/" + id, new { enabled = false })).Expect(404);
        (await stranger.SendAsync(HttpMethod.Post, $"/v1/webhooks/{id}/rotate", null)).Expect(404);
        (await stranger.SendAsync(HttpMethod.Delete, "/v1/webhooks/" + id, null)).Expect(404);
        Assert.True((await Api.GetAsync("/v1/webhooks/" + id)).Expect(200).Json.GetProperty("enabled").GetBoolean());
    }

    private IEnumerable<ReceivedWebhook> Of(string id) => servers.Receiver.Received.Where(r => r.Data.GetProperty("webhookId").GetString() == id);

    private async Task<(string Id, string Secret)> MakeAsync(string url)
    {
        var made = (await Api.PostAsync("/v1/webhooks", new { url })).Expect(201).Json;
        return (made.GetProperty("id").GetString()!, made.GetProperty("secret").GetString()!);
    }

    private async Task<string> KeyAsync(string scope, string? tenant)
    {
        var body = JsonSerializer.Serialize(new { name = "test", scopes = new[] { scope }, tenant = tenant ?? "default" });
        return (await Api.SendTextAsync(HttpMethod.Post, "/v1/keys", body)).Expect(201).Json.GetProperty("key").GetString()!;
    }

    /// <summary>A server and an endpoint that it may reach.</summary>
    public sealed class Servers : IAsyncLifetime
    {
        private ServerProcess? _server;
        private WebhookReceiver? _receiver;

        /// <summary>The server.</summary>
        public ServerProcess Server => _server!;

        /// <summary>The endpoint.</summary>
        public WebhookReceiver Receiver => _receiver!;

        /// <inheritdoc/>
        public async Task InitializeAsync()
        {
            _receiver = await WebhookReceiver.StartAsync();
            _server = await ServerProcess.StartAsync(new ServerOptions { Settings = _receiver.Settings });
        }

        /// <inheritdoc/>
        public async Task DisposeAsync()
        {
            if (_server is not null)
            {
                await _server.DisposeAsync();
            }

            if (_receiver is not null)
            {
                await _receiver.DisposeAsync();
            }
        }
    }
}
