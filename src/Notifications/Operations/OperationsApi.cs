using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Operations;

/// <summary>Long work that somebody asked for.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What is done, such as <c>dead_letters.replay</c>.</param>
/// <param name="State"><c>pending</c>, <c>running</c>, <c>finished</c>, <c>failed</c> or <c>cancelled</c>.</param>
/// <param name="Total">How many there were to do when it was asked for.</param>
/// <param name="Done">How many it has been through.</param>
/// <param name="Counts">Of those, how many by result.</param>
/// <param name="Error">Why it waits, or has failed.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="UpdatedAt">When it last got on.</param>
/// <param name="FinishedAt">When it ended.</param>
public sealed record OperationView(
    string Id, string Kind, string State, long? Total, long Done, IReadOnlyDictionary<string, long> Counts, string? Error, DateTimeOffset CreatedAt,
    DateTimeOffset UpdatedAt, DateTimeOffset? FinishedAt)
{
    internal static OperationView Of(Operation o) => new(
        Ids.Format(Ids.Operation, o.Id), o.Kind, o.State, o.Total, o.Done, o.Counts, o.Error, o.CreatedAt, o.UpdatedAt, o.FinishedAt);
}

/// <summary>An operation has been accepted.</summary>
/// <param name="OperationId">Its id, for <c>GET /v1/operations/{id}</c>.</param>
public sealed record OperationAccepted(string OperationId)
{
    internal static Accepted<OperationAccepted> Answer(Operation operation)
    {
        var id = Ids.Format(Ids.Operation, operation.Id);
        return TypedResults.Accepted($"/v1/operations/{id}", new OperationAccepted(id));
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(OperationView))]
[JsonSerializable(typeof(Page<OperationView>))]
[JsonSerializable(typeof(OperationAccepted))]
internal sealed partial class OperationsJson : JsonSerializerContext;

/// <summary>Looking at operations, and stopping them.</summary>
public static class OperationsApi
{
    private const string Example = """
        {"id":"op_01a20269c6867af99c4258b33f98e0d9","kind":"dead_letters.replay","state":"running","total":1200,"done":500,
        "counts":{"replayed":498,"skipped_not_dead":2},"error":null,"createdAt":"2026-01-15T09:30:00.000Z","updatedAt":"2026-01-15T09:30:01.000Z",
        "finishedAt":null}
        """;

    /// <summary>Maps <c>/v1/operations</c>.</summary>
    public static IEndpointRouteBuilder MapOperations(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/operations").WithTags("Operations");
        group.MapGet("/", ListAsync).RequireAuthorization(Scopes.View).WithName("listOperations").WithSummary("Operations, newest first")
            .WithResponseExample(200, $$"""{"data":[{{Example}}],"nextCursor":null}""");
        group.MapGet("/{id}", GetAsync).RequireAuthorization(Scopes.View).WithName("getOperation").WithSummary("An operation and how far it is")
            .WithResponseExample(200, Example).WithProblem(404);
        group.MapPost("/{id}/cancel", CancelAsync).RequireAuthorization(Scopes.Operate).WithName("cancelOperation").WithSummary("Stop an operation; no body")
            .WithDescription("What was done stays done; the step that is under way is either done or not.")
            .WithResponseExample(200, Example.Replace("running", "cancelled", StringComparison.Ordinal)).WithProblem(404)
            .WithProblem(409, "operation_ended", "It has ended.");
        return routes;
    }

    private static async Task<Results<Ok<Page<OperationView>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, string? state = null, string? kind = null, string? after = null, int? limit = null,
        CancellationToken cancellationToken = default)
    {
        if (Paging.CheckNewestFirst(after, limit, out var before, out var count) is { } problem)
        {
            return problem;
        }

        if (state is not null && !OperationState.All.Contains(state))
        {
            return Problems.Field("state", $"one of {string.Join(", ", OperationState.All)}.");
        }

        if (kind is not null && !OperationKinds.Steps.ContainsKey(kind))
        {
            return Problems.Field("kind", $"one of {string.Join(", ", OperationKinds.Steps.Keys)}.");
        }

        var operations = await store.OperationsAsync(context.User.Tenant(), state, kind, before, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(operations, count, OperationView.Of, o => o.Id.ToString("N")));
    }

    private static async Task<Results<Ok<OperationView>, ProblemHttpResult>> GetAsync(
        string id, HttpContext context, Store store, CancellationToken cancellationToken) =>
        Ids.TryParse(Ids.Operation, id, out var guid) && await store.OperationAsync(context.User.Tenant(), guid, cancellationToken) is { } operation
            ? TypedResults.Ok(OperationView.Of(operation))
            : NoOperation();

    private static async Task<Results<Ok<OperationView>, ProblemHttpResult>> CancelAsync(
        string id, HttpContext context, Store store, CancellationToken cancellationToken)
    {
        if (!Ids.TryParse(Ids.Operation, id, out var guid))
        {
            return NoOperation();
        }

        cancellationToken.ThrowIfCancellationRequested();
        var cancelled = await store.CancelOperationAsync(context.User.Tenant(), guid);
        return await store.OperationAsync(context.User.Tenant(), guid, CancellationToken.None) is not { } operation
            ? NoOperation()
            : cancelled
                ? TypedResults.Ok(OperationView.Of(operation))
                : Problems.Of(409, "operation_ended", $"The operation is {operation.State} already.");
    }

    private static ProblemHttpResult NoOperation() => Problems.NotFound("There is no such operation; an id is op_ and 32 hexadecimal digits.");
}
