using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Channels;

/// <summary>A delivery: what was decided for one recipient and channel beside the inbox, and what became of it.</summary>
/// <param name="Id">Its id; the same at every attempt, and known to the other side.</param>
/// <param name="EventId">The event; null for a digest and a test.</param>
/// <param name="EventIds">What is in a digest; only where one delivery is asked for.</param>
/// <param name="UserId">The user; null for an address and a tenant's webhook.</param>
/// <param name="Channel"><c>email</c> or <c>webhook</c>.</param>
/// <param name="Target">The address, or the webhook's id.</param>
/// <param name="Kind"><c>event</c>, <c>digest</c> or <c>test</c>.</param>
/// <param name="Category">The event's category.</param>
/// <param name="State"><c>pending</c>, <c>sent</c>, <c>rejected</c>, <c>dead</c>, <c>cancelled</c> or <c>skipped</c>.</param>
/// <param name="Reason">Why it is so.</param>
/// <param name="CreatedAt">When it was decided.</param>
/// <param name="DueAt">When it was first to be sent.</param>
/// <param name="FinishedAt">When it ended.</param>
/// <param name="Attempts">How often it was tried since it was last begun.</param>
/// <param name="LastAttemptAt">When it was last tried.</param>
/// <param name="NextAttemptAt">When it is tried next.</param>
/// <param name="LastCode">What the other side answered, HTTP or SMTP.</param>
/// <param name="LastError">What went wrong.</param>
/// <param name="LastResponse">The beginning of what the other side answered.</param>
public sealed record DeliveryView(
    string Id, string? EventId, IReadOnlyList<string>? EventIds, string? UserId, string Channel, string? Target, string Kind, string? Category, string State,
    string Reason, DateTimeOffset CreatedAt, DateTimeOffset DueAt, DateTimeOffset? FinishedAt, int Attempts, DateTimeOffset? LastAttemptAt,
    DateTimeOffset? NextAttemptAt, int? LastCode, string? LastError, string? LastResponse)
{
    internal static DeliveryView Of(StoredDelivery d) => new(
        Ids.Format(Ids.Delivery, d.Id), d.EventId is { } id ? Ids.Format(Ids.Event, id) : null,
        d.EventIds is null ? null : [.. d.EventIds.Select(e => Ids.Format(Ids.Event, e))], d.UserId, d.Channel, d.Target is "" ? null : d.Target, d.Kind,
        d.Category, d.State, d.Reason, d.CreatedAt, d.DueAt, d.FinishedAt, d.Attempts, d.LastAttemptAt, d.NextAttemptAt, d.LastCode, d.LastError,
        d.LastResponse);
}

/// <summary>How to send again.</summary>
public sealed record Resend
{
    /// <summary>Also where the other side has taken it already. Default: false.</summary>
    public bool Force { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(DeliveryView))]
[JsonSerializable(typeof(Page<DeliveryView>))]
[JsonSerializable(typeof(Resend))]
internal sealed partial class DeliveriesJson : JsonSerializerContext;

/// <summary>Looking at deliveries, and sending them again.</summary>
public static class DeliveriesApi
{
    private const int MaxAddressLength = 320;
    private const string Example = """
        {"id":"dlv_01a20269c6867af99c4258b33f98e0d9","eventId":"evt_01a20269c6867af99c4258b33f98e0d8","eventIds":null,"userId":"alice","channel":"email",
        "target":"alice@example.com","kind":"event","category":"orders","state":"sent","reason":"sent","createdAt":"2026-01-15T09:30:00.000Z",
        "dueAt":"2026-01-15T09:30:00.000Z","finishedAt":"2026-01-15T09:30:00.420Z","attempts":1,"lastAttemptAt":"2026-01-15T09:30:00.100Z",
        "nextAttemptAt":null,"lastCode":250,"lastError":null,"lastResponse":"2.0.0 Ok: queued"}
        """;

    private static readonly string[] States = ["pending", "sent", "rejected", "dead", "cancelled", "skipped"];

