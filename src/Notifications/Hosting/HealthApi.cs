using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Hosting;
using Notifications.Storage;

namespace Notifications.Hosting;

/// <summary>How the service is.</summary>
public sealed record HealthView
{
    /// <summary><c>live</c>, <c>ready</c> or <c>notReady</c>.</summary>
    public required string Status { get; init; }

    /// <summary>What is not ready, and why; empty where all is.</summary>
    public required IReadOnlyDictionary<string, string> NotReady { get; init; }
}

/// <summary>
/// Whether this process can serve: the store takes a write and gives it back. The answer is kept for a second, so that probes cost the disk
/// nothing.
/// </summary>
public sealed class Readiness(Store store, IHostApplicationLifetime lifetime, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2), KeptFor = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _one = new(1);
    private readonly Dictionary<string, Func<string?>> _checks = [];
    private long _checkedAt;
    private string? _storeFault = "not asked yet";

    /// <summary>Adds a condition; at start-up only.</summary>
    /// <param name="name">What it is about.</param>
    /// <param name="fault">Says at once why it is not ready, or null.</param>
    public void Add(string name, Func<string?> fault) => _checks.Add(name, fault);

    /// <inheritdoc/>
    public void Dispose() => _one.Dispose();

    internal async Task<Dictionary<string, string>> FaultsAsync(CancellationToken cancellationToken)
    {
        var faults = new Dictionary<string, string>();
        if (lifetime.ApplicationStopping.IsCancellationRequested)
        {
            faults["process"] = "shutting down";
        }

        foreach (var (name, check) in _checks)
        {
            if (check() is { } fault)
            {
                faults[name] = fault;
            }
        }

        if (await StoreFaultAsync(cancellationToken) is { } storeFault)
        {
            faults["store"] = storeFault;
        }

        return faults;
    }

    private async Task<string?> StoreFaultAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_checkedAt == 0 || time.GetElapsedTime(_checkedAt) >= KeptFor)
            {
                _storeFault = await ProbeAsync(cancellationToken);
                _checkedAt = time.GetTimestamp();
            }

            return _storeFault;
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        try
        {
            await store.ProbeAsync(cancellationToken).WaitAsync(Timeout, time, cancellationToken);
            return null;
        }
        catch (TimeoutException)
        {
            return "did not answer within 2 seconds";
        }
        catch (StoreUnavailableException)
        {
            return "unavailable";
        }
    }
}

/// <summary><c>/health</c>: for whoever runs the service. Open, and says nothing of its data.</summary>
internal static class HealthApi
{
    public static void MapHealth(this IEndpointRouteBuilder app)
    {
        var health = app.MapGroup("/health").WithTags("Health");
        health.MapGet("/live", (CancellationToken _) => TypedResults.Ok(View("live", [])))
            .WithName("live").WithSummary("Whether the process runs").WithResponseExample(200, """{"status":"live","notReady":{}}""");
        health.MapGet("/ready", ReadyAsync).WithName("ready").WithSummary("Whether the process can serve")
            .WithDescription("503 while the store takes no writes, and during shutdown: send no requests here.")
            .WithResponseExample(200, """{"status":"ready","notReady":{}}""")
            .WithResponseExample(503, """{"status":"notReady","notReady":{"store":"unavailable"}}""");
    }

    private static async Task<Results<Ok<HealthView>, JsonHttpResult<HealthView>>> ReadyAsync(Readiness readiness, CancellationToken cancellationToken)
    {
        var faults = await readiness.FaultsAsync(cancellationToken);
        return faults.Count == 0
            ? TypedResults.Ok(View("ready", faults))
            : TypedResults.Json(View("notReady", faults), statusCode: StatusCodes.Status503ServiceUnavailable);
    }

    private static HealthView View(string status, Dictionary<string, string> notReady) => new() { Status = status, NotReady = notReady };
}
