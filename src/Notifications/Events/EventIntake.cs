using Notifications.Log;
using Notifications.Stats;
using Notifications.Storage;

namespace Notifications.Events;

/// <summary>What became of one event at the door.</summary>
public enum AcceptOutcome : byte
{
    /// <summary>Durable in the log.</summary>
    Accepted,

    /// <summary>The same event was accepted before; the id is the first one's.</summary>
    Duplicate,

    /// <summary>The id is taken by another event: 422.</summary>
    IdConflict,

    /// <summary>The log is at its limit: 503, nothing was appended.</summary>
    Full,

    /// <summary>The log did not answer: 503. Whether the event was appended is not known; a retry with the same id is safe.</summary>
    Unavailable,
}

/// <summary>The answer for one event.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="EventId">Its id; for a duplicate the first one's. Only meaningful for those two.</param>
public readonly record struct AcceptResult(AcceptOutcome Outcome, Guid EventId);

/// <summary>The door of the service: names events, finds their partitions and appends them to the log.</summary>
public sealed class EventIntake(IEventLog log, TimeProvider time)
{
    /// <summary>
    /// Appends the events and returns when they are durable. There is no cancellation: once an append has begun, its outcome must be
    /// known.
    /// </summary>
    /// <returns>One result per draft, in order. Events of one partition keep their order.</returns>
    public async ValueTask<AcceptResult[]> AcceptAsync(string tenant, IReadOnlyList<EventDraft> drafts)
    {
        var now = time.GetUtcNow();
        var entries = new LogAppend[drafts.Count];
        for (var i = 0; i < entries.Length; i++)
        {
            entries[i] = Entry(tenant, drafts[i], now);
        }

        var results = new AcceptResult[entries.Length];
        try
        {
            var appended = await log.AppendAsync(entries);
            for (var i = 0; i < results.Length; i++)
            {
                results[i] = new AcceptResult((AcceptOutcome)appended[i].Outcome, appended[i].EventId);
            }

            NodeMeter.Accepted(appended.Count(a => a.Outcome == AppendOutcome.Appended));
        }
        catch (LogUnavailableException)
        {
            Array.Fill(results, new AcceptResult(AcceptOutcome.Unavailable, default));
        }

        return results;
    }

    private LogAppend Entry(string tenant, EventDraft draft, DateTimeOffset now)
    {
        var record = new EventRecord
        {
            Id = Guid.CreateVersion7(now),
            Tenant = tenant,
            Source = draft.Source,
            ExternalId = draft.ExternalId,
            Fingerprint = draft.Fingerprint,
            AcceptedAt = now.ToUnixTimeMilliseconds(),
            To = draft.To,
            OrderingKey = draft.OrderingKey ?? draft.To[0].ToString(),
            Category = draft.Category,
            Options = draft.Options,
            Content = draft.Content,
        };
        return new LogAppend(
            Partition(log.Layout, tenant, record.OrderingKey, draft.Priority), tenant, record.Id, draft.Source, draft.ExternalId,
            draft.Fingerprint, record.Write());
    }

    /// <summary>The partition of an event: a specified hash of tenant and ordering key, within the partitions of its class.</summary>
    public static int Partition(PartitionLayout layout, string tenant, string orderingKey, Priority priority)
    {
        var hash = StableHash.Of(tenant, orderingKey);
        return priority == Priority.Critical
            ? layout.Normal + (int)(hash % (ulong)layout.Critical)
            : (int)(hash % (ulong)layout.Normal);
    }
}
