using System.Text.Json.Serialization;
using Notifications.Storage;

namespace Notifications.Events;

/// <summary>The answer to an event that was accepted.</summary>
public sealed record EventReceipt
{
    /// <summary>The event's id; for a duplicate the id it got the first time.</summary>
    public required string Id { get; init; }

    /// <summary>The producer's id; left out if there is none.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Always <c>accepted</c>: the event is durable and will be delivered.</summary>
    public required string Status { get; init; }

    /// <summary>Whether the same event was accepted before, so that nothing was done now.</summary>
    public required bool Duplicate { get; init; }
}

/// <summary>The answer to a batch.</summary>
/// <param name="Accepted">How many events are accepted, duplicates included.</param>
/// <param name="Rejected">How many are not.</param>
/// <param name="Results">One result per event, in the order of the request.</param>
public sealed record BatchReceipt(int Accepted, int Rejected, IReadOnlyList<BatchResult> Results)
{
    /// <summary>Puts together what was refused before the log and what the log said.</summary>
    /// <param name="items">The batch.</param>
    /// <param name="accepted">The log's answers to its valid events, in order.</param>
    internal static BatchReceipt Of(IReadOnlyList<BatchItem> items, IReadOnlyList<AcceptResult> accepted)
    {
        var results = new BatchResult[items.Count];
        var (next, count) = (0, 0);
        for (var i = 0; i < results.Length; i++)
        {
            var (draft, refusal) = items[i];
            var outcome = draft is null ? default : accepted[next++];
            refusal ??= outcome.Refusal();
            count += refusal is null ? 1 : 0;
            results[i] = new BatchResult
            {
                Index = i,
                Id = refusal is null ? Ids.Format(Ids.Event, outcome.EventId) : null,
                ExternalId = draft?.ExternalId,
                Duplicate = refusal is null ? outcome.Outcome == AcceptOutcome.Duplicate : null,
                Problem = refusal,
            };
        }

        return new BatchReceipt(count, results.Length - count, results);
    }

    /// <summary>
    /// Why the whole batch has to be sent again, or null: nothing was decided for good, and at least one event was turned away for now. Then
    /// 503 serves a producer better than a 202 that it has to look into.
    /// </summary>
    internal static EventRefusal? TurnedAway(IReadOnlyList<AcceptResult> accepted)
    {
        var refusal = default(EventRefusal);
        foreach (var result in accepted)
        {
            if (result.Outcome is not (AcceptOutcome.Full or AcceptOutcome.Unavailable))
            {
                return null;
            }

            // That an append may have happened is the stronger statement.
            refusal = result.Outcome == AcceptOutcome.Unavailable ? EventRefusal.NoAnswer : refusal ?? EventRefusal.Full;
        }

        return refusal;
    }
}

/// <summary>What became of one event of a batch: it has an id, or a problem.</summary>
public sealed record BatchResult
{
    /// <summary>Its place in the batch, from 0; blank lines of NDJSON are not counted.</summary>
    public required int Index { get; init; }

    /// <summary>The event's id, if it was accepted.</summary>
    public string? Id { get; init; }

    /// <summary>The producer's id, if there is one and the event is valid.</summary>
    public string? ExternalId { get; init; }

    /// <summary>Whether the same event was accepted before; only with an id.</summary>
    public bool? Duplicate { get; init; }

    /// <summary>Why it was not accepted, as the problem details of a single event say it.</summary>
    public EventRefusal? Problem { get; init; }
}

/// <summary>Outcomes as answers.</summary>
internal static class AcceptResults
{
    /// <summary>Why an event was not accepted; null if it was.</summary>
    public static EventRefusal? Refusal(this AcceptResult result) => result.Outcome switch
    {
        AcceptOutcome.Accepted or AcceptOutcome.Duplicate => null,
        AcceptOutcome.IdConflict => EventRefusal.Conflict,
        AcceptOutcome.Full => EventRefusal.Full,
        _ => EventRefusal.NoAnswer,
    };
}

/// <summary>How the answers are written, without reflection.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EventReceipt))]
[JsonSerializable(typeof(BatchReceipt))]
internal sealed partial class EventsJson : JsonSerializerContext;
