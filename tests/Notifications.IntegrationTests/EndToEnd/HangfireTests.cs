using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Jobs on Hangfire, its dashboard and who may open that; only the full profile has it.</summary>
[NeedsServers]
public sealed class HangfireTests : IAsyncLifetime
{
    private static readonly HttpClient Browser = new(new SocketsHttpHandler { UseProxy = false, UseCookies = false, AllowAutoRedirect = false });

    private Cluster _cluster = null!;

    private Uri Web => _cluster["web"].Server.Address;

    public async Task InitializeAsync() => _cluster = await Cluster.StartAsync(new ClusterOptions { Nodes = [("web", "ingest,dispatch"), ("work", "jobs,ingest")] });

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Jobs_run_and_operations_are_worked_on()
    {
        (await _cluster.Api.SendAsync(HttpMethod.Post, "/v1/jobs/retention/run", null)).Expect(202);
        var job = await Until.ValueAsync("retention has run", () => JobAsync("retention"), j => j.GetProperty("lastSucceededAt").ValueKind == JsonValueKind.String);
        Assert.Equal(("hangfire", 0), (job.GetProperty("clock").GetString(), job.GetProperty("failures").GetInt32()));
        Assert.Equal(JsonValueKind.String, job.GetProperty("nextRunAt").ValueKind);
        await _cluster.Postgres.RowsAsync(
            Cluster.Database,
            "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload) " +
            "SELECT uuid_send(gen_random_uuid()), 'default', uuid_send(gen_random_uuid()), 0, 0, 'test', 'test', 0, '' FROM generate_series(1, 1200) RETURNING 1", r => 1);
        var accepted = (await _cluster.Api.PostAsync("/v1/dead-letters/discard", new { filter = new { } })).Expect(202);
        var path = "/v1/operations/" + accepted.Json.GetProperty("operationId").GetString();
        var operation = await Until.ValueAsync(
            "the operation ends", async () => (await _cluster.Api.GetAsync(path)).Expect(200).Json, o => o.GetProperty("state").GetString() is not ("pending" or "running"));
        Assert.Equal("""{"discarded":1200}""", operation.GetProperty("counts").GetRawText());
    }

    [Fact]
    public async Task The_dashboard_is_for_operators_alone_whom_every_node_knows_until_their_key_is_deleted()
    {
        // Nobody else, from this machine neither.
        var anonymous = await SendAsync(HttpMethod.Get, "/hangfire");
        Assert.Equal((302, "/login?returnUrl=%2Fhangfire"), (anonymous.Status, anonymous.Location));
        Assert.Equal(401, (await SendAsync(HttpMethod.Get, "/hangfire", accept: "application/json")).Status);
        Assert.Equal(401, (await SendAsync(HttpMethod.Post, "/hangfire/recurring/trigger", form: "jobs[]=retention")).Status);
        var (producer, _) = await KeyAsync("events:write");
        Assert.Equal(403, (await SendAsync(HttpMethod.Post, "/login", form: "key=" + producer)).Status);
        Assert.Equal(401, (await SendAsync(HttpMethod.Post, "/login", form: "key=sk_guess")).Status);

        // Who may look changes nothing; who may operate does, from the page alone.
        var (viewKey, viewId) = await KeyAsync("view");
        var viewer = await LogInAsync(viewKey);
        var page = await SendAsync(HttpMethod.Get, "/hangfire/recurring", viewer);
        Assert.Equal(200, page.Status);
        Assert.Contains("retention", page.Text, StringComparison.Ordinal);
        Assert.NotEqual(204, (await TriggerAsync(viewer, await TokenAsync(viewer))).Status);
        var (operateKey, operateId) = await KeyAsync("operate");
        var operatorCookie = await LogInAsync(operateKey);
        Assert.Equal(403, (await TriggerAsync(operatorCookie, null)).Status);
        Assert.Equal(403, (await TriggerAsync(operatorCookie, await TokenAsync(viewer))).Status);
        Assert.Equal(403, (await TriggerAsync(operatorCookie, await TokenAsync(operatorCookie), "https://elsewhere.example")).Status);
        Assert.Equal(204, (await TriggerAsync(operatorCookie, await TokenAsync(operatorCookie))).Status);

        // Another node knows the session; it is good for nothing but such pages.
        Assert.Equal(200, (await SendAsync(HttpMethod.Get, "/hangfire", operatorCookie, server: _cluster["work"].Server.Address)).Status);
        Assert.Equal(401, (await SendAsync(HttpMethod.Get, "/v1/jobs", operatorCookie)).Status);
        (await _cluster.Api.SendAsync(HttpMethod.Delete, "/v1/keys/" + operateId, null)).Expect(204);
        Assert.Equal(302, (await SendAsync(HttpMethod.Get, "/hangfire", operatorCookie)).Status);
        Assert.Equal(200, (await SendAsync(HttpMethod.Get, "/hangfire", viewer)).Status);
        Assert.NotEqual(viewId, operateId);
    }

