using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Events;

/// <summary>What became of an event for one user.</summary>
/// <param name="UserId">The user.</param>
/// <param name="NotificationId">The notification in their inbox.</param>
/// <param name="Seq">Its place in the user's log.</param>
/// <param name="State">
/// <c>stored</c> (in the inbox), <c>delivered</c> (a device of the user has it), <c>seen</c>, <c>read</c>, <c>snoozed</c>, <c>archived</c>,
/// <c>replaced</c> (by a later event of the same collapse key), <c>withdrawn</c> or <c>deleted</c> (by the user).
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
/// <param name="Status"><c>scheduled</c> until its time comes, <c>delivering</c> while it is being fanned out, then <c>stored</c>; <c>cancelled</c>,
/// <c>withdrawn</c> or <c>expired</c> where it was taken back.</param>
/// <param name="AcceptedAt">When it was durable in the log.</param>
/// <param name="StoredAt">When it was committed to the store.</param>
/// <param name="To">Its recipients.</param>
/// <param name="OrderingKey">What it was ordered by.</param>
/// <param name="Content">What its recipients see.</param>
/// <param name="Decisions">What was decided for each recipient, and why; also what was not sent.</param>
/// <param name="Recipients">What became of it in each user's inbox.</param>
/// <param name="Deliveries">What became of it on other channels, up to 100; the rest is at <c>/v1/deliveries?eventId=</c>.</param>
/// <param name="Options">What it asked for beyond being shown; null where it asked for nothing.</param>
/// <param name="WithdrawnAt">When it was taken back.</param>
public sealed record EventDetails(
    string Id, string? ExternalId, string? Source, string Status, DateTimeOffset AcceptedAt, DateTimeOffset StoredAt, IReadOnlyList<string> To,
    string OrderingKey, JsonElement Content, JsonElement Decisions, EventRecipients Recipients, IReadOnlyList<EventDeliverySummary> Deliveries,
    EventOptionsView? Options, DateTimeOffset? WithdrawnAt);

/// <summary>What an event asked for beyond being shown.</summary>
/// <param name="Channels">Channels besides the inbox.</param>
/// <param name="Template">Template.</param>
/// <param name="CollapseKey">Collapse key.</param>
/// <param name="SendAt">When it is sent.</param>
/// <param name="ExpiresAt">When it is over.</param>
public sealed record EventOptionsView(
    IReadOnlyList<EventChannel>? Channels, string? Template, string? CollapseKey, DateTimeOffset? SendAt, DateTimeOffset? ExpiresAt)
{
    internal static EventOptionsView? Of(EventOptions? options) => options is null
        ? null
        : new(options.Channels, options.Template, options.CollapseKey, Time(options.SendAt), Time(options.ExpiresAt));

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}

/// <summary>What became of an event for one recipient and channel beside the inbox.</summary>
/// <param name="Id">The delivery.</param>
/// <param name="Channel"><c>email</c> or <c>webhook</c>; <c>inbox</c> only where it was skipped.</param>
/// <param name="UserId">The user; null for an address and for a tenant's webhook.</param>
/// <param name="Target">Address, or id of the webhook.</param>
/// <param name="State"><c>pending</c>, <c>sent</c>, <c>rejected</c>, <c>dead</c>, <c>cancelled</c> or <c>skipped</c>.</param>
/// <param name="Reason">Why it is so.</param>
/// <param name="Attempts">How many were made.</param>
public sealed record EventDeliverySummary(string Id, string Channel, string? UserId, string Target, string State, string Reason, int Attempts);

/// <summary>An event that waits for its time.</summary>
/// <param name="Id">Its id.</param>
/// <param name="SendAt">When it is sent.</param>
/// <param name="To">Its recipients.</param>
/// <param name="Content">What its recipients will see.</param>
public sealed record ScheduledSummary(string Id, DateTimeOffset SendAt, IReadOnlyList<string> To, JsonElement Content);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(EventDetails))]
[JsonSerializable(typeof(Page<ScheduledSummary>))]
[JsonSerializable(typeof(EventTimes))]
[JsonSerializable(typeof(WithdrawalAccepted))]
internal sealed partial class EventsQueryJson : JsonSerializerContext;

/// <summary>Looking at events.</summary>
public static class EventsQueryApi
{
    private const int MaxDeliveries = 100;

