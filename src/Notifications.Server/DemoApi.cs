using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace Notifications.Server;

/// <summary>
/// What the demo page needs beyond the public API: a token without a key, and sending and reading events without one. Mapped in
/// Development only, and every request must come from this machine and, where it comes from a browser, from the page itself.
/// </summary>
public static partial class DemoApi
{
    private const int MaxTokenRequestBytes = 4096;

    /// <summary>
    /// Maps <c>POST /demo/api/token</c>, <c>POST /demo/api/events</c> and <c>GET /demo/api/events/{id}</c>. Does nothing outside
    /// Development.
    /// </summary>
    /// <param name="app">The application to add the endpoints to.</param>
    /// <param name="issueToken">Answers with a token for the user with the given id.</param>
    /// <param name="postEvent">Accepts an event as <c>POST /v1/events</c> does.</param>
    /// <param name="getEvent">Answers with the event of the given id.</param>
    /// <returns>The same application.</returns>
    public static WebApplication MapDemoApi(
        this WebApplication app,
        Func<HttpContext, string, Task<IResult>> issueToken,
        RequestDelegate postEvent,
        Func<HttpContext, string, Task<IResult>> getEvent)
    {
        ArgumentNullException.ThrowIfNull(app);
        if (!app.Environment.IsDevelopment())
        {
            return app;
        }

        var api = app.MapGroup("/demo/api").ExcludeFromDescription();
        api.MapPost("/token", Guarded(context => IssueTokenAsync(context, issueToken)));
        api.MapPost("/events", Guarded(postEvent));
        api.MapGet("/events/{id}", Guarded(async context =>
        {
            var result = await getEvent(context, (string)context.GetRouteValue("id")!);
            await result.ExecuteAsync(context);
        }));
        return app;
    }

    /// <summary>Why a request may not use the demo's endpoints; null when it may.</summary>
    private static (int Status, string Code, string Detail)? Refusal(HttpContext context)
    {
        var request = context.Request;
        if (!IsLoopback(context.Connection.RemoteIpAddress)
            || request.Headers.ContainsKey("Forwarded")
            || request.Headers.ContainsKey("X-Forwarded-For"))
        {
            return (StatusCodes.Status403Forbidden, "demo_not_local", "The demo answers requests from this machine only.");
        }

        // A page of another site can have its own name resolve to 127.0.0.1, but not send another Host than that name.
        if (!IsLoopbackName(request.Host.Host))
        {
            return (StatusCodes.Status403Forbidden, "demo_host", "Open the demo as localhost or 127.0.0.1.");
        }

        if (!IsSameOrigin(request))
        {
            return (StatusCodes.Status403Forbidden, "demo_origin", "Only the demo page itself may call this.");
        }

        if (HttpMethods.IsPost(request.Method) && !IsJson(request.ContentType))
        {
            return (StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "Send application/json.");
        }

        return null;
    }

    private static RequestDelegate Guarded(RequestDelegate next) => context =>
    {
        context.Response.Headers.CacheControl = "no-store";
        return Refusal(context) is var (status, code, detail) ? Problem(status, code, detail).ExecuteAsync(context) : next(context);
    };

    private static async Task IssueTokenAsync(HttpContext context, Func<HttpContext, string, Task<IResult>> issueToken)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = MaxTokenRequestBytes;
        }

        IResult result;
        try
        {
            var request = await JsonSerializer.DeserializeAsync(
                context.Request.Body, DemoJson.Default.DemoTokenRequest, context.RequestAborted);
            result = string.IsNullOrWhiteSpace(request?.UserId)
                ? Problem(StatusCodes.Status400BadRequest, "invalid_request", "userId is missing.")
                : await issueToken(context, request.UserId);
        }
        catch (JsonException)
        {
            result = Problem(StatusCodes.Status400BadRequest, "malformed_json", "Send {\"userId\": \"…\"}.");
        }
        catch (BadHttpRequestException e)
        {
            result = Problem(e.StatusCode, "invalid_request", "The request could not be read.");
        }

        await result.ExecuteAsync(context);
    }

    private static bool IsLoopback(IPAddress? address) =>
        address is not null && IPAddress.IsLoopback(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    private static bool IsLoopbackName(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IsLoopback(address));

    private static bool IsSameOrigin(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"];
        if (site.Count > 0 && site is not ["same-origin"] and not ["none"])
        {
            return false;
        }

        var origin = request.Headers.Origin;
        return origin.Count == 0
            || (origin.Count == 1
                && string.Equals(origin[0], $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase));
    }

    private static bool IsJson(string? contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type)
        && type.MediaType.Equals("application/json", StringComparison.OrdinalIgnoreCase);

    private static ProblemHttpResult Problem(int status, string code, string detail) =>
        TypedResults.Problem(detail, statusCode: status, extensions: new Dictionary<string, object?> { ["code"] = code });

    internal sealed record DemoTokenRequest(string? UserId);

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Web,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false)]
    [JsonSerializable(typeof(DemoTokenRequest))]
    internal sealed partial class DemoJson : JsonSerializerContext;
}
