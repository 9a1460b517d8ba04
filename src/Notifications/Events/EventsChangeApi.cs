using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Jobs;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Events;

/// <summary>New times of a scheduled event; what is left out stays.</summary>
public sealed record EventTimes
{
    /// <summary>When it is to be sent; in the past: at once.</summary>
    public Maybe<DateTimeOffset?> SendAt { get; init; }

    /// <summary>When it is over; null: never.</summary>
    public Maybe<DateTimeOffset?> ExpiresAt { get; init; }
}

/// <summary>An event is being withdrawn.</summary>
/// <param name="OperationId">The operation that goes on with it; null where it is withdrawn everywhere already.</param>
public sealed record WithdrawalAccepted(string? OperationId);

/// <summary>Changing and taking back events.</summary>
public static class EventsChangeApi
{
    private const string NotScheduled = "not_scheduled";
    private const string TooLate = "The event does not wait any more.";

    /// <summary>Maps <c>PUT</c>, <c>PATCH</c> and <c>DELETE</c> of an event that waits, and <c>POST …/withdraw</c>.</summary>
    public static IEndpointRouteBuilder MapEventsChange(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/events/{id}").WithTags("Events").RequireAuthorization(Scopes.EventsWrite);
        group.MapPut("", ReplaceAsync).WithName("replaceScheduledEvent").WithSummary("Replace an event that waits for its time")
            .WithDescription("The body is an event as for POST /v1/events. Its ordering key stays; without sendAt it is sent at once.")
            .WithEventBody().WithProblem(404).WithProblem(409, NotScheduled, TooLate);
        group.MapPatch("", RetimeAsync).WithSmallBody().WithName("retimeScheduledEvent").WithSummary("Change when an event that waits is sent, or when it is over")
            .WithRequestExample("""{"sendAt":"2030-01-31T09:00:00Z"}""").WithProblem(404).WithProblem(409, NotScheduled, TooLate);
        group.MapDelete("", CancelAsync).WithName("cancelEvent").WithSummary("Cancel an event that waits for its time")
            .WithDescription("204 where it waited; 409 where it was sent already: then withdraw it.").WithProblem(404).WithProblem(409, NotScheduled, TooLate);
        group.MapPost("/withdraw", WithdrawAsync).WithName("withdrawEvent").WithSummary("Take an event back from everywhere")
            .WithDescription("Its notifications disappear from all inboxes and devices, and what has not gone out yet by email or webhook never does. " +
                "Of an event to very many people the rest follows in the background; operationId then tells how far it is.")
            .WithResponseExample(202, """{"operationId":null}""").WithProblem(404);
        return routes;
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ReplaceAsync(string id, HttpContext context, Store store, TimeProvider time)
    {
        if (MediaType.Of(context.Request.ContentType) != BodyKind.Json)
        {
            return Problems.Of(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", $"Content-Type must be {MediaType.Json}.");
        }

        EventDraft? draft;
        EventRefusal? refusal;
        using (var body = await RequestBody.ReadAsync(context, EventLimits.MaxBytes))
        {
            if (body.Problem is not null)
            {
                return body.Problem;
            }

            EventParser.TryParse(body.Bytes.Span, null, out draft, out refusal);
        }

        if (draft is null)
        {
            return refusal!.ToProblem();
        }

        var sameId = true;
        var result = await ChangeAsync(id, context, store, before =>
        {
            sameId = draft.ExternalId is null || draft.ExternalId == before.ExternalId;
            return sameId ? Replaced(before, draft, time.GetUtcNow().ToUnixTimeMilliseconds()) : null;
        });
        return sameId ? result : Problems.Field("id", "cannot be changed; leave it out or send the one it has");
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> RetimeAsync(string id, EventTimes times, HttpContext context, Store store, TimeProvider time)
    {
        if (!times.SendAt.IsSet && !times.ExpiresAt.IsSet)
        {
            return Problems.Field("sendAt", "give sendAt, expiresAt or both");
        }

        var now = time.GetUtcNow().ToUnixTimeMilliseconds();
        ProblemHttpResult? problem = null;
        var result = await ChangeAsync(id, context, store, before =>
        {
            var options = before.Options ?? new EventOptions();
            options = options with
            {
                SendAt = times.SendAt.IsSet ? times.SendAt.Value?.ToUnixTimeMilliseconds() ?? now : options.SendAt,
                ExpiresAt = times.ExpiresAt.IsSet ? times.ExpiresAt.Value?.ToUnixTimeMilliseconds() : options.ExpiresAt,
            };
            problem = options.ExpiresAt <= options.SendAt ? Problems.Field("expiresAt", "must be later than sendAt") : null;
            return problem is null ? With(before, options) : null;
        });
        return problem ?? result;
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> CancelAsync(string id, HttpContext context, Store store)
    {
        if (!Ids.TryParse(Ids.Event, id, out var guid))
        {
            return Missing();
        }

        return await store.CancelScheduledAsync(context.User.Tenant(), guid) ? TypedResults.NoContent() : await TooLateAsync(context, store, guid);
    }

    private static async Task<Results<Accepted<WithdrawalAccepted>, ProblemHttpResult>> WithdrawAsync(
        string id, HttpContext context, Store store, EventWithdrawal withdrawal, IJobClock clock)
    {
        var tenant = context.User.Tenant();
        if (!Ids.TryParse(Ids.Event, id, out var guid) || await withdrawal.BeginAsync(tenant, guid) is not { } complete)
        {
            context.Response.Headers.RetryAfter = "1";
            return Problems.NotFound("There is no such event, or it is accepted but not stored yet: then try again.");
        }

        if (complete)
        {
            return TypedResults.Accepted((string?)null, new WithdrawalAccepted(null));
        }

        var operation = await store.AddWithdrawalAsync(tenant, guid);
        await clock.EnqueueAsync(operation.Id);
        var name = Ids.Format(Ids.Operation, operation.Id);
        return TypedResults.Accepted($"/v1/operations/{name}", new WithdrawalAccepted(name));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> ChangeAsync(string id, HttpContext context, Store store, Func<EventRecord, EventRecord?> change)
    {
        if (!Ids.TryParse(Ids.Event, id, out var guid))
        {
            return Missing();
        }

        var tenant = context.User.Tenant();
        var before = await store.ScheduledEventAsync(tenant, guid, context.RequestAborted);
        if (before is null)
        {
            return await TooLateAsync(context, store, guid);
        }

        if (change(before) is not { } after)
        {
            return Missing(); // The caller has something better to say.
        }

        return await store.ChangeScheduledAsync(tenant, after) ? TypedResults.NoContent() : await TooLateAsync(context, store, guid);
    }

    private static EventRecord Replaced(EventRecord before, EventDraft draft, long now) => new()
    {
        Id = before.Id,
        Tenant = before.Tenant,
        Source = before.Source,
        ExternalId = before.ExternalId,
        Fingerprint = before.Fingerprint,
        AcceptedAt = before.AcceptedAt,
        OrderingKey = before.OrderingKey,
        To = draft.To,
        Category = draft.Category,
        Content = draft.Content,
        Options = (draft.Options ?? new EventOptions()) with { SendAt = draft.Options?.SendAt ?? now },
    };

    private static EventRecord With(EventRecord before, EventOptions options) => new()
    {
        Id = before.Id,
        Tenant = before.Tenant,
        Source = before.Source,
        ExternalId = before.ExternalId,
        Fingerprint = before.Fingerprint,
        AcceptedAt = before.AcceptedAt,
        OrderingKey = before.OrderingKey,
        To = before.To,
        Category = before.Category,
        Content = before.Content,
        Options = options,
    };

    private static async Task<ProblemHttpResult> TooLateAsync(HttpContext context, Store store, Guid id) =>
        await store.EventAsync(context.User.Tenant(), id, context.RequestAborted) is { } stored
            ? Problems.Of(StatusCodes.Status409Conflict, NotScheduled, stored.State is { } state
                ? $"The event does not wait any more: it is {state}."
                : "The event does not wait: it has been sent. It can be withdrawn.")
            : Missing();

    private static ProblemHttpResult Missing() => Problems.NotFound("There is no such event.");
}
