using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Stats;

/// <summary>How much there is in the log; counted at most once a second, however many ask.</summary>
public sealed class LogStats(IEventLog log, TimeProvider time) : IDisposable
{
    private readonly Kept<IReadOnlyList<PartitionStats>> _stats = new(c => log.StatsAsync(c).AsTask(), TimeSpan.FromSeconds(1), time);

    /// <summary>By partition, in their order.</summary>
    public Task<IReadOnlyList<PartitionStats>> GetAsync(CancellationToken cancellationToken) => _stats.GetAsync(cancellationToken);

    /// <inheritdoc/>
    public void Dispose() => _stats.Dispose();
}

/// <summary><c>/v1/streams</c> and <c>/v1/stats</c>: how the service is doing, all tenants together.</summary>
internal static class StatsApi
{
    private const string RatesExample =
        """{"acceptedPerSecond":120.5,"committedPerSecond":120.5,"notificationsPerSecond":361.5,"pushedPerSecond":298.1}""";

    public static void MapStats(this IEndpointRouteBuilder routes)
    {
        var stats = routes.MapGroup("/v1").WithTags("Stats").RequireAuthorization(Scopes.View);
        stats.MapGet("/streams", StreamsAsync).WithName("listStreams").WithSummary("The partitions of the event log")
            .WithDescription("Who takes their events to the inboxes, and what waits in them. All in one part, in their order.")
            .WithResponseExample(
                200,
                """
                {"data":[{"partition":0,"class":"normal","owner":"notify-1","epoch":3,"leaseExpiresAt":"2026-01-15T09:30:10.000Z","length":5210,"lag":12,
                "lagBytes":6144,"oldestUncommittedAt":"2026-01-15T09:30:00.000Z","oldestUncommittedAgeMs":250}],"nextCursor":null}
                """);
        stats.MapGet("/stats", StatsAsync).WithName("getStats").WithSummary("The processes that run, what they do per second, and what waits")
            .WithDescription("Rates are over the last ten seconds. A process that crashed is listed for up to ten seconds more.")
            .WithResponseExample(
                200,
                $$$"""
                {"nodes":[{"id":"notify-1","roles":["gateway","ingest"],"address":"http://notify-1:8080","version":"1.0.0","startedAt":"2026-01-15T08:00:00.000Z",
                "seenAt":"2026-01-15T09:30:00.000Z","connections":5210,"users":4800,"rates":{{{RatesExample}}}}],
                "totals":{"connections":5210,"users":4800,"rates":{{{RatesExample}}}},"log":{"lag":12,"lagBytes":6144,"oldestUncommittedAgeMs":250}}
                """);
    }

    private static async Task<Ok<Page<StreamView>>> StreamsAsync(LogStats stats, IEventLog log, Store store, TimeProvider time, CancellationToken cancellationToken)
    {
        var partitions = await stats.GetAsync(cancellationToken);
        var entries = (await store.PartitionsAsync(cancellationToken)).ToDictionary(entry => entry.Partition);
        var now = time.GetUtcNow();
        return TypedResults.Ok(new Page<StreamView>
        {
            Data = [.. partitions.Select(partition => View(partition, entries.GetValueOrDefault(partition.Partition), log.Layout, now))],
            NextCursor = null,
        });
    }

    private static async Task<Ok<StatsView>> StatsAsync(
        LogStats stats, LocalNode local, Node node, Store store, TimeProvider time, CancellationToken cancellationToken)
    {
        var partitions = await stats.GetAsync(cancellationToken);
        var now = time.GetUtcNow();
        var nodes = node.Engine == EngineKind.Embedded
            ? [View(local.Entry, now)]
            : (await store.NodesAsync(cancellationToken)).ConvertAll(entry => View(entry, entry.ExpiresAt - Membership.Lifetime));
        return TypedResults.Ok(new StatsView
        {
            Nodes = nodes,
            Totals = new NodeFigures
            {
                Connections = nodes.Sum(n => n.Connections),
                Users = nodes.Sum(n => n.Users),
                Rates = Rates.Sum(nodes.Select(n => n.Rates)),
            },
            Log = new LogView
            {
                Lag = partitions.Sum(p => p.Lag),
                LagBytes = partitions.Sum(p => p.LagBytes),
                OldestUncommittedAgeMs = Age(partitions.Min(p => p.OldestUncommittedAt), now),
            },
        });
    }

    private static StreamView View(PartitionStats stats, PartitionEntry? entry, PartitionLayout layout, DateTimeOffset now) => new()
    {
        Partition = stats.Partition,
        Class = stats.Partition < layout.Normal ? "normal" : "critical",
        Owner = entry?.Owner,
        Epoch = entry?.Epoch ?? 0,
        LeaseExpiresAt = entry?.LeaseExpiresAt,
        Length = stats.Length,
        Lag = stats.Lag,
        LagBytes = stats.LagBytes,
        OldestUncommittedAt = stats.OldestUncommittedAt,
        OldestUncommittedAgeMs = Age(stats.OldestUncommittedAt, now),
    };

    private static NodeView View(NodeEntry entry, DateTimeOffset seenAt)
    {
        var figures = Read(entry.Stats);
        return new NodeView
        {
            Id = entry.Id,
            Roles = entry.Roles.Split(',', StringSplitOptions.RemoveEmptyEntries),
            Address = entry.Address,
            Version = entry.Version,
            StartedAt = entry.StartedAt,
            SeenAt = seenAt,
            Connections = figures.Connections,
            Users = figures.Users,
            Rates = figures.Rates,
        };
    }

    /// <summary>A node of another version may write what this one cannot read; it runs all the same.</summary>
    private static NodeFigures Read(byte[] stats)
    {
        try
        {
            return JsonSerializer.Deserialize(stats, StatsJson.Default.NodeFigures) ?? new NodeFigures();
        }
        catch (JsonException)
        {
            return new NodeFigures();
        }
    }

    /// <summary>In milliseconds; clocks of several machines may differ, so never below 0.</summary>
    private static long? Age(DateTimeOffset? since, DateTimeOffset now) => since is { } then ? Math.Max(0, (long)(now - then).TotalMilliseconds) : null;
}
