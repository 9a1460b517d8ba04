using System.Net;
using System.Text;
using Microsoft.Extensions.Logging;
using Notifications.Auth;

namespace Notifications.Tests.Hosting;

public sealed class ProblemTests : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _folder = new();
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync(_folder.Info);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_error_is_a_problem()
    {
        (await _host.GetAsync("/v1/keys", null)).ShouldBeProblem(401, "unauthorized");
        (await _host.GetAsync("/v1/keys", "sk_unknown-key-of-the-right-length")).ShouldBeProblem(401, "unauthorized");
        (await _host.GetAsync("/probe/user")).ShouldBeProblem(403, "forbidden");
        (await _host.GetAsync("/nowhere", null, ("Accept", "text/html"))).ShouldBeProblem(404, "not_found");
        var method = (await _host.GetAsync("/v1/tokens")).ShouldBeProblem(405, "method_not_allowed");
        Assert.Contains("POST", method.Json.GetProperty("detail").GetString());
        (await _host.GetAsync("/v1/keys?limit=ten")).ShouldBeProblem(400, "invalid_request", "limit");
        (await _host.PostAsync("/v1/tokens", $$"""{"userId":"{{new string('a', 70_000)}}"}""")).ShouldBeProblem(413, "payload_too_large");
        var bug = (await _host.GetAsync("/probe/bug")).ShouldBeProblem(500, "internal_error");
        Assert.DoesNotContain("secret", bug.Text);
        var away = (await _host.GetAsync("/probe/away")).ShouldBeProblem(503, "unavailable");
        Assert.DoesNotContain("secret", away.Text);
        Assert.Equal("1", away.Headers["Retry-After"]);
        Assert.Equal("nosniff", away.Headers["X-Content-Type-Options"]);
    }

    [Fact]
    public async Task A_body_of_another_type_is_refused()
    {
        using var content = new StringContent("name=a", Encoding.UTF8, "application/x-www-form-urlencoded");
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/keys") { Content = content };
        request.Headers.Authorization = new("Bearer", LocalCaller.DevelopmentKey);
        using var response = await _host.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, response.StatusCode);
        Assert.Contains("unsupported_media_type", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("""{"name":""", "malformed_json", null)]
    [InlineData("", "malformed_json", null)]
    [InlineData("null", "malformed_json", null)]
    [InlineData("[]", "malformed_json", null)]
    [InlineData("""{"name":"a","scopes":["view"],}""", "malformed_json", null)]
    [InlineData("""{"name":"a","scopes":["view"],"nmae":1}""", "invalid_request", "nmae")]
    [InlineData("""{"name":"a","name":"b","scopes":["view"]}""", "invalid_request", "name")]
    [InlineData("""{"Name":"a","scopes":["view"]}""", "invalid_request", "Name")]
    [InlineData("""{"name":5,"scopes":["view"]}""", "invalid_request", "name")]
    [InlineData("""{"name":null,"scopes":["view"]}""", "invalid_request", "name")]
    [InlineData("""{"name":"\ud800","scopes":["view"]}""", "invalid_request", "name")]
    [InlineData("""{"name":"a","scopes":["view",{}]}""", "invalid_request", "scopes[1]")]
    [InlineData("""{"name":"a"}""", "invalid_request", "scopes")]
    public async Task A_bad_body_is_told_by_its_field(string json, string code, string? field)
    {
        var problem = (await _host.PostAsync("/v1/keys", json)).ShouldBeProblem(400, code, field);
        Assert.DoesNotContain("Notifications.", problem.Text);
        Assert.DoesNotContain("System.", problem.Text);
    }

    [Fact]
    public async Task Health_is_open_and_says_what_is_missing()
    {
        Assert.Equal("live", (await _host.GetAsync("/health/live", null)).Json.GetProperty("status").GetString());
        Assert.Equal("ready", (await _host.GetAsync("/health/ready", null)).Json.GetProperty("status").GetString());

        _host.Get<Notifications.Hosting.Readiness>().Add("dispatcher", Notifications.Hosting.Roles.All, () => "does not run");
        var answer = await _host.GetAsync("/health/ready", null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal("does not run", answer.Json.GetProperty("notReady").GetProperty("dispatcher").GetString());
    }

    [Fact]
    public async Task The_description_is_complete()
    {
        var document = (await _host.GetAsync("/openapi/v1.json", null)).Json;
        var operations = document.GetProperty("paths").EnumerateObject()
            .SelectMany(path => path.Value.EnumerateObject().Select(o => (Name: $"{o.Name} {path.Name}", Path: path.Name, o.Value)))
            .Where(o => o.Path.StartsWith("/v1/", StringComparison.Ordinal)).ToList();
        Assert.NotEmpty(operations);
        foreach (var (name, _, operation) in operations)
        {
            Assert.True(operation.TryGetProperty("summary", out _), name + " has no summary");
            Assert.True(operation.TryGetProperty("tags", out _), name + " has no tag");
            Assert.True(operation.TryGetProperty("operationId", out _), name + " has no id");
            Assert.True(operation.TryGetProperty("security", out _), name + " has no security");
            var responses = operation.GetProperty("responses");
            foreach (var status in new[] { "401", "403", "503" })
            {
                Assert.True(responses.TryGetProperty(status, out _), $"{name} has no {status}");
            }

            if (operation.TryGetProperty("requestBody", out var body))
            {
                Assert.All(body.GetProperty("content").EnumerateObject(), c => Assert.True(c.Value.TryGetProperty("example", out _), name + " has no example"));
            }
        }

        var key = document.GetProperty("components").GetProperty("schemas").GetProperty("KeyView").GetProperty("properties").GetProperty("createdAt");
        Assert.Equal("string", key.GetProperty("type").GetString());
        Assert.Equal("When it was made.", key.GetProperty("description").GetString());
    }
}