    private async Task<JsonElement> JobAsync(string name) => (await _cluster.Api.GetAsync("/v1/jobs")).Expect(200).Json.GetProperty("data").EnumerateArray()
        .Single(j => j.GetProperty("name").GetString() == name);

    private async Task<(string Key, string Id)> KeyAsync(string scope)
    {
        var made = (await _cluster.Api.PostAsync("/v1/keys", new { name = "test", scopes = new[] { scope } })).Expect(201).Json;
        return (made.GetProperty("key").GetString()!, made.GetProperty("id").GetString()!);
    }

    private async Task<string> LogInAsync(string key)
    {
        var answer = await SendAsync(HttpMethod.Post, "/login", form: $"key={key}&returnUrl=%2Fhangfire%2Frecurring");
        Assert.Equal((303, "/hangfire/recurring"), (answer.Status, answer.Location));
        return answer.Cookie!.Split(';')[0];
    }

    /// <summary>What a page of the dashboard sends with its requests.</summary>
    private async Task<string> TokenAsync(string cookie)
    {
        var page = (await SendAsync(HttpMethod.Get, "/hangfire", cookie)).Text;
        return System.Text.RegularExpressions.Regex.Match(page, "X-CSRF-Token[^A-Za-z0-9_-]+([A-Za-z0-9_-]{43})|([A-Za-z0-9_-]{43})[^A-Za-z0-9_-]").Groups.Values.Skip(1).First(g => g.Success).Value;
    }

    private Task<BrowserAnswer> TriggerAsync(string cookie, string? token, string? origin = null) =>
        SendAsync(HttpMethod.Post, "/hangfire/recurring/trigger", cookie, form: "jobs%5B%5D=retention", token: token, origin: origin);

    private async Task<BrowserAnswer> SendAsync(
        HttpMethod method, string path, string? cookie = null, string? form = null, string accept = "text/html", string? token = null, string? origin = null, Uri? server = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(server ?? Web, path));
        request.Headers.TryAddWithoutValidation("Accept", accept);
        request.Headers.TryAddWithoutValidation("Origin", origin ?? (server ?? Web).GetLeftPart(UriPartial.Authority));
        if (cookie is not null)
        {
            request.Headers.TryAddWithoutValidation("Cookie", cookie);
        }

        if (token is not null)
        {
            request.Headers.TryAddWithoutValidation("X-CSRF-Token", token);
        }

        request.Content = form is null ? null : new StringContent(form, System.Text.Encoding.UTF8, "application/x-www-form-urlencoded");
        using var response = await Browser.SendAsync(request);
        return new BrowserAnswer(
            (int)response.StatusCode, response.Headers.Location?.OriginalString,
            response.Headers.TryGetValues("Set-Cookie", out var cookies) ? cookies.Single() : null, await response.Content.ReadAsStringAsync());
    }

    private sealed record BrowserAnswer(int Status, string? Location, string? Cookie, string Text);
}
