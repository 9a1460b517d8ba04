using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;

using Answer = Microsoft.AspNetCore.Http.HttpResults.Results<
    Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<Notifications.Events.EventReceipt>,
    Microsoft.AspNetCore.Http.HttpResults.JsonHttpResult<Notifications.Events.BatchReceipt>,
    Microsoft.AspNetCore.Http.HttpResults.ProblemHttpResult>;

namespace Notifications.Events;

/// <summary>Where events come in: <c>POST /v1/events</c> and <c>POST /v1/events/batch</c>.</summary>
public static partial class EventsApi
{
    private const string Path = "/v1/events";

    /// <summary>Maps the endpoints. They ask for the policy <see cref="Scopes.EventsWrite"/>.</summary>
    public static RouteGroupBuilder MapEvents(this IEndpointRouteBuilder routes)
    {
        var events = routes.MapGroup(Path).WithTags("Events").RequireAuthorization(Scopes.EventsWrite);
        DescribePost(events.MapPost("", PostAsync));
        DescribePostBatch(events.MapPost("/batch", PostBatchAsync));
        return events;
    }

    /// <summary>
    /// Accepts one event, native or as a CloudEvent, or a batch of CloudEvents, for the caller's tenant: what it is, the content type says.
    /// </summary>
    public static async Task<Answer> PostAsync(HttpContext context, EventIntake intake)
    {
        var kind = KindOf(context.Request);
        switch (kind)
        {
            case BodyKind.CloudEventBatch:
                return await AcceptBatchAsync(context, intake, kind);
            case BodyKind.Json or BodyKind.CloudEvent:
                break;
            case BodyKind.Other or BodyKind.None when CloudEventsBinding.IsBinary(context.Request.Headers) && !IsEncoded(context.Request):
                break;
            case BodyKind.JsonLines:
                return UnsupportedMediaType($"Several events, one per line, go to {Path}/batch.");
            default:
                return UnsupportedMediaType(
                    $"Content-Type must be {MediaType.Json}, {MediaType.CloudEvent} or {MediaType.CloudEventBatch}, in UTF-8 and without Content-Encoding.");
        }

        if (!IdempotencyKey.TryRead(context.Request.Headers[IdempotencyKey.Header], out var key, out var fault))
        {
            return Problems.Field(IdempotencyKey.Header, fault);
        }

        EventDraft? draft;
        EventRefusal? refusal;
        using (var body = await RequestBody.ReadAsync(context, EventLimits.MaxBytes))
        {
            if (body.Problem is not null)
            {
                return body.Problem;
            }

            Parse(context.Request, kind, body.Bytes.Span, key, out draft, out refusal);
        }

        return draft is null ? refusal!.ToProblem() : await AcceptAsync(context, intake, draft);
    }

    /// <summary>Accepts several native events, as an array or one per line, for the caller's tenant.</summary>
    public static async Task<Answer> PostBatchAsync(HttpContext context, EventIntake intake)
    {
        var kind = KindOf(context.Request);
        return kind is BodyKind.Json or BodyKind.JsonLines
            ? await AcceptBatchAsync(context, intake, kind)
            : UnsupportedMediaType($"Content-Type must be {MediaType.Json} (an array) or {MediaType.JsonLines}, in UTF-8 and without Content-Encoding.");
    }

    private static void Parse(
        HttpRequest request, BodyKind kind, ReadOnlySpan<byte> body, string? key, out EventDraft? draft, out EventRefusal? refusal)
    {
        if (kind == BodyKind.CloudEvent)
        {
            CloudEventsBinding.TryParseStructured(body, key, out draft, out refusal);
        }
        else if (CloudEventsBinding.IsBinary(request.Headers))
        {
            CloudEventsBinding.TryParseBinary(request.Headers, request.ContentType, body, key, out draft, out refusal);
        }
        else
        {
            EventParser.TryParse(body, key, out draft, out refusal);
        }
    }

    private static async Task<Answer> AcceptAsync(HttpContext context, EventIntake intake, EventDraft draft)
    {
        // From here on the caller's cancellation counts no more: the event may be in the log.
        var result = (await intake.AcceptAsync(context.User.Tenant(), [draft]))[0];
        if (result.Refusal() is { } refusal)
        {
            return Refuse(context, refusal);
        }

        var id = Ids.Format(Ids.Event, result.EventId);
        context.Response.Headers.Location = $"{Path}/{id}";
        var receipt = new EventReceipt
        {
            Id = id,
            ExternalId = draft.ExternalId,
            Status = "accepted",
            Duplicate = result.Outcome == AcceptOutcome.Duplicate,
        };
        return TypedResults.Json(receipt, EventsJson.Default.EventReceipt, statusCode: StatusCodes.Status202Accepted);
    }

    private static async Task<Answer> AcceptBatchAsync(HttpContext context, EventIntake intake, BodyKind kind)
    {
        if (context.Request.Headers.ContainsKey(IdempotencyKey.Header))
        {
            return Problems.Field(IdempotencyKey.Header, "stands for one event; in a batch each event has its own id");
        }

        BatchItem[]? items;
        EventRefusal? refusal;
        using (var body = await RequestBody.ReadAsync(context, EventLimits.MaxBatchBytes))
        {
            if (body.Problem is not null)
            {
                return body.Problem;
            }

            items = kind switch
            {
                BodyKind.JsonLines => EventBatch.ParseLines(body.Bytes.Span, out refusal),
                BodyKind.CloudEventBatch => EventBatch.ParseCloudEvents(body.Bytes.Span, out refusal),
                _ => EventBatch.ParseArray(body.Bytes.Span, out refusal),
            };
        }

        if (items is null)
        {
            return refusal!.ToProblem();
        }

        // From here on the caller's cancellation counts no more: events may be in the log.
        var drafts = items.Where(i => i.Draft is not null).Select(i => i.Draft!).ToArray();
        var results = drafts.Length == 0 ? [] : await intake.AcceptAsync(context.User.Tenant(), drafts);
        if (BatchReceipt.TurnedAway(results) is { } away)
        {
            return Refuse(context, away);
        }

        return TypedResults.Json(BatchReceipt.Of(items, results), EventsJson.Default.BatchReceipt, statusCode: StatusCodes.Status202Accepted);
    }

    private static ProblemHttpResult Refuse(HttpContext context, EventRefusal refusal) =>
        refusal.Status == StatusCodes.Status503ServiceUnavailable
            ? Problems.Unavailable(context, refusal.Detail, code: refusal.Code)
            : refusal.ToProblem();

    private static BodyKind KindOf(HttpRequest request) => IsEncoded(request) ? BodyKind.Other : MediaType.Of(request.ContentType);

    /// <summary>Whether the body is compressed, which a limit on its size would then say nothing about.</summary>
    private static bool IsEncoded(HttpRequest request) =>
        request.Headers.ContentEncoding is { Count: > 0 } encodings && encodings != "identity";

    private static ProblemHttpResult UnsupportedMediaType(string detail) =>
        Problems.Of(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", detail);
}
