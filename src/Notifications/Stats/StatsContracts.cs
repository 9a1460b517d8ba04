using System.Text.Json.Serialization;
using Notifications.Hosting;

namespace Notifications.Stats;

/// <summary>A partition of the event log.</summary>
public sealed record StreamView
{
    /// <summary>Its number.</summary>
    public required int Partition { get; init; }

    /// <summary><c>normal</c>, or <c>critical</c> for those that only take critical events.</summary>
    public required string Class { get; init; }

    /// <summary>The node that takes its events to the inboxes; null where none does.</summary>
    public required string? Owner { get; init; }

    /// <summary>How often it was taken by an owner.</summary>
    public required long Epoch { get; init; }

    /// <summary>Until when the owner has it unless it is renewed; null where that has no end.</summary>
    public required DateTimeOffset? LeaseExpiresAt { get; init; }

    /// <summary>Events in the log; what is done is kept for some minutes.</summary>
    public required long Length { get; init; }

    /// <summary>Events that wait to be stored.</summary>
    public required long Lag { get; init; }

    /// <summary>Their size in bytes.</summary>
    public required long LagBytes { get; init; }

    /// <summary>When the first of them was accepted; null where none waits.</summary>
    public required DateTimeOffset? OldestUncommittedAt { get; init; }

    /// <summary>How long ago that was, in milliseconds.</summary>
    public required long? OldestUncommittedAgeMs { get; init; }
}

/// <summary>How the service is doing.</summary>
public sealed record StatsView
{
    /// <summary>The processes that run.</summary>
    public required IReadOnlyList<NodeView> Nodes { get; init; }

    /// <summary>All of them together.</summary>
    public required NodeFigures Totals { get; init; }

    /// <summary>What waits in the event log.</summary>
    public required LogView Log { get; init; }
}

/// <summary>A process.</summary>
public sealed record NodeView
{
    /// <summary>Its name.</summary>
    public required string Id { get; init; }

    /// <summary>What it does.</summary>
    public required IReadOnlyList<string> Roles { get; init; }

    /// <summary>Where it listens.</summary>
    public required string Address { get; init; }

    /// <summary>Its version.</summary>
    public required string Version { get; init; }

    /// <summary>When it started.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When it said so last.</summary>
    public required DateTimeOffset SeenAt { get; init; }

    /// <summary>Connections that are open.</summary>
    public required int Connections { get; init; }

    /// <summary>Users who are connected.</summary>
    public required int Users { get; init; }

    /// <summary>What it does per second, over the last ten seconds.</summary>
    public required Rates Rates { get; init; }
}

/// <summary>What one process, or all, hold and do.</summary>
public sealed record NodeFigures
{
    /// <summary>Connections that are open.</summary>
    public int Connections { get; init; }

    /// <summary>Users who are connected; one who is connected to two processes counts with each.</summary>
    public int Users { get; init; }

    /// <summary>What is done per second, over the last ten seconds.</summary>
    public Rates Rates { get; init => field = value ?? new(); } = new(); // Absent where another version wrote it.
}

/// <summary>What waits in the event log.</summary>
public sealed record LogView
{
    /// <summary>Events that wait to be stored.</summary>
    public required long Lag { get; init; }

    /// <summary>Their size in bytes.</summary>
    public required long LagBytes { get; init; }

    /// <summary>How long ago the first of them was accepted, in milliseconds; null where none waits.</summary>
    public required long? OldestUncommittedAgeMs { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Page<StreamView>))]
[JsonSerializable(typeof(StatsView))]
[JsonSerializable(typeof(NodeFigures))]
internal sealed partial class StatsJson : JsonSerializerContext;