    private const string Example = """
        {"id":"evt_01a20269c6867af99c4258b33f98e0d9","externalId":"order-42-shipped","source":null,"status":"stored",
        "acceptedAt":"2026-01-15T09:30:00.000Z","storedAt":"2026-01-15T09:30:00.003Z","to":["user:alice"],"orderingKey":"user:alice",
        "content":{"type":"order.shipped","title":"Your order is on its way","body":null,"url":null,"imageUrl":null,"data":null,"actions":null,
        "category":null,"priority":"normal"},"decisions":[{"recipient":"user:alice","channel":"inbox","outcome":"deliver","reason":"named"}],
        "recipients":{"total":1,"data":[{"userId":"alice","notificationId":"ntf_01a20269c6867acbb1fecd8400000001","seq":1,"state":"read",
        "seenAt":"2026-01-15T09:31:00.000Z","readAt":"2026-01-15T09:31:00.000Z"}],"nextCursor":null},
        "deliveries":[{"id":"dlv_01a20269c6867acbb1fecd8400000002","channel":"email","userId":"alice","target":"alice@example.com","state":"sent",
        "reason":"sent","attempts":1}],"options":null,"withdrawnAt":null}
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
            .WithSummary("An event by its producer's id, or a list of scheduled ones")
            .WithDescription("Give externalId for one event; of CloudEvents with the same id from several sources, source tells which. " +
                "Give status=scheduled for a list of the events that wait for their time, next first: {data, nextCursor}.")
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

    private static async Task<Results<Ok<EventDetails>, Ok<Page<ScheduledSummary>>, ProblemHttpResult>> FindAsync(
        HttpContext context, Store store, string? externalId = null, string? status = null, string? source = null, string? after = null, int? limit = null,
        CancellationToken cancellationToken = default)
    {
        if (externalId is null == status is null)
        {
            return Problems.Field("externalId", "give either externalId or status=scheduled");
        }

        if (status is not null)
        {
            return status == "scheduled"
                ? await ListScheduledAsync(context, store, after, limit, cancellationToken) switch
                {
                    { Result: Ok<Page<ScheduledSummary>> page } => page,
                    var other => (ProblemHttpResult)other.Result,
                }
                : Problems.Field("status", "must be scheduled");
        }

        var found = await AnswerAsync(
            context, await store.EventAsync(context.User.Tenant(), externalId!, source, cancellationToken), store, after, limit, cancellationToken);
        return found.Result is Ok<EventDetails> details ? details : (ProblemHttpResult)found.Result;
    }

    private static async Task<Results<Ok<Page<ScheduledSummary>>, ProblemHttpResult>> ListScheduledAsync(
        HttpContext context, Store store, string? after, int? limit, CancellationToken cancellationToken)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var (dueAt, last) = (long.MinValue, default(Guid));
        if (place is not "" && (place.Split(' ') is not [var time, var id] || !long.TryParse(time, CultureInfo.InvariantCulture, out dueAt) || !Guid.TryParseExact(id, "N", out last)))
        {
            return Paging.BadCursor();
        }

        var scheduled = await store.ScheduledEventsAsync(context.User.Tenant(), dueAt, last, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(
            scheduled, count, Summary, s => string.Create(CultureInfo.InvariantCulture, $"{s.DueAt} {s.EventId:N}")));
    }

    private static ScheduledSummary Summary(ScheduledEvent scheduled)
    {
        EventRecord.TryRead(new LogEntry(LogPosition.Start, scheduled.Tenant, scheduled.EventId, scheduled.Payload), out var record);
        return new ScheduledSummary(
            Ids.Format(Ids.Event, scheduled.EventId), DateTimeOffset.FromUnixTimeMilliseconds(scheduled.DueAt), [.. record!.To.Select(to => to.ToString())],
            JsonElement.Parse(record.Content.Span));
    }

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
        var page = Paging.Page(recipients, count, recipient => Recipient(stored.Id, recipient), recipient => recipient.Item.User);
        var deliveries = (await store.EventDeliveriesAsync(context.User.Tenant(), stored.Id, MaxDeliveries, cancellationToken)).ConvertAll(d =>
            new EventDeliverySummary(Ids.Format(Ids.Delivery, d.Id), d.Channel, d.UserId, d.Target, d.State, d.Reason, d.Attempts));
        return TypedResults.Ok(new EventDetails(
            Ids.Format(Ids.Event, stored.Id), stored.ExternalId, stored.Source is "" ? null : stored.Source,
            Status(stored), DateTimeOffset.FromUnixTimeMilliseconds(stored.AcceptedAt),
            DateTimeOffset.FromUnixTimeMilliseconds(stored.StoredAt), stored.To.Split('\n'), stored.OrderingKey,
            JsonElement.Parse(stored.Content), JsonElement.Parse(stored.Decisions),
            new EventRecipients(stored.Recipients, page.Data, page.NextCursor), deliveries, EventOptionsView.Of(stored.Options), Time(stored.WithdrawnAt)));
    }

    private static string Status(StoredEvent stored) => stored switch
    {
        { State: { } state } => state,
        { WithdrawnAt: not null } => "withdrawn",
        { FannedOut: not null } => "delivering",
        _ => "stored",
    };

    private static EventRecipient Recipient(Guid eventId, StoredRecipient recipient)
    {
        var item = recipient.Item;
        var state = item switch
        {
            { Deleted: true } => "deleted",
            { ShownEventId: { } shown } when shown != eventId => "replaced",
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