public sealed class TokenLeakTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_token_in_a_url_reaches_no_log_whatever_is_configured()
    {
        using var log = new Recorder();
        await using var host = await TestHost.StartAsync(
            _folder.Info,
            settings:
            [
                ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", "Trace"),
                ("Logging:Recorder:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", "Trace"),
                ("Logging:Recorder:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics*", "Trace"),
            ],
            configure: builder =>
            {
                builder.Logging.AddProvider(log).AddFilter<Recorder>(null, LogLevel.Trace);
                builder.Logging.AddConfiguration(builder.Configuration.GetSection("Logging"));
            });
        var token = host.Get<TokenIssuer>().Issue("default", "alice", TimeSpan.FromMinutes(5)).Token;
        await host.GetAsync("/hubs/notifications/probe?access_token=" + token, null);
        await host.GetAsync("/hubs/notifications/probe?access_token=" + token[..^4], null);
        await host.GetAsync("/nowhere?access_token=" + token, null);

        var lines = log.Lines;
        Assert.Contains(lines, line => line.Contains("Microsoft.AspNetCore.Routing", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains(token[..^4], StringComparison.Ordinal));
        Assert.DoesNotContain(lines, line => line.Contains(token.Split('.')[1], StringComparison.Ordinal));
    }

    [ProviderAlias("Recorder")]
    private sealed class Recorder : ILoggerProvider
    {
        private readonly System.Collections.Concurrent.ConcurrentQueue<string> _lines = new();

        public IReadOnlyCollection<string> Lines => _lines;

        public ILogger CreateLogger(string categoryName) => new Logger(this, categoryName);

        public void Dispose()
        {
        }

        private sealed class Logger(Recorder recorder, string category) : ILogger
        {
            public IDisposable? BeginScope<TState>(TState state)
                where TState : notnull
            {
                recorder._lines.Enqueue($"{category} scope {state}");
                return null;
            }

            public bool IsEnabled(LogLevel logLevel) => true;

            public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
            {
                var values = state is IEnumerable<KeyValuePair<string, object?>> pairs ? string.Join(" ", pairs.Select(p => $"{p.Key}={p.Value}")) : "";
                recorder._lines.Enqueue($"{category} {logLevel} {formatter(state, exception)} {values} {exception}");
            }
        }
    }
}