    /// <summary>Maps <c>/v1/deliveries</c>.</summary>
    public static IEndpointRouteBuilder MapDeliveries(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/deliveries").WithTags("Deliveries");
        group.MapGet("/", ListAsync).RequireAuthorization(Scopes.View).WithName("listDeliveries").WithSummary("Deliveries, newest first")
            .WithDescription("By channel, state, user, event, webhook or email address; each may be left out.")
            .WithResponseExample(200, $$"""{"data":[{{Example}}],"nextCursor":null}""");
        group.MapGet("/{id}", GetAsync).RequireAuthorization(Scopes.View).WithName("getDelivery").WithSummary("A delivery and what became of it")
            .WithResponseExample(200, Example).WithProblem(404);
        group.MapPost("/{id}/resend", ResendAsync).RequireAuthorization(Scopes.Operate).WithName("resendDelivery").WithSummary("Send a delivery again")
            .WithDescription(
                "It begins anew under the same id, by which the receiver can tell that it is the same. One that the other side has taken is sent again only " +
                "with force; one that is not to be sent (skipped) never is. The body may be left out.")
            .WithSmallBody().WithRequestExample("""{"force":true}""").WithResponseExample(202, Example)
            .WithProblem(404).WithProblem(409, "delivery_pending", "It has not ended yet.")
            .WithProblem(409, "already_sent", "The other side has taken it, and force was not given.")
            .WithProblem(409, "delivery_skipped", "It was decided that it is not to be sent.")
            .WithProblem(409, "content_gone", "What it is about was deleted or withdrawn.");
        return routes;
    }

    private static async Task<Results<Ok<Page<DeliveryView>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, string? channel = null, string? state = null, string? userId = null, string? eventId = null, string? webhookId = null,
        string? address = null, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if ((Paging.CheckNewestFirst(after, limit, out var before, out var count) ?? Check(channel, state, userId, webhookId, address)) is { } problem)
        {
            return problem;
        }

        Guid? @event = null;
        if (eventId is not null)
        {
            if (!Ids.TryParse(Ids.Event, eventId, out var id))
            {
                return Problems.Field("eventId", "evt_ and 32 hexadecimal digits.");
            }

            @event = id;
        }

        var filter = new DeliveryFilter(webhookId is null ? channel : "webhook", state, userId, @event, webhookId ?? address);
        var deliveries = await store.DeliveriesAsync(context.User.Tenant(), filter, before, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(deliveries, count, DeliveryView.Of, d => d.Id.ToString("N")));
    }

    private static async Task<Results<Ok<DeliveryView>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, Store store, CancellationToken cancellationToken) =>
        Ids.TryParse(Ids.Delivery, id, out var guid) && await store.DeliveryAsync(context.User.Tenant(), guid, cancellationToken) is { } delivery
            ? TypedResults.Ok(DeliveryView.Of(delivery))
            : NoDelivery();

    private static async Task<Results<Accepted<DeliveryView>, ProblemHttpResult>> ResendAsync(
        string id, HttpContext context, Store store, DeliveryBell bell, CancellationToken cancellationToken, Resend? request = null)
    {
        if (!Ids.TryParse(Ids.Delivery, id, out var guid))
        {
            return NoDelivery();
        }

        cancellationToken.ThrowIfCancellationRequested();
        switch (await store.ResendAsync(context.User.Tenant(), guid, request?.Force == true))
        {
            case ResendOutcome.NotFound:
                return NoDelivery();
            case ResendOutcome.Pending:
                return Problems.Of(409, "delivery_pending", "The delivery has not ended yet; it is tried by itself.");
            case ResendOutcome.Sent:
                return Problems.Of(409, "already_sent", "The other side has taken it. To send it again all the same, say {\"force\": true}.");
            case ResendOutcome.Skipped:
                return Problems.Of(409, "delivery_skipped", "It was decided that this is not to be sent; its reason says why.");
            case ResendOutcome.Gone:
                return Problems.Of(409, "content_gone", "What it is about was deleted or withdrawn.");
        }

        bell.Ring();
        var delivery = await store.DeliveryAsync(context.User.Tenant(), guid, CancellationToken.None);
        return delivery is null ? NoDelivery() : TypedResults.Accepted($"/v1/deliveries/{id}", DeliveryView.Of(delivery));
    }

    private static ProblemHttpResult? Check(string? channel, string? state, string? userId, string? webhookId, string? address) => (channel, state) switch
    {
        (not null and not ("email" or "webhook" or "inbox"), _) => Problems.Field("channel", "email, webhook or inbox."),
        (_, { } other) when !States.Contains(other) => Problems.Field("state", $"one of {string.Join(", ", States)}."),
        _ when userId is not null && !Recipient.IsKey(userId) => Problems.Field("userId", "not a user id."),
        _ when webhookId is not null && !Ids.TryParse(Ids.Webhook, webhookId, out _) => Problems.Field("webhookId", "wh_ and 32 hexadecimal digits."),
        _ when webhookId is not null && channel is not (null or "webhook") => Problems.Field("webhookId", "is for the channel webhook."),
        _ when address is not null && (address.Length is 0 or > MaxAddressLength || address.Any(char.IsControl)) => Problems.Field("address", "not an address."),
        _ when address is not null && webhookId is not null => Problems.Field("address", "either an address or a webhook."),
        _ => null,
    };

    private static ProblemHttpResult NoDelivery() => Problems.NotFound("There is no such delivery; an id is dlv_ and 32 hexadecimal digits.");
}
