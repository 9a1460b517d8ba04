using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;
using Notifications.Auth;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Server;

/// <summary>
/// What the demo page needs beyond the public API: a token without a key, and sending and reading events without one. Mapped in
/// Development only, on nodes that take events, and every request must come from this machine and, where it comes from a browser, from the page itself.
/// </summary>
public static partial class DemoApi
{
    private const int MaxTokenRequestBytes = 4096;

    /// <summary>How long a token of the page is good for; the page asks for the next one by itself.</summary>
    private static readonly TimeSpan TokenLifetime = TimeSpan.FromHours(1);

    /// <summary>
    /// Maps <c>POST /demo/api/token</c>, <c>POST /demo/api/events</c>, <c>POST /demo/api/events/batch</c> and
    /// <c>GET /demo/api/events/{id}</c>. Does nothing outside Development, and on nodes that take no events.
    /// </summary>
    /// <param name="app">The application to add the endpoints to.</param>
    /// <returns>The same application.</returns>
    public static WebApplication MapDemoApi(this WebApplication app)
    {
        if (!app.HasDemo())
        {
            return app;
        }

        // The page acts as the development key does; what it may do beyond issuing tokens is send events and look at them.
        var api = app.MapGroup("/demo/api").ExcludeFromDescription();
        api.MapPost("/token", Guarded(IssueTokenAsync));
        api.MapPost("/events", Guarded(async context =>
        {
            await (await EventsApi.PostAsync(context, context.RequestServices.GetRequiredService<EventIntake>())).ExecuteAsync(context);
        }));
        api.MapPost("/events/batch", Guarded(async context =>
        {
            await (await EventsApi.PostBatchAsync(context, context.RequestServices.GetRequiredService<EventIntake>())).ExecuteAsync(context);
        }));
        api.MapGet("/events/{id}", Guarded(async context =>
        {
            var id = (string)context.GetRouteValue("id")!;
            var store = context.RequestServices.GetRequiredService<Store>();
            await (await EventsQueryApi.GetAsync(id, context, store, cancellationToken: context.RequestAborted)).ExecuteAsync(context);
        }));
        return app;
    }

    /// <summary>Why a request may not use the demo's endpoints; null when it may.</summary>
    private static (int Status, string Code, string Detail)? Refusal(HttpContext context)
    {
        var request = context.Request;
        if (!LocalCaller.IsLocal(context))
        {
            return (StatusCodes.Status403Forbidden, "demo_not_local", "The demo answers requests from this machine only; open it as localhost or 127.0.0.1.");
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
        if (Refusal(context) is var (status, code, detail))
        {
            return Problems.Of(status, code, detail).ExecuteAsync(context);
        }

        context.User = new ClaimsPrincipal(new ClaimsIdentity([new Claim(Caller.TenantClaim, "default")], "demo"));
        return next(context);
    };

    private static async Task IssueTokenAsync(HttpContext context)
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
            result = Recipient.IsKey(request?.UserId)
                ? TypedResults.Ok(context.RequestServices.GetRequiredService<TokenIssuer>().Issue("default", request!.UserId!, TokenLifetime))
                : Problems.Field("userId", "is missing, or is not a user id");
        }
        catch (JsonException)
        {
            result = Problems.Of(StatusCodes.Status400BadRequest, "malformed_json", "Send {\"userId\": \"…\"}.");
        }
        catch (BadHttpRequestException e)
        {
            result = Problems.Of(e.StatusCode, "invalid_request", "The request could not be read.");
        }

        await result.ExecuteAsync(context);
    }

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

    internal sealed record DemoTokenRequest(string? UserId);

    [JsonSourceGenerationOptions(
        JsonSerializerDefaults.Web,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        AllowDuplicateProperties = false)]
    [JsonSerializable(typeof(DemoTokenRequest))]
    internal sealed partial class DemoJson : JsonSerializerContext;
}
