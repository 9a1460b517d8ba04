using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Jobs;
using Notifications.Operations;
using Notifications.Storage;

namespace Notifications.DeadLetters;

/// <summary>What was given up: looking at it, trying it again, deleting it.</summary>
public static class DeadLettersApi
{
    private const int MaxIds = 1_000;
    private const int SampleSize = 10;
    private const int MaxGroups = 100;

    /// <summary>The newest dead letters, of which groups are made.</summary>
    private const int GroupedLetters = 10_000;

    private const int MaxReasonLength = 100;

    private const string Example = """
        {"id":"dl_01a20269c6867af99c4258b33f98e0d9","kind":"delivery","eventId":"evt_01a20269c6867af99c4258b33f98e0d8",
        "deliveryId":"dlv_01a20269c6867af99c4258b33f98e0d7","channel":"webhook","reason":"http_500","error":"The endpoint answered 500.","attempts":15,
        "code":500,"createdAt":"2026-01-15T09:30:00.000Z"}
        """;

    private const string Request = """{"filter":{"kind":"delivery","channel":"webhook","before":"2026-01-15T10:00:00Z"},"limit":1000}""";
    private const string Operation = """{"operationId":"op_01a20269c6867af99c4258b33f98e0d9"}""";
    private static readonly string Preview = $$"""{"total":1,"counts":{"delivery":1},"sample":[{{Example}}]}""";

    /// <summary>Maps <c>/v1/dead-letters</c>.</summary>
    public static IEndpointRouteBuilder MapDeadLetters(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/dead-letters").WithTags("Dead letters");
        group.MapGet("/", ListAsync).RequireAuthorization(Scopes.View).WithName("listDeadLetters").WithSummary("What was given up, newest first")
            .WithResponseExample(200, $$"""{"data":[{{Example}}],"nextCursor":null}""");
        group.MapGet("/groups", GroupsAsync).RequireAuthorization(Scopes.View).WithName("groupDeadLetters").WithSummary("Dead letters that look alike")
            .WithDescription("By kind, channel, reason and error, where numbers and ids in errors do not matter. Of the newest 10,000; complete says whether those are all.")
            .WithResponseExample(
                200,
                """
                {"data":[{"kind":"delivery","channel":"webhook","reason":"http_500","error":"The endpoint answered #.","count":120,
                "firstAt":"2026-01-15T09:00:00.000Z","lastAt":"2026-01-15T09:30:00.000Z","example":"dl_01a20269c6867af99c4258b33f98e0d9"}],
                "scanned":120,"complete":true}
                """);
        group.MapGet("/{id}", GetAsync).RequireAuthorization(Scopes.View).WithName("getDeadLetter").WithSummary("A dead letter with what is in it")
            .WithResponseExample(200, Example[..^1].TrimEnd('}') + ""","response":"Internal Server Error","payload":{"type":"order.shipped"},"payloadBase64":null}""")
            .WithProblem(404);
        Change(group.MapPost("/replay", ReplayAsync).WithName("replayDeadLetters").WithSummary("Try again what was given up"))
            .WithDescription(
                "Deliveries begin anew under the same id if they are still dead; events go into the log again under the same id, by which they are stored once. " +
                "So nothing is delivered twice. With dryRun only what it would be, as 200.");
        Change(group.MapPost("/discard", DiscardAsync).WithName("discardDeadLetters").WithSummary("Delete what was given up"))
            .WithDescription("With dryRun only what it would be, as 200.");
        return routes;

        static RouteHandlerBuilder Change(RouteHandlerBuilder endpoint) => endpoint.RequireAuthorization(Scopes.Operate).WithSmallBody()
            .WithRequestExample(Request).WithResponseExample(202, Operation).WithResponseExample(200, Preview);
    }

