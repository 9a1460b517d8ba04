using System.Collections.Concurrent;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Notifications.IntegrationTests.Support;

/// <summary>A request that came to a <see cref="WebhookReceiver"/>.</summary>
/// <param name="Path">Path and query.</param>
/// <param name="Headers">Its headers, without regard to case.</param>
/// <param name="Body">Its body.</param>
/// <param name="At">When it was there as a whole.</param>
public sealed record ReceivedWebhook(string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body, DateTimeOffset At)
{
    /// <summary>The delivery's id, the same at every attempt.</summary>
    public string Id => Headers["webhook-id"];

    /// <summary>The body as JSON.</summary>
    public JsonElement Json => JsonElement.Parse(Body);

    /// <summary>The type of what is told.</summary>
    public string Type => Json.GetProperty("type").GetString()!;

    /// <summary>What is told.</summary>
    public JsonElement Data => Json.GetProperty("data");

    /// <summary>Whether one of its signatures is by this secret (<c>whsec_…</c>), as a receiver checks it by Standard Webhooks.</summary>
    public bool IsSignedBy(string secret)
    {
        var key = Convert.FromBase64String(secret["whsec_".Length..]);
        var signed = Encoding.UTF8.GetBytes($"{Id}.{Headers["webhook-timestamp"]}.").Concat(Body).ToArray();
        var expected = "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed));
        return Headers["webhook-signature"].Split(' ').Contains(expected);
    }
}

/// <summary>What a <see cref="WebhookReceiver"/> answers.</summary>
public sealed record WebhookAnswer
{
    /// <summary>HTTP status.</summary>
    public int Status { get; init; } = 204;

    /// <summary><c>Retry-After</c>: seconds or a date.</summary>
    public string? RetryAfter { get; init; }

    /// <summary>Where to, of a redirect.</summary>
    public string? Location { get; init; }

    /// <summary>The body.</summary>
    public string Body { get; init; } = "";

    /// <summary>How often the body is written.</summary>
    public int Repeat { get; init; } = 1;

    /// <summary>Answers nothing, and keeps the connection until the other side gives up.</summary>
    public bool Stall { get; init; }

    /// <summary>Closes the connection without an answer.</summary>
    public bool Drop { get; init; }

    /// <summary>Answers only when this has ended.</summary>
    public Task Gate { get; init; } = Task.CompletedTask;
}

/// <summary>Somebody's HTTP endpoint: keeps what comes and answers what it is told to.</summary>
public sealed class WebhookReceiver : IAsyncDisposable
{
    private readonly ConcurrentQueue<ReceivedWebhook> _received = new();
    private readonly int _port = Ports.Free();
    private WebApplication? _application;
    private int _begun;

    private WebhookReceiver()
    {
    }

    /// <summary>Its address.</summary>
    public Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}/hook"));

    /// <summary>Its host and port, as <c>Notifications:Webhooks:AllowedHosts</c> takes it.</summary>
    public string Host => Url.Authority;

    /// <summary>What it answers; 204 unless it is told otherwise.</summary>
    public Func<ReceivedWebhook, WebhookAnswer> Answer { get; set; } = _ => new WebhookAnswer();

    /// <summary>What has come, in order.</summary>
    public IReadOnlyList<ReceivedWebhook> Received => [.. _received];

    /// <summary>How many requests were begun.</summary>
    public int Begun => Volatile.Read(ref _begun);

    /// <summary>The settings with which a server may reach it.</summary>
    public IReadOnlyDictionary<string, string> Settings =>
        new Dictionary<string, string> { ["Notifications__Webhooks__AllowHttp"] = "true", ["Notifications__Webhooks__AllowedHosts__0"] = Host };

    /// <summary>Starts one on a free port.</summary>
    public static async Task<WebhookReceiver> StartAsync()
    {
        var receiver = new WebhookReceiver();
        await receiver.StartAgainAsync();
        return receiver;
    }

    /// <summary>Starts it again on its port.</summary>
    public async Task StartAgainAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Url.GetLeftPart(UriPartial.Authority));
        builder.Services.Configure<Microsoft.Extensions.Hosting.HostOptions>(o => o.ShutdownTimeout = TimeSpan.Zero);
        _application = builder.Build();
        _application.Run(HandleAsync);
        await _application.StartAsync();
    }

    /// <summary>Stops listening; whoever connects is refused.</summary>
    public async Task StopAsync()
    {
        if (_application is not null)
        {
            await _application.DisposeAsync();
            _application = null;
        }
    }

    /// <summary>Waits until so many requests have come, and returns all of them.</summary>
    public Task<IReadOnlyList<ReceivedWebhook>> WaitAsync(int count) => WaitAsync($"{count} webhooks", all => all.Count >= count);

    /// <summary>Waits until what has come is as wanted, and returns it.</summary>
    public Task<IReadOnlyList<ReceivedWebhook>> WaitAsync(string what, Func<IReadOnlyList<ReceivedWebhook>, bool> wanted, TimeSpan? limit = null) =>
        Until.ValueAsync(what, () => Task.FromResult(Received), wanted, limit);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync() => await StopAsync();

    private async Task HandleAsync(HttpContext context)
    {
        Interlocked.Increment(ref _begun);
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
        var received = new ReceivedWebhook(
            context.Request.Path + context.Request.QueryString, headers, body.ToArray(), TimeProvider.System.GetUtcNow());
        var answer = Answer(received);
        _received.Enqueue(received);
        await answer.Gate;
        if (answer.Drop)
        {
            context.Abort();
            return;
        }

        if (answer.Stall)
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted);
        }

        context.Response.StatusCode = answer.Status;
        if (answer.RetryAfter is { } retryAfter)
        {
            context.Response.Headers.RetryAfter = retryAfter;
        }

        if (answer.Location is { } location)
        {
            context.Response.Headers.Location = location;
        }

        if (answer.Body.Length > 0)
        {
            for (var i = 0; i < answer.Repeat; i++)
            {
                await context.Response.WriteAsync(answer.Body, context.RequestAborted);
            }
        }
    }
}
