using System.Net;
using System.Net.Http.Headers;
using System.Security.Claims;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Tests.Hosting;

/// <summary>The service in this process, on a real listener and a real data folder, with a few endpoints that show who called.</summary>
internal sealed class TestHost : IAsyncDisposable
{
    public const string Bootstrap = "sk_bootstrap-for-tests-0123456789";

    private TestHost(WebApplication app, Uri url)
    {
        App = app;
        Client = new HttpClient { BaseAddress = url };
    }

    public WebApplication App { get; }

    public HttpClient Client { get; }

    public T Get<T>()
        where T : notnull => App.Services.GetRequiredService<T>();

    public static WebApplication Build(
        DirectoryInfo folder, string environment = "Development", IEnumerable<(string, string)>? settings = null,
        Action<WebApplicationBuilder>? configure = null, int port = 20_000, Action<IServiceCollection>? replace = null)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment, ContentRootPath = folder.FullName });
        builder.Configuration.AddInMemoryCollection((settings ?? []).ToDictionary(s => s.Item1, s => (string?)s.Item2));
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}");
        configure?.Invoke(builder);
        builder.Services.AddNotifications(builder.Configuration, builder.Environment);
        replace?.Invoke(builder.Services);
        return builder.Build();
    }

    public static async Task<TestHost> StartAsync(
        DirectoryInfo folder, string environment = "Development", IEnumerable<(string, string)>? settings = null,
        Action<WebApplicationBuilder>? configure = null, Action<IServiceCollection>? replace = null)
    {
        while (true)
        {
            var port = Random.Shared.Next(20_000, 30_000);
            var app = Build(folder, environment, settings, configure, port, replace);
            try
            {
                await app.OpenNotificationsAsync();
                app.UseNotifications();
                app.MapNotifications();
                MapProbes(app);
                await app.StartAsync();
                return new TestHost(app, new Uri($"http://127.0.0.1:{port}"));
            }
            catch (IOException e) when (e.InnerException is Microsoft.AspNetCore.Connections.AddressInUseException)
            {
                await app.DisposeAsync();
            }
            catch
            {
                await app.DisposeAsync();
                throw;
            }
        }
    }

    public async Task<Answer> SendAsync(
        HttpMethod method, string url, string? credential = LocalCaller.DevelopmentKey, string? json = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, url);
        request.Headers.Authorization = credential is null ? null : new AuthenticationHeaderValue("Bearer", credential);
        request.Content = json is null ? null : new StringContent(json, Encoding.UTF8, "application/json");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        using var response = await Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        var isJson = text.Length > 0 && response.Content.Headers.ContentType?.MediaType?.EndsWith("json", StringComparison.Ordinal) == true;
        return new Answer(
            response.StatusCode, response.Content.Headers.ContentType?.MediaType, isJson ? JsonDocument.Parse(text).RootElement : default,
            response.Headers.ToDictionary(h => h.Key, h => string.Join(", ", h.Value)), text);
    }

    public Task<Answer> GetAsync(string url, string? credential = LocalCaller.DevelopmentKey, params (string, string)[] headers) =>
        SendAsync(HttpMethod.Get, url, credential, null, headers);

    public Task<Answer> PostAsync(string url, string json, string? credential = LocalCaller.DevelopmentKey) =>
        SendAsync(HttpMethod.Post, url, credential, json);

    /// <summary>Makes a key and returns it with its id.</summary>
    public async Task<(string Key, string Id)> MakeKeyAsync(string[] scopes, string? tenant = null)
    {
        var body = JsonSerializer.Serialize(new { name = "test", scopes, tenant });
        var made = await PostAsync("/v1/keys", body);
        Assert.Equal(HttpStatusCode.Created, made.Status);
        return (made.Json.GetProperty("key").GetString()!, made.Json.GetProperty("id").GetString()!);
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await App.StopAsync();
        await App.DisposeAsync();
    }

    private static void MapProbes(WebApplication app)
    {
        foreach (var scope in Scopes.All.Append(Scopes.User))
        {
            app.MapGet("/probe/" + scope, Who).RequireAuthorization(scope);
        }

        app.MapGet(BearerToken.HubPath + "/probe", Who).RequireAuthorization(Scopes.User);
        app.MapMethods("/probe/operator", ["GET", "POST"], Who).RequireOperator();
        app.MapGet("/probe/request", (HttpContext context) =>
            $"{context.Request.Scheme}://{context.Request.Host} {context.Connection.RemoteIpAddress} {(LocalCaller.IsLocal(context) ? "local" : "remote")}");
        app.MapGet("/probe/bug", IResult () => throw new InvalidOperationException("secret detail"));
        app.MapGet("/probe/away", IResult () => throw new StoreUnavailableException("secret detail"));
    }

    private static string Who(ClaimsPrincipal user) => $"{user.Tenant()}|{user.FindFirstValue(Caller.UserClaim)}|{user.ExpiresAt():O}";
}

internal sealed record Answer(
    HttpStatusCode Status, string? ContentType, JsonElement Json, IReadOnlyDictionary<string, string> Headers, string Text)
{
    public string Code => Json.GetProperty("code").GetString()!;

    /// <summary>Checks that this is a problem as every problem is.</summary>
    public Answer ShouldBeProblem(int status, string code, string? field = null)
    {
        Assert.True((int)Status == status, $"expected {status}, got {(int)Status}: {Text}");
        Assert.Equal("application/problem+json", ContentType);
        Assert.Equal(code, Code);
        Assert.Equal(status, Json.GetProperty("status").GetInt32());
        Assert.NotEmpty(Json.GetProperty("title").GetString()!);
        Assert.NotEmpty(Json.GetProperty("detail").GetString()!);
        Assert.NotEmpty(Json.GetProperty("traceId").GetString()!);
        if (field is not null)
        {
            Assert.Equal([field], Json.GetProperty("errors").EnumerateObject().Select(e => e.Name));
        }

        return this;
    }
}

/// <summary>A folder that goes when the test does.</summary>
internal sealed class TempFolder : IDisposable
{
    public DirectoryInfo Info { get; } = Directory.CreateTempSubdirectory("notifications-test-");

    public string Data => Path.Combine(Info.FullName, "data");

    public void Dispose() => Info.Delete(recursive: true);
}

/// <summary>The system's clock, set forward.</summary>
internal sealed class ShiftedTime : TimeProvider
{
    public TimeSpan Shift { get; set; }

    public override DateTimeOffset GetUtcNow() => System.GetUtcNow() + Shift;

    public override long GetTimestamp() => System.GetTimestamp() + (long)(Shift.TotalSeconds * TimestampFrequency);
}

/// <summary>A database that can be away, which a file on this machine cannot.</summary>
internal sealed class SwitchedDatabase(IDatabase database) : IDatabase
{
    public bool Away { get; set; }

    public Task<T> WriteAsync<T>(Func<StoreSession, ValueTask<T>> work) =>
        Away ? throw new StoreUnavailableException("away") : database.WriteAsync(work);

    public Task<T> ReadAsync<T>(Func<StoreSession, ValueTask<T>> work, CancellationToken cancellationToken = default) =>
        Away ? throw new StoreUnavailableException("away") : database.ReadAsync(work, cancellationToken);

    public ValueTask DisposeAsync() => database.DisposeAsync();
}
