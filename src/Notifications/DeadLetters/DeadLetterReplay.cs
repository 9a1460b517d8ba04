using System.Text.Json;
using Notifications.Channels;
using Notifications.Events;
using Notifications.Log;
using Notifications.Operations;
using Notifications.Storage;

namespace Notifications.DeadLetters;

/// <summary>
/// The steps of the operations on dead letters. What was delivered is never delivered again: a delivery goes back only while it is dead, and an event
/// that is stored is not appended; one that is appended twice is stored once, by its id.
/// </summary>
public sealed class DeadLetterReplay(Store store, IEventLog log, DeliveryBell bell)
{
    /// <summary>Fewer than a step may have, since these are read with what is in them, up to 256 KiB each.</summary>
    private const int ReplayRows = 100;

    /// <summary>
    /// Replays some: (1) read them; (2) append the events that are not stored; (3) in one transaction put deliveries back into their queue, delete what
    /// is settled, save the progress. If the process dies between (2) and (3), the events are appended once more, which the store passes over.
    /// </summary>
    public async Task<OperationStep> ReplayAsync(Operation operation)
    {
        var batch = await ReadAsync(operation, ReplayRows, payload: true); // (1)
        var events = await AppendAsync(operation.Tenant, batch.Letters); // (2)
        var step = await store.ReplayDeadLettersAsync(operation, batch, events); // (3)
        bell.Ring();
        return step;
    }

    /// <summary>Deletes some.</summary>
    public async Task<OperationStep> DiscardAsync(Operation operation) =>
        await store.DiscardDeadLettersAsync(operation, await ReadAsync(operation, Operation.StepRows, payload: false));

    private Task<DeadLetterBatch> ReadAsync(Operation operation, int rows, bool payload) => store.SelectedDeadLettersAsync(
        operation, JsonSerializer.Deserialize(operation.Request, DeadLetterSelectionJson.Default.DeadLetterSelection)!, rows, payload);

    /// <returns>What became of each letter that is an event.</returns>
    private async Task<Dictionary<Guid, string>> AppendAsync(string tenant, IReadOnlyList<DeadLetter> letters)
    {
        var results = new Dictionary<Guid, string>();
        var entries = new List<LogAppend>();
        var stored = await store.StoredEventsAsync([.. letters.Where(l => l.Kind == DeadLetter.Event).Select(l => l.EventId)]);
        foreach (var letter in letters.Where(l => l.Kind == DeadLetter.Event))
        {
            if (stored.Contains(letter.EventId))
            {
                results[letter.Id] = DeadLetterResult.AlreadyStored;
                continue;
            }

            switch (EventRecord.TryRead(new LogEntry(LogPosition.Start, tenant, letter.EventId, letter.Payload), out var record))
            {
                case RecordState.Valid:
                    results[letter.Id] = DeadLetterResult.Replayed;
                    if (!entries.Exists(e => e.EventId == letter.EventId))
                    {
                        // Without its producer's id, which the log would know, and take it for a repetition.
                        entries.Add(new LogAppend(
                            EventIntake.Partition(log.Layout, tenant, record!.OrderingKey, PriorityOf(record.Content.Span)), tenant, letter.EventId, "", null,
                            default, letter.Payload));
                    }

                    break;
                case RecordState.UnknownVersion:
                    results[letter.Id] = DeadLetterResult.UnknownVersion;
                    break;
                default:
                    results[letter.Id] = DeadLetterResult.Malformed;
                    break;
            }
        }

        if (entries.Count > 0)
        {
            var appended = await log.AppendAsync(entries);
            if (Array.Exists(appended, a => a.Outcome == AppendOutcome.Full))
            {
                throw new OperationPutOffException("The event log is full.");
            }

            if (Array.Exists(appended, a => a.Outcome != AppendOutcome.Appended))
            {
                throw new OperationPutOffException("The event log did not answer.");
            }
        }

        return results;
    }

    /// <summary>The <c>priority</c> in an event's content; normal where there is none.</summary>
    internal static Priority PriorityOf(ReadOnlySpan<byte> content)
    {
        var reader = new Utf8JsonReader(content);
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isPriority = reader.ValueTextEquals("priority"u8);
            reader.Read();
            if (isPriority)
            {
                return reader.TokenType == JsonTokenType.String && Enum.TryParse<Priority>(reader.GetString(), ignoreCase: true, out var priority)
                    ? priority
                    : Priority.Normal;
            }

            reader.Skip();
        }

        return Priority.Normal;
    }
}
