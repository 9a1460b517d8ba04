using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Options;
using Notifications.Auth;
using Notifications.Channels;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Webhooks;

/// <summary><c>/v1/webhooks</c>: HTTP endpoints that are told of events.</summary>
internal static class WebhooksApi
{
    private const int MaxTypes = 100;

    private const string Example = """
        {"id":"wh_0199f0c52f7b7c3e8a4d5b6c7d8e9f01","url":"https://example.com/hooks/notifications","types":["order.shipped"],"userId":null,"enabled":true,
        "disabledAt":null,"disabledReason":null,"failingSince":null,"oldSecretExpiresAt":null,"createdAt":"2026-01-15T09:30:00.000Z",
        "updatedAt":"2026-01-15T09:30:00.000Z"}
        """;

    public static void MapWebhooks(this IEndpointRouteBuilder app)
    {
        var group = app.MapGroup("/v1/webhooks").WithTags("Webhooks").WithSmallBody();
        group.MapPost("", MakeAsync).RequireAuthorization(Scopes.Operate).WithName("makeWebhook").WithSummary("Make a webhook")
            .WithDescription("The secret is shown in this answer and never again. Requests are signed as Standard Webhooks says.")
            .WithRequestExample("""{"url":"https://example.com/hooks/notifications","types":["order.shipped"]}""")
            .WithResponseExample(201, Example.Replace("\"}", "\",\"secret\":\"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD\"}", StringComparison.Ordinal))
            .WithProblem(422, "private_address", "The address is not on the public internet.");
        group.MapGet("", ListAsync).RequireAuthorization(Scopes.View).WithName("listWebhooks").WithSummary("List webhooks, oldest first")
            .WithResponseExample(200, $$"""{"data":[{{Example}}],"nextCursor":null}""");
        group.MapGet("/{id}", GetAsync).RequireAuthorization(Scopes.View).WithName("getWebhook").WithSummary("Read a webhook")
            .WithResponseExample(200, Example).WithProblem(404);
        group.MapPatch("/{id}", ChangeAsync).RequireAuthorization(Scopes.Operate).WithName("changeWebhook").WithSummary("Change a webhook, or turn it off and on")
            .WithDescription("Turning a webhook on forgets that it failed.")
            .WithRequestExample("""{"enabled":true}""").WithResponseExample(200, Example).WithProblem(404)
            .WithProblem(422, "private_address", "The address is not on the public internet.");
        group.MapDelete("/{id}", DeleteAsync).RequireAuthorization(Scopes.Operate).WithName("deleteWebhook").WithSummary("Delete a webhook").WithProblem(404);
        group.MapPost("/{id}/rotate", RotateAsync).RequireAuthorization(Scopes.Operate).WithName("rotateWebhook").WithSummary("Give a webhook a new secret; no body")
            .WithDescription("Until oldSecretExpiresAt requests carry two signatures, one by each secret.")
            .WithResponseExample(200, """{"secret":"whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD","oldSecretExpiresAt":"2026-01-16T09:30:00.000Z"}""").WithProblem(404);
        group.MapPost("/{id}/test", TestAsync).RequireAuthorization(Scopes.Operate).WithName("testWebhook").WithSummary("Send a webhook.test now and say what came of it; no body")
            .WithResponseExample(200, """{"delivered":false,"status":500,"reason":"http_500","error":"The endpoint answered 500.","durationMs":41,"response":"oops"}""")
            .WithProblem(404);
    }