    private static async Task<Results<Ok<Page<DeadLetterView>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, string? kind = null, string? channel = null, string? reason = null, string? eventId = null, string? after = null,
        int? limit = null, CancellationToken cancellationToken = default)
    {
        var filter = new DeadLetterFilter { Kind = kind, Channel = channel, Reason = reason };
        if ((Paging.CheckNewestFirst(after, limit, out var before, out var count) ?? Check(filter, "")) is { } problem)
        {
            return problem;
        }

        Guid id = default;
        if (eventId is not null && !Ids.TryParse(Ids.Event, eventId, out id))
        {
            return Problems.Field("eventId", "evt_ and 32 hexadecimal digits.");
        }

        var letters = await store.DeadLettersAsync(context.User.Tenant(), filter, eventId is null ? null : id, before, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(letters, count, DeadLetterView.Of, l => l.Id.ToString("N")));
    }

    private static async Task<Ok<DeadLetterGroups>> GroupsAsync(HttpContext context, Store store, CancellationToken cancellationToken)
    {
        var letters = await store.DeadLettersAsync(context.User.Tenant(), new DeadLetterFilter(), null, Guid.AllBitsSet, GroupedLetters + 1, cancellationToken);
        var complete = letters.Count <= GroupedLetters;
        if (!complete)
        {
            letters.RemoveAt(GroupedLetters);
        }

        var groups = letters.GroupBy(l => (l.Kind, l.Channel, l.Reason, Error: ErrorShape.Of(l.Error)))
            .Select(g => new DeadLetterGroup(
                g.Key.Kind, g.Key.Channel, g.Key.Reason, g.Key.Error, g.LongCount(), g.Min(l => l.CreatedAt), g.Max(l => l.CreatedAt),
                Ids.Format(Ids.DeadLetter, g.First().Id)))
            .OrderByDescending(g => g.Count).ThenByDescending(g => g.LastAt).Take(MaxGroups);
        return TypedResults.Ok(new DeadLetterGroups([.. groups], letters.Count, complete));
    }

    private static async Task<Results<Ok<DeadLetterDetails>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, Store store, CancellationToken cancellationToken) =>
        Ids.TryParse(Ids.DeadLetter, id, out var guid) && await store.DeadLetterAsync(context.User.Tenant(), guid, cancellationToken) is { } letter
            ? TypedResults.Ok(new DeadLetterDetails(letter))
            : Problems.NotFound("There is no such dead letter; an id is dl_ and 32 hexadecimal digits. One that was replayed or discarded is gone.");

    private static Task<Results<Ok<DeadLetterPreview>, Accepted<OperationAccepted>, ProblemHttpResult>> ReplayAsync(
        DeadLetterAction request, HttpContext context, Store store, IJobClock clock, CancellationToken cancellationToken) =>
        BeginAsync(OperationKinds.Replay, request, context, store, clock, cancellationToken);

    private static Task<Results<Ok<DeadLetterPreview>, Accepted<OperationAccepted>, ProblemHttpResult>> DiscardAsync(
        DeadLetterAction request, HttpContext context, Store store, IJobClock clock, CancellationToken cancellationToken) =>
        BeginAsync(OperationKinds.Discard, request, context, store, clock, cancellationToken);

    private static async Task<Results<Ok<DeadLetterPreview>, Accepted<OperationAccepted>, ProblemHttpResult>> BeginAsync(
        string kind, DeadLetterAction request, HttpContext context, Store store, IJobClock clock, CancellationToken cancellationToken)
    {
        if (Read(request, out var selection) is { } problem)
        {
            return problem;
        }

        if (request.DryRun)
        {
            var (counts, sample) = await store.PreviewDeadLettersAsync(context.User.Tenant(), selection, SampleSize, cancellationToken);
            return TypedResults.Ok(new DeadLetterPreview(counts.Values.Sum(), counts, [.. sample.Select(DeadLetterView.Of)]));
        }

        cancellationToken.ThrowIfCancellationRequested();
        var operation = await store.AddDeadLetterOperationAsync(context.User.Tenant(), kind, selection);
        await clock.EnqueueAsync(operation.Id);
        return OperationAccepted.Answer(operation);
    }

    private static ProblemHttpResult? Read(DeadLetterAction request, out DeadLetterSelection selection)
    {
        selection = new DeadLetterSelection { Filter = request.Filter, Limit = request.Limit ?? long.MaxValue };
        if ((request.Ids is null) == (request.Filter is null))
        {
            return Problems.Field(request.Ids is null ? "filter" : "ids", "exactly one of ids and filter; the filter {} is all.");
        }

        if (request.Limit < 1)
        {
            return Problems.Field("limit", "at least 1.");
        }

        if (request.Filter is { } filter)
        {
            return Check(filter, "filter.");
        }

        if (request.Ids!.Count is 0 or > MaxIds)
        {
            return Problems.Field("ids", $"1 to {MaxIds}.");
        }

        var ids = new SortedSet<Guid>();
        for (var i = 0; i < request.Ids.Count; i++)
        {
            if (!Ids.TryParse(Ids.DeadLetter, request.Ids[i], out var id))
            {
                return Problems.Field($"ids[{i}]", "dl_ and 32 hexadecimal digits.");
            }

            ids.Add(id);
        }

        selection = selection with { Ids = [.. ids] };
        return null;
    }

    private static ProblemHttpResult? Check(DeadLetterFilter filter, string path) => filter switch
    {
        { Kind: not (null or DeadLetter.Event or DeadLetter.Delivery) } => Problems.Field(path + "kind", "event or delivery."),
        { Channel: not (null or "email" or "webhook") } => Problems.Field(path + "channel", "email or webhook."),
        { Reason: { } reason } when reason.Length is 0 or > MaxReasonLength || reason.Any(char.IsControl) =>
            Problems.Field(path + "reason", $"1 to {MaxReasonLength} characters."),
        _ => null,
    };
}
