using System.Globalization;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace Notifications.IntegrationTests.Support;

/// <summary>The HTTP API with one credential.</summary>
public sealed class Api : IDisposable
{
    private readonly SocketsHttpHandler? _owned;
    private readonly HttpClient _http;
    private readonly SocketsHttpHandler _handler;
    private readonly TimeSpan _patience;

    /// <summary>A caller with connections of its own.</summary>
    /// <param name="server">The address.</param>
    /// <param name="credential">A key or a token.</param>
    /// <param name="connections">How many at most.</param>
    /// <param name="patience">How long to wait for an answer.</param>
    public Api(Uri server, string? credential, int connections = 64, TimeSpan? patience = null)
    {
        _patience = patience ?? Until.Limit;
        _owned = new SocketsHttpHandler { UseProxy = false, MaxConnectionsPerServer = connections, AllowAutoRedirect = false };
        _handler = _owned;
        _http = Client(server, credential);
    }

    private Api(Api shared, string? credential)
    {
        _handler = shared._handler;
        _patience = shared._patience;
        _http = Client(shared._http.BaseAddress!, credential);
    }

    /// <summary>The same connections with another credential, or none.</summary>
    public Api As(string? credential) => new(this, credential);

    /// <summary>Sends any request.</summary>
    public async Task<Answer> SendAsync(HttpRequestMessage request)
    {
        using (request)
        {
            using var response = await _http.SendAsync(request);
            return new Answer(
                (int)response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType,
                await response.Content.ReadAsStringAsync());
        }
    }

    /// <summary>Sends text as it is.</summary>
    public Task<Answer> SendTextAsync(HttpMethod method, string path, string body, string contentType = "application/json") =>
        SendAsync(new HttpRequestMessage(method, path) { Content = Text(body, contentType) });

    /// <summary>Sends an object as JSON, or no body at all.</summary>
    public Task<Answer> SendAsync(HttpMethod method, string path, object? body) =>
        body is null ? SendAsync(new HttpRequestMessage(method, path)) : SendTextAsync(method, path, JsonSerializer.Serialize(body));

    /// <summary>GET.</summary>
    public Task<Answer> GetAsync(string path) => SendAsync(HttpMethod.Get, path, null);

    /// <summary>POST of an object as JSON.</summary>
    public Task<Answer> PostAsync(string path, object body) => SendAsync(HttpMethod.Post, path, body);

    /// <summary>PATCH of an object as JSON.</summary>
    public Task<Answer> PatchAsync(string path, object body) => SendAsync(HttpMethod.Patch, path, body);

    /// <summary>Publishes an event; it has to be accepted.</summary>
    /// <returns>Its id.</returns>
    public async Task<string> PublishAsync(object @event)
    {
        var answer = (await PostAsync("/v1/events", @event)).Expect(202);
        return answer.Json.GetProperty("id").GetString()!;
    }

    /// <summary>Publishes an event to one user; it has to be accepted.</summary>
    /// <returns>Its id.</returns>
    public Task<string> PublishAsync(string user, string title, string? category = null) =>
        PublishAsync(category is null
            ? new { type = "test.event", to = new[] { "user:" + user }, title }
            : new { type = "test.event", to = new[] { "user:" + user }, title, category });

    /// <summary>A token for a user.</summary>
    public async Task<string> TokenAsync(string user, int? ttl = null)
    {
        var answer = await PostAsync("/v1/tokens", ttl is null ? new { userId = user } : new { userId = user, ttl });
        return answer.Expect(201).Json.GetProperty("token").GetString()!;
    }

    /// <summary>The API as a user sees it.</summary>
    public async Task<Api> AsUserAsync(string user) => As(await TokenAsync(user));

    /// <summary>Subscribes a user to a topic.</summary>
    public async Task SubscribeAsync(string topic, string user)
    {
        var answer = await SendAsync(HttpMethod.Put, $"/v1/topics/{topic}/subscriptions/{user}", null);
        Assert(answer.Status is 200 or 201, answer);
    }

