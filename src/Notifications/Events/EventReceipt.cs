using System.Text.Json.Serialization;
using Notifications.Storage;

namespace Notifications.Events;

/// <summary>The answer to an event that was accepted.</summary>
/// <param name="Id">The event's id; for a duplicate the id it got the first time.</param>
/// <param name="ExternalId">The producer's id; left out if there is none.</param>
/// <param name="Status">Always <c>accepted</c>: the event is durable and will be delivered.</param>
/// <param name="Duplicate">Whether the same event was accepted before, so that nothing was done now.</param>
public sealed record EventReceipt(string Id, string? ExternalId, string Status, bool Duplicate);

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
            if (refusal is null)
            {
                count++;
                results[i] = new BatchResult(
                    i, Ids.Format(Ids.Event, outcome.EventId), draft!.ExternalId, outcome.Outcome == AcceptOutcome.Duplicate, Problem: null);
            }
            else
            {
                results[i] = new BatchResult(i, Id: null, draft?.ExternalId, Duplicate: null, refusal);
            }
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
/// <param name="Index">Its place in the batch, from 0; blank lines of NDJSON are not counted.</param>
/// <param name="Id">The event's id, if it was accepted.</param>
/// <param name="ExternalId">The producer's id, if there is one and the event is valid.</param>
/// <param name="Duplicate">Whether the same event was accepted before; only with an id.</param>
/// <param name="Problem">Why it was not accepted; as the problem details of a single event.</param>
public sealed record BatchResult(int Index, string? Id, string? ExternalId, bool? Duplicate, EventRefusal? Problem);

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
