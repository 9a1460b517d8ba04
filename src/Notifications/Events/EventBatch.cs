using System.Text.Json;

namespace Notifications.Events;

/// <summary>One item of a batch: an event, or why it is none.</summary>
/// <param name="Draft">The event, if it is valid.</param>
/// <param name="Refusal">What is wrong, if it is not.</param>
public readonly record struct BatchItem(EventDraft? Draft, EventRefusal? Refusal);

/// <summary>
/// Takes a batch apart. One bad item costs only itself; but an array that is not JSON has no items that could be told apart, so it is
/// refused as a whole, and so is a batch that is empty or too long.
/// </summary>
public static class EventBatch
{
    private delegate bool ItemParser(ReadOnlySpan<byte> json, string? idempotencyKey, out EventDraft? draft, out EventRefusal? refusal);

    /// <summary>Reads a JSON array of events.</summary>
    /// <param name="json">The whole array; a byte order mark is ignored.</param>
    /// <param name="refusal">Why there are no items.</param>
    /// <returns>The items, in order; null if the batch is refused.</returns>
    public static BatchItem[]? ParseArray(ReadOnlySpan<byte> json, out EventRefusal? refusal) => ParseArray(json, EventParser.TryParse, out refusal);

    /// <summary>Reads CloudEvents in batched mode (HTTP protocol binding, section 3.3).</summary>
    /// <inheritdoc cref="ParseArray(ReadOnlySpan{byte}, out EventRefusal?)"/>
    public static BatchItem[]? ParseCloudEvents(ReadOnlySpan<byte> json, out EventRefusal? refusal) =>
        ParseArray(json, CloudEventsBinding.TryParseStructured, out refusal);

    /// <summary>Reads an event per line. Blank lines are skipped and not counted.</summary>
    /// <param name="json">The lines, ended by LF or CR LF; the last one may have no end. A byte order mark is ignored.</param>
    /// <param name="refusal">Why there are no items.</param>
    /// <returns>The items, in order; null if the batch is refused.</returns>
    public static BatchItem[]? ParseLines(ReadOnlySpan<byte> json, out EventRefusal? refusal)
    {
        json = json.StartsWith("\uFEFF"u8) ? json[3..] : json;
        var lines = new List<Range>();
        foreach (var line in json.Split((byte)'\n'))
        {
            if (json[line].ContainsAnyExcept(" \t\r"u8))
            {
                lines.Add(line);
                if (lines.Count > EventLimits.MaxBatchItems)
                {
                    break;
                }
            }
        }

        return Parse(json, lines, EventParser.TryParse, out refusal);
    }

    private static BatchItem[]? ParseArray(ReadOnlySpan<byte> json, ItemParser parser, out EventRefusal? refusal)
    {
        refusal = JsonText.Guard(ref json);
        if (refusal is not null)
        {
            return null;
        }

        try
        {
            return Elements(json) is { } elements ? Parse(json, elements, parser, out refusal) : NotAnArray(out refusal);
        }
        catch (JsonException e)
        {
            refusal = EventRefusal.Malformed(e);
            return null;
        }
    }

    /// <summary>Where the elements of an array are; null if it is none. The whole text is read before any element is.</summary>
    private static List<Range>? Elements(ReadOnlySpan<byte> json)
    {
        var elements = new List<Range>();
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        reader.Read();
        var isArray = reader.TokenType == JsonTokenType.StartArray;
        while (isArray && reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            var start = (int)reader.TokenStartIndex;
            reader.Skip();
            if (elements.Count <= EventLimits.MaxBatchItems)
            {
                elements.Add(start..(int)reader.BytesConsumed);
            }
        }

        reader.Skip();

        // Nothing may follow: the reader throws if something does.
        reader.Read();
        return isArray ? elements : null;
    }

    private static BatchItem[]? Parse(ReadOnlySpan<byte> json, List<Range> ranges, ItemParser parser, out EventRefusal? refusal)
    {
        refusal = ranges.Count switch
        {
            0 => EventRefusal.Bad("empty_batch", "The batch holds no events."),
            > EventLimits.MaxBatchItems => EventRefusal.Bad("too_many_events", $"A batch has at most {EventLimits.MaxBatchItems} events."),
            _ => null,
        };
        if (refusal is not null)
        {
            return null;
        }

        var items = new BatchItem[ranges.Count];
        for (var i = 0; i < items.Length; i++)
        {
            parser(json[ranges[i]], null, out var draft, out var fault);
            items[i] = new BatchItem(draft, fault);
        }

        return items;
    }

    private static BatchItem[]? NotAnArray(out EventRefusal? refusal)
    {
        refusal = EventRefusal.Bad("invalid_batch", "A batch is a JSON array of events.");
        return null;
    }
}
