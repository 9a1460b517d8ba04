using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Events;

/// <summary>What became of an event for one user.</summary>
/// <param name="UserId">The user.</param>
/// <param name="NotificationId">The notification in their inbox.</param>
/// <param name="Seq">Its place in the user's log.</param>
/// <param name="State">
/// <c>stored</c> (in the inbox), <c>delivered</c> (a device of the user has it), <c>seen</c>, <c>read</c>, <c>snoozed</c>, <c>archived</c>,
/// <c>withdrawn</c> or <c>deleted</c> (by the user).
/// </param>
/// <param name="SeenAt">When it was shown.</param>
/// <param name="ReadAt">When it was opened.</param>
public sealed record EventRecipient(string UserId, string NotificationId, long Seq, string State, DateTimeOffset? SeenAt, DateTimeOffset? ReadAt);

/// <summary>A page of users.</summary>
/// <param name="Total">In how many inboxes the event is.</param>
/// <param name="Data">The users of this page, by id.</param>
/// <param name="NextCursor">Goes into <c>after</c> for the next page; null at the end.</param>
public sealed record EventRecipients(long Total, IReadOnlyList<EventRecipient> Data, string? NextCursor);

/// <summary>An event and what became of it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="ExternalId">The producer's id.</param>
/// <param name="Source">CloudEvents source.</param>
/// <param name="Status"><c>delivering</c> while it is being fanned out, then <c>stored</c>.</param>
/// <param name="AcceptedAt">When it was durable in the log.</param>
/// <param name="StoredAt">When it was committed to the store.</param>
/// <param name="To">Its recipients.</param>
/// <param name="OrderingKey">What it was ordered by.</param>
/// <param name="Content">What its recipients see.</param>
/// <param name="Decisions">What was decided for each recipient, and why; also what was not sent.</param>
/// <param name="Recipients">What became of it for each user.</param>
public sealed record EventDetails(
    string Id, string? ExternalId, string? Source, string Status, DateTimeOffset AcceptedAt, DateTimeOffset StoredAt, IReadOnlyList<string> To,
    string OrderingKey, JsonElement Content, JsonElement Decisions, EventRecipients Recipients);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(EventDetails))]
internal sealed partial class EventsQueryJson : JsonSerializerContext;

/// <summary>Looking at events.</summary>
public static class EventsQueryApi
{
    private const string Example = """
        {"id":"evt_01a20269c6867af99c4258b33f98e0d9","externalId":"order-42-shipped","source":null,"status":"stored",
        "acceptedAt":"2026-01-15T09:30:00.000Z","storedAt":"2026-01-15T09:30:00.003Z","to":["user:alice"],"orderingKey":"user:alice",
        "content":{"type":"order.shipped","title":"Your order is on its way","body":null,"url":null,"imageUrl":null,"data":null,"actions":null,
        "category":null,"priority":"normal"},"decisions":[{"recipient":"user:alice","channel":"inbox","outcome":"deliver","reason":"named"}],
        "recipients":{"total":1,"data":[{"userId":"alice","notificationId":"ntf_01a20269c6867acbb1fecd8400000001","seq":1,"state":"read",
        "seenAt":"2026-01-15T09:31:00.000Z","readAt":"2026-01-15T09:31:00.000Z"}],"nextCursor":null}}
        """;

    /// <summary>Maps <c>GET /v1/events/{id}</c> and <c>GET /v1/events?externalId=</c>.</summary>
    public static IEndpointRouteBuilder MapEventsQuery(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/events").WithTags("Events").RequireAuthorization(Scopes.View);
        group.MapGet("/{id}", GetAsync).WithName("getEvent")
            .WithSummary("An event, what was decided about it and what became of it")
            .WithDescription("after and limit page through the recipients. 404 with Retry-After while the event is accepted but not stored yet.")
            .WithResponseExample(200, Example).WithProblem(404);
        group.MapGet("/", FindAsync).WithName("findEvent")
            .WithSummary("An event by its producer's id")
            .WithDescription("Of CloudEvents with the same id from several sources, source tells which.")
            .WithResponseExample(200, Example).WithProblem(404);
        return routes;
    }

    /// <summary>The event of an id, for the caller's tenant.</summary>
    public static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (!Ids.TryParse(Ids.Event, id, out var guid))
        {
            return Problems.NotFound("An event's id is evt_ and 32 hexadecimal digits.");
        }

        return await AnswerAsync(context, await store.EventAsync(context.User.Tenant(), guid, cancellationToken), store, after, limit, cancellationToken);
    }

    private static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> FindAsync(
        string externalId, HttpContext context, Store store, string? source = null, string? after = null, int? limit = null,
        CancellationToken cancellationToken = default) =>
        await AnswerAsync(
            context, await store.EventAsync(context.User.Tenant(), externalId, source, cancellationToken), store, after, limit, cancellationToken);

    private static async Task<Results<Ok<EventDetails>, ProblemHttpResult>> AnswerAsync(
        HttpContext context, StoredEvent? stored, Store store, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (stored is null)
        {
            context.Response.Headers.RetryAfter = "1";
            return Problems.NotFound("There is no such event, or it is accepted but not stored yet: then try again.");
        }

        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var recipients = await store.EventRecipientsAsync(context.User.Tenant(), stored.Id, place, count + 1, cancellationToken);
        var page = Paging.Page(recipients, count, Recipient, recipient => recipient.Item.User);
        return TypedResults.Ok(new EventDetails(
            Ids.Format(Ids.Event, stored.Id), stored.ExternalId, stored.Source is "" ? null : stored.Source,
            stored.FannedOut is null ? "stored" : "delivering", DateTimeOffset.FromUnixTimeMilliseconds(stored.AcceptedAt),
            DateTimeOffset.FromUnixTimeMilliseconds(stored.StoredAt), stored.To.Split('\n'), stored.OrderingKey,
            JsonElement.Parse(stored.Content), JsonElement.Parse(stored.Decisions),
            new EventRecipients(stored.Recipients, page.Data, page.NextCursor)));
    }

    private static EventRecipient Recipient(StoredRecipient recipient)
    {
        var item = recipient.Item;
        var state = item switch
        {
            { Deleted: true } => "deleted",
            { WithdrawnAt: not null } => "withdrawn",
            { ArchivedAt: not null } => "archived",
            { SnoozedUntil: not null } => "snoozed",
            { ReadAt: not null } => "read",
            { SeenAt: not null } => "seen",
            _ => recipient.Acknowledged ? "delivered" : "stored",
        };
        return new EventRecipient(item.User, Ids.Format(Ids.Notification, item.Id), item.Seq, state, Time(item.SeenAt), Time(item.ReadAt));
    }

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}