    private static async Task<Results<Created<WebhookView>, ProblemHttpResult>> MakeAsync(
        NewWebhook request, HttpContext context, Store store, WebhookTargets targets, TimeProvider time, CancellationToken cancellationToken)
    {
        if ((CheckUrl(request.Url, targets, out var url) ?? CheckTypes(request.Types) ?? CheckUser(request.UserId)) is { } problem)
        {
            return problem;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var secret = WebhookSecrets.New();
        if (await store.AddWebhookAsync(context.User.Tenant(), url!, request.Types ?? [], request.UserId, secret) is not { } webhook)
        {
            return Problems.Of(422, "too_many", $"A tenant can have {Store.MaxWebhooks} webhooks.");
        }

        context.Response.Headers.CacheControl = "no-store";
        var view = WebhookView.Of(webhook, time.GetUtcNow()) with { Secret = WebhookSecrets.Show(secret) };
        return TypedResults.Created($"/v1/webhooks/{view.Id}", view);
    }

    private static async Task<Results<Ok<Page<WebhookView>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, TimeProvider time, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var last = Guid.Empty;
        if (place.Length > 0 && !Ids.TryParse(Ids.Webhook, place, out last))
        {
            return Paging.BadCursor();
        }

        var now = time.GetUtcNow();
        var webhooks = await store.WebhooksAsync(context.User.Tenant(), last, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(webhooks, count, webhook => WebhookView.Of(webhook, now), webhook => Ids.Format(Ids.Webhook, webhook.Endpoint.Id)));
    }

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, Store store, TimeProvider time, CancellationToken cancellationToken) =>
        Ids.TryParse(Ids.Webhook, id, out var guid) && await store.WebhookAsync(context.User.Tenant(), guid, cancellationToken) is { } webhook
            ? TypedResults.Ok(WebhookView.Of(webhook, time.GetUtcNow()))
            : Missing();

    private static async Task<Results<Ok<WebhookView>, ProblemHttpResult>> ChangeAsync(
        string id, WebhookChange change, HttpContext context, Store store, WebhookTargets targets, TimeProvider time, CancellationToken cancellationToken)
    {
        Uri? url = null;
        if (((change.Url is null ? null : CheckUrl(change.Url, targets, out url)) ?? CheckTypes(change.Types)) is { } problem)
        {
            return problem;
        }

        cancellationToken.ThrowIfCancellationRequested();
        return Ids.TryParse(Ids.Webhook, id, out var guid)
            && await store.ChangeWebhookAsync(context.User.Tenant(), guid, url, change.Types, change.Enabled) is { } webhook
                ? TypedResults.Ok(WebhookView.Of(webhook, time.GetUtcNow()))
                : Missing();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, HttpContext context, Store store) =>
        Ids.TryParse(Ids.Webhook, id, out var guid) && await store.DeleteWebhookAsync(context.User.Tenant(), guid) ? TypedResults.NoContent() : Missing();

    private static async Task<Results<Ok<RotatedSecret>, ProblemHttpResult>> RotateAsync(
        string id, HttpContext context, Store store, IOptions<WebhookOptions> options)
    {
        var secret = WebhookSecrets.New();
        if (!Ids.TryParse(Ids.Webhook, id, out var guid)
            || await store.RotateWebhookAsync(context.User.Tenant(), guid, secret, TimeSpan.FromHours(options.Value.SecretOverlapHours)) is not { } webhook)
        {
            return Missing();
        }

        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Ok(new RotatedSecret(WebhookSecrets.Show(secret), DateTimeOffset.FromUnixTimeMilliseconds(webhook.Endpoint.OldSecretUntil!.Value)));
    }

    private static async Task<Results<Ok<WebhookTried>, ProblemHttpResult>> TestAsync(
        string id, HttpContext context, Store store, WebhookSender sender, TimeProvider time, CancellationToken cancellationToken)
    {
        if (!Ids.TryParse(Ids.Webhook, id, out var guid) || await store.WebhookAsync(context.User.Tenant(), guid, cancellationToken) is not { } webhook)
        {
            return Missing();
        }

        var started = time.GetTimestamp();
        var outcome = await sender.SendAsync(
            webhook.Endpoint, Ids.Format(Ids.Delivery, Ids.New(time)), WebhookMessage.Test(guid, time.GetUtcNow()), cancellationToken);
        return TypedResults.Ok(new WebhookTried(
            outcome.Status == SendStatus.Sent, outcome.Code, outcome.Reason, outcome.Error, (long)time.GetElapsedTime(started).TotalMilliseconds, outcome.Response));
    }

    private static ProblemHttpResult Missing() => Problems.NotFound("There is no such webhook.");

    private static ProblemHttpResult? CheckUrl(string text, WebhookTargets targets, out Uri? url) => targets.Check(text, out url) switch
    {
        null => null,
        { IsPrivate: true } fault => Problems.Of(
            422, "private_address", $"url: {fault.Message}", new Dictionary<string, string[]> { ["url"] = [fault.Message] }),
        var fault => Problems.Field("url", fault.Message),
    };

    private static ProblemHttpResult? CheckTypes(IReadOnlyList<string>? types)
    {
        if (types?.Count > MaxTypes)
        {
            return Problems.Field("types", $"must have at most {MaxTypes} entries");
        }

        for (var i = 0; i < types?.Count; i++)
        {
            if (types[i] is null || !JsonText.IsSound(types[i])
                || EventFields.Fault(Encoding.UTF8.GetBytes(types[i]), EventLimits.MaxType, TextRule.Word) is not null)
            {
                return Problems.Field($"types[{i}]", $"must be the type of an event: 1 to {EventLimits.MaxType} characters without white space");
            }

            if (types.Take(i).Contains(types[i]))
            {
                return Problems.Field($"types[{i}]", "is given more than once");
            }
        }

        return null;
    }

    private static ProblemHttpResult? CheckUser(string? userId) => userId is null || Recipient.IsKey(userId)
        ? null
        : Problems.Field("userId", "is 1 to 128 characters without white space, control characters and commas, and not . or ..");
}
