using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Notifications.Hosting;

/// <summary>How the service is.</summary>
public sealed record HealthView
{
    /// <summary><c>live</c>, <c>ready</c> or <c>notReady</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What is not ready, and why; empty where all is. A node that is ready can still do something without it.</summary>
    public required IReadOnlyDictionary<string, string> NotReady { get; init; }
}

/// <summary><c>/health</c>: for whoever runs the service. Open, and says nothing of its data.</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("Health");
        health.MapGet("/live", Live)
            .WithName("live").WithSummary("Whether the process runs").WithResponseExample(200, """{"status":"live","notReady":{}}""");
        health.MapGet("/ready", ReadyAsync).WithName("ready").WithSummary("Whether the process can serve")
            .WithDescription(
                "503 while nothing can be served here, and during shutdown: send no requests here. A node that takes events or serves users stays ready " +
                "while it can do one of the two: events are taken while the store is away, and users are served while the log is. What is missing " +
                "is in `notReady` in either case. A node that does neither is ready while all that it needs is there.")
            .WithResponseExample(200, """{"status":"ready","notReady":{}}""")
            .WithResponseExample(503, """{"status":"notReady","notReady":{"store":"unavailable"}}""");

        // Some probes ask with HEAD; described once.
        health.MapMethods("/live", [HttpMethods.Head], Live).ExcludeFromDescription();
        health.MapMethods("/ready", [HttpMethods.Head], ReadyAsync).ExcludeFromDescription();
    }

    private static Ok<HealthView> Live(CancellationToken _) => TypedResults.Ok(View("live", new Dictionary<string, string>()));

    private static async Task<Results<Ok<HealthView>, JsonHttpResult<HealthView>>> ReadyAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var (ready, faults) = await readiness.CheckAsync(cancellationToken);
        return ready
            ? TypedResults.Ok(View("ready", faults))
            : TypedResults.Json(View("notReady", faults), statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static HealthView View(string status, IReadOnlyDictionary<string, string> notReady) => new() { Status = status, NotReady = notReady };
}