    /// <summary>Everything in the caller's log after a position, read page by page; an item that changed meanwhile comes again.</summary>
    public async Task<SyncResult> SyncAsync(long after = 0, long? epoch = null, int limit = 100)
    {
        var items = new List<Item>();
        while (true)
        {
            var query = string.Create(CultureInfo.InvariantCulture, $"/v1/me/inbox/sync?after={after}&limit={limit}{(epoch is null ? "" : $"&epoch={epoch}")}");
            var page = SyncResult.Read((await GetAsync(query)).Expect(200).Json);
            items.AddRange(page.Items);
            if (!page.HasMore || page.Reset)
            {
                return page with { Items = items };
            }

            Assert(page.Head > after, $"sync claims more after {after} but got no further");
            after = page.Head;
            epoch = page.Epoch;
        }
    }

    /// <summary>The caller's inbox, newest first, read page by page.</summary>
    public async Task<InboxList> InboxAsync(string filter = "", int limit = 100)
    {
        var items = new List<Item>();
        var after = "";
        while (true)
        {
            var page = (await GetAsync($"/v1/me/inbox?limit={limit}{(filter.Length == 0 ? "" : "&" + filter)}{after}")).Expect(200).Json;
            items.AddRange(page.GetProperty("data").EnumerateArray().Select(Item.Read));
            if (!page.TryGetProperty("nextCursor", out var cursor) || cursor.ValueKind == JsonValueKind.Null)
            {
                return new InboxList(items, Counts.Read(page.GetProperty("counts")));
            }

            after = "&after=" + Uri.EscapeDataString(cursor.GetString()!);
        }
    }

    /// <summary>Waits until the caller's inbox holds this many items, and returns them, newest first.</summary>
    public async Task<List<Item>> InboxOfAsync(int items) =>
        (await Until.ValueAsync($"{items} items in the inbox", () => InboxAsync(), list => list.Items.Count >= items)).Items;

    /// <inheritdoc/>
    public void Dispose()
    {
        _http.Dispose();
        _owned?.Dispose();
    }

    private static void Assert(bool condition, object what)
    {
        if (!condition)
        {
            throw new InvalidOperationException($"Unexpected answer: {what}");
        }
    }

    private static StringContent Text(string body, string contentType)
    {
        var content = new StringContent(body, Encoding.UTF8);
        content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        return content;
    }

    private HttpClient Client(Uri server, string? credential)
    {
        var client = new HttpClient(_handler, disposeHandler: false) { BaseAddress = server, Timeout = _patience };
        if (credential is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", credential);
        }

        return client;
    }
}

/// <summary>An answer of the HTTP API.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Headers">Its headers.</param>
/// <param name="ContentType">Media type of the body, or null.</param>
/// <param name="Text">The body.</param>
public sealed record Answer(int Status, HttpResponseHeaders Headers, string? ContentType, string Text)
{
    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonElement.Parse(Text);

    /// <summary>The stable code of a problem, or null.</summary>
    public string? Code => ContentType == "application/problem+json" && Json.TryGetProperty("code", out var code) ? code.GetString() : null;

    /// <summary>Itself, if the status is as expected.</summary>
    /// <exception cref="InvalidOperationException">It is not; the message has the body.</exception>
    public Answer Expect(int status) => Status == status ? this : throw new InvalidOperationException($"Expected {status}, got {this}");

    /// <inheritdoc/>
    public override string ToString() => $"{Status} {Text}";
}

/// <summary>The caller's inbox.</summary>
/// <param name="Items">Newest first.</param>
/// <param name="Counts">As the server gave them with the last page.</param>
public sealed record InboxList(List<Item> Items, Counts Counts)
{
    /// <inheritdoc/>
    public override string ToString() => $"{Items.Count} items, {Counts}";
}

/// <summary>An answer of <c>/v1/me/inbox/sync</c>.</summary>
public sealed record SyncResult(long Epoch, long Head, bool Reset, IReadOnlyList<Item> Items, bool HasMore, Counts Counts)
{
    /// <summary>Reads it.</summary>
    public static SyncResult Read(JsonElement json) => new(
        json.GetProperty("epoch").GetInt64(), json.GetProperty("head").GetInt64(), json.GetProperty("reset").GetBoolean(),
        [.. json.GetProperty("items").EnumerateArray().Select(Item.Read)], json.GetProperty("hasMore").GetBoolean(),
        Counts.Read(json.GetProperty("counts")));
}
