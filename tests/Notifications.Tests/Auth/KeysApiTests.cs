using System.Net;
using System.Text;
using Notifications.Auth;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Auth;

public sealed class KeysApiTests : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _folder = new();
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync(_folder.Info);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Each_scope_opens_what_it_names_and_admin_opens_all()
    {
        foreach (var granted in Scopes.All)
        {
            var (key, _) = await _host.MakeKeyAsync([granted]);
            foreach (var needed in Scopes.All)
            {
                var answer = await _host.GetAsync("/probe/" + needed, key);
                if (granted == needed || granted == Scopes.Admin)
                {
                    Assert.Equal(HttpStatusCode.OK, answer.Status);
                }
                else
                {
                    var problem = answer.ShouldBeProblem(403, "forbidden");
                    Assert.Contains(needed, problem.Json.GetProperty("detail").GetString());
                    Assert.StartsWith("Bearer", problem.Headers["WWW-Authenticate"]);
                }
            }

            (await _host.GetAsync("/probe/user", key)).ShouldBeProblem(403, "forbidden");
        }
    }

    [Fact]
    public async Task A_deleted_key_is_refused_at_once()
    {
        var (key, id) = await _host.MakeKeyAsync([Scopes.View]);
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/probe/view", key)).Status);

        Assert.Equal(HttpStatusCode.NoContent, (await _host.SendAsync(HttpMethod.Delete, "/v1/keys/" + id)).Status);

        var problem = (await _host.GetAsync("/probe/view", key)).ShouldBeProblem(401, "unauthorized");
        Assert.StartsWith("Bearer", problem.Headers["WWW-Authenticate"]);
        (await _host.SendAsync(HttpMethod.Delete, "/v1/keys/" + id)).ShouldBeProblem(404, "not_found");
    }

    [Fact]
    public async Task A_change_of_scopes_holds_at_once()
    {
        var (key, id) = await _host.MakeKeyAsync([Scopes.View]);
        (await _host.GetAsync("/probe/operate", key)).ShouldBeProblem(403, "forbidden");

        var changed = await _host.SendAsync(HttpMethod.Patch, "/v1/keys/" + id, json: """{"scopes":["operate"]}""");

        Assert.Equal("test", changed.Json.GetProperty("name").GetString());
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/probe/operate", key)).Status);
        (await _host.GetAsync("/probe/view", key)).ShouldBeProblem(403, "forbidden");
    }

    [Fact]
    public async Task A_key_is_shown_once_and_never_stored()
    {
        var (key, id) = await _host.MakeKeyAsync([Scopes.View]);

        Assert.Matches("^sk_[A-Za-z0-9_-]{43}$", key);
        var shown = await _host.GetAsync("/v1/keys/" + id);
        Assert.False(shown.Json.TryGetProperty("key", out _));
        foreach (var file in Directory.GetFiles(_folder.Data, "notifications.db*"))
        {
            using var stream = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            Assert.Equal(-1, bytes.AsSpan().IndexOf(Encoding.UTF8.GetBytes(key)));
        }
    }

    [Fact]
    public async Task A_tenant_that_is_named_exists_and_is_apart()
    {
        var (key, id) = await _host.MakeKeyAsync([Scopes.View, Scopes.TokensIssue], "acme");

        Assert.StartsWith("acme|", (await _host.GetAsync("/probe/view", key)).Text);
        (await _host.GetAsync("/v1/keys/" + id)).ShouldBeProblem(404, "not_found");
        Assert.Equal("acme", (await _host.GetAsync($"/v1/keys/{id}?tenant=acme")).Json.GetProperty("tenant").GetString());
        Assert.Equal(0, (await _host.GetAsync("/v1/keys")).Json.GetProperty("data").GetArrayLength());
        Assert.Equal(1, (await _host.GetAsync("/v1/keys?tenant=acme")).Json.GetProperty("data").GetArrayLength());

        var token = (await _host.PostAsync("/v1/tokens", """{"userId":"bob"}""", key)).Json.GetProperty("token").GetString();
        Assert.StartsWith("acme|bob|", (await _host.GetAsync("/probe/user", token)).Text);
    }

    [Fact]
    public async Task The_list_comes_in_parts()
    {
        var ids = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            ids.Add((await _host.MakeKeyAsync([Scopes.View])).Id);
        }

        var listed = new List<string>();
        string? cursor = null;
        do
        {
            var part = await _host.GetAsync("/v1/keys?limit=2" + (cursor is null ? "" : "&after=" + cursor));
            listed.AddRange(part.Json.GetProperty("data").EnumerateArray().Select(k => k.GetProperty("id").GetString()!));
            cursor = part.Json.GetProperty("nextCursor").GetString();
        }
        while (cursor is not null);

        Assert.Equal(ids.Order(StringComparer.Ordinal), listed);
        (await _host.GetAsync("/v1/keys?limit=101")).ShouldBeProblem(400, "invalid_request", "limit");
        (await _host.GetAsync("/v1/keys?after=***")).ShouldBeProblem(400, "invalid_request", "after");
    }

    [Theory]
    [InlineData("""{"name":"a","scopes":["view","vieww"]}""", "scopes[1]")]
    [InlineData("""{"name":"a","scopes":["view",null]}""", "scopes[1]")]
    [InlineData("""{"name":"a","scopes":["view","view"]}""", "scopes[1]")]
    [InlineData("""{"name":"a","scopes":["user"]}""", "scopes[0]")]
    [InlineData("""{"name":"a","scopes":[]}""", "scopes")]
    [InlineData("""{"name":"","scopes":["view"]}""", "name")]
    [InlineData("""{"name":"a\u0000","scopes":["view"]}""", "name")]
    [InlineData("""{"name":"a","scopes":["view"],"tenant":"Acme"}""", "tenant")]
    [InlineData("""{"name":"a","scopes":["view"],"tenant":"-a"}""", "tenant")]
    [InlineData("""{"name":"a","scopes":["view"],"tenant":""}""", "tenant")]
    public async Task What_is_wrong_is_named(string json, string field) =>
        (await _host.PostAsync("/v1/keys", json)).ShouldBeProblem(400, "invalid_request", field);

    [Theory]
    [InlineData("""{"userId":"a b"}""", "userId")]
    [InlineData("""{"userId":""}""", "userId")]
    [InlineData("""{"userId":"a","ttl":59}""", "ttl")]
    [InlineData("""{"userId":"a","ttl":86401}""", "ttl")]
    [InlineData("""{"userId":"a","ttl":1.5}""", "ttl")]
    public async Task What_is_wrong_with_a_token_request_is_named(string json, string field) =>
        (await _host.PostAsync("/v1/tokens", json)).ShouldBeProblem(400, "invalid_request", field);

    [Fact]
    public async Task The_development_key_is_refused_behind_a_proxy_and_under_another_name()
    {
        Assert.Equal(HttpStatusCode.OK, (await _host.GetAsync("/probe/view")).Status);
        (await _host.GetAsync("/probe/view", LocalCaller.DevelopmentKey, ("X-Forwarded-For", "127.0.0.1"))).ShouldBeProblem(401, "unauthorized");
        (await _host.GetAsync("/probe/view", LocalCaller.DevelopmentKey, ("Forwarded", "for=127.0.0.1"))).ShouldBeProblem(401, "unauthorized");
        (await _host.GetAsync("/probe/view", LocalCaller.DevelopmentKey, ("Host", "evil.example"))).ShouldBeProblem(401, "unauthorized");
    }
}
