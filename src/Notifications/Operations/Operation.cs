using System.Text.Json;
using System.Text.Json.Serialization;

namespace Notifications.Operations;

/// <summary>How an operation is doing, as it is stored.</summary>
public static class OperationState
{
    /// <summary>Nobody has begun it.</summary>
    public const string Pending = "pending";

    /// <summary>It was begun.</summary>
    public const string Running = "running";

    /// <summary>It is done.</summary>
    public const string Finished = "finished";

    /// <summary>It cannot be done.</summary>
    public const string Failed = "failed";

    /// <summary>Somebody stopped it; what was done stays done.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>All of them.</summary>
    public static readonly IReadOnlyList<string> All = [Pending, Running, Finished, Failed, Cancelled];
}

/// <summary>Long work that somebody asked for.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What is done, such as <c>dead_letters.replay</c>.</param>
/// <param name="Request">What was asked for, as JSON; the kind knows how to read it.</param>
/// <param name="State">See <see cref="OperationState"/>.</param>
/// <param name="Cursor">Where it is, as its kind wrote it; null at the start.</param>
/// <param name="Total">How many there were to do when it was asked for, or null where that was not counted.</param>
/// <param name="Done">How many it has been through.</param>
/// <param name="Counts">Of those, how many by result.</param>
/// <param name="Error">Why it waits or has failed, or null.</param>
/// <param name="CreatedAt">When it was asked for.</param>
/// <param name="UpdatedAt">When it last got on.</param>
/// <param name="FinishedAt">When it ended, or null.</param>
public sealed record Operation(
    string Tenant, Guid Id, string Kind, byte[] Request, string State, byte[]? Cursor, long? Total, long Done, IReadOnlyDictionary<string, long> Counts,
    string? Error, DateTimeOffset CreatedAt, DateTimeOffset UpdatedAt, DateTimeOffset? FinishedAt)
{
    /// <summary>The rows of a step, at most: so short is its transaction.</summary>
    public const int StepRows = 500;

    /// <summary>Who works on it now; of each claim its own, so that who was thought dead cannot go on.</summary>
    internal string Owner { get; init; } = "";

    /// <summary>The operation after a step.</summary>
    /// <param name="cursor">Where it is now.</param>
    /// <param name="results">One per row that it has been through: what became of it.</param>
    internal Operation After(byte[]? cursor, IEnumerable<string> results)
    {
        var counts = new SortedDictionary<string, long>(Counts.ToDictionary(), StringComparer.Ordinal);
        var done = Done;
        foreach (var result in results)
        {
            counts[result] = counts.GetValueOrDefault(result) + 1;
            done++;
        }

        return this with { Cursor = cursor, Done = done, Counts = counts };
    }

    internal static byte[] Write(IReadOnlyDictionary<string, long> counts) =>
        JsonSerializer.SerializeToUtf8Bytes(counts, OperationCountsJson.Default.IReadOnlyDictionaryStringInt64);

    internal static IReadOnlyDictionary<string, long> ReadCounts(byte[] json) =>
        JsonSerializer.Deserialize(json, OperationCountsJson.Default.IReadOnlyDictionaryStringInt64)!;
}

/// <summary>What a step of an operation did.</summary>
/// <param name="Operation">As it is stored now.</param>
/// <param name="IsLast">Whether there is nothing more to do.</param>
public readonly record struct OperationStep(Operation Operation, bool IsLast);

/// <summary>The operation is cancelled, or somebody else works on it; nothing was written.</summary>
public sealed class OperationLostException(Guid id) : Exception($"Operation {id} is not this node's any more.");

[JsonSerializable(typeof(IReadOnlyDictionary<string, long>))]
internal sealed partial class OperationCountsJson : JsonSerializerContext;
