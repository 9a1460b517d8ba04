using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Jobs;

/// <summary>A recurring job and how it is doing.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Schedule">How often, such as <c>every hour</c>.</param>
/// <param name="Clock">What runs it: <c>lease</c> or <c>hangfire</c>.</param>
/// <param name="Running">Whether some node runs it now.</param>
/// <param name="LastStartedAt">When it was last begun.</param>
/// <param name="LastFinishedAt">When it last ended, well or not.</param>
/// <param name="LastSucceededAt">When it last ended well.</param>
/// <param name="LastResult">What it did then.</param>
/// <param name="LastError">Why its last run failed; null where it did not.</param>
/// <param name="Failures">How often it has failed since it last ended well.</param>
/// <param name="NextRunAt">When it runs next, where that is known.</param>
public sealed record JobView(
    string Name, string Description, string Schedule, string Clock, bool Running, DateTimeOffset? LastStartedAt, DateTimeOffset? LastFinishedAt,
    DateTimeOffset? LastSucceededAt, string? LastResult, string? LastError, int Failures, DateTimeOffset? NextRunAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(JobView))]
[JsonSerializable(typeof(Page<JobView>))]
internal sealed partial class JobsJson : JsonSerializerContext;

/// <summary><c>/v1/jobs</c>: what the clock drives, all tenants together.</summary>
public static class JobsApi
{
    private const string Example = """
        {"name":"retention","description":"Deletes what is past its retention: inbox items, broadcasts, events, deliveries, dead letters and operations.",
        "schedule":"every hour","clock":"lease","running":false,"lastStartedAt":"2026-01-15T09:00:00.000Z","lastFinishedAt":"2026-01-15T09:00:00.080Z",
        "lastSucceededAt":"2026-01-15T09:00:00.080Z","lastResult":"deleted 12 inbox items","lastError":null,"failures":0,"nextRunAt":"2026-01-15T10:00:00.000Z"}
        """;

    /// <summary>Maps <c>/v1/jobs</c>.</summary>
    public static IEndpointRouteBuilder MapJobs(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/jobs").WithTags("Jobs");
        group.MapGet("/", ListAsync).RequireAuthorization(Scopes.View).WithName("listJobs").WithSummary("The recurring jobs and how they are doing")
            .WithDescription("All in one part.").WithResponseExample(200, $$"""{"data":[{{Example}}],"nextCursor":null}""");
        group.MapPost("/{name}/run", RunAsync).RequireAuthorization(Scopes.Operate).WithName("runJob").WithSummary("Run a job soon; no body")
            .WithDescription("On one of the nodes that run jobs. GET /v1/jobs shows what comes of it.").WithProblem(404);
        return routes;
    }

    private static async Task<Ok<Page<JobView>>> ListAsync(Store store, JobList jobs, IJobClock clock, CancellationToken cancellationToken)
    {
        var known = (await store.JobsAsync(cancellationToken)).ToDictionary(job => job.Name, StringComparer.Ordinal);
        var next = await clock.NextRunsAsync(cancellationToken);
        return TypedResults.Ok(new Page<JobView>
        {
            Data = [.. jobs.All.Select(job => View(job, clock.Name, known.GetValueOrDefault(job.Name), next))],
            NextCursor = null,
        });
    }

    private static JobView View(Job job, string clock, JobEntry? entry, IReadOnlyDictionary<string, DateTimeOffset> next) => new(
        job.Name, job.Description, job.Schedule.ToString(), clock, entry?.Owner is not null, entry?.StartedAt, entry?.FinishedAt, entry?.SucceededAt,
        entry?.Result, entry?.Error, entry?.Failures ?? 0, next.TryGetValue(job.Name, out var at) ? at : null);

    private static async Task<Results<Accepted, ProblemHttpResult>> RunAsync(string name, JobList jobs, IJobClock clock, CancellationToken cancellationToken)
    {
        if (jobs.Find(name) is not { } job)
        {
            return Problems.NotFound($"There is no job of this name; there are {string.Join(", ", jobs.All.Select(j => j.Name))}.");
        }

        cancellationToken.ThrowIfCancellationRequested();
        await clock.TriggerAsync(job);
        return TypedResults.Accepted("/v1/jobs");
    }
}
