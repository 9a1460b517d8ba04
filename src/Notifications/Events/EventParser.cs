using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace Notifications.Events;

/// <summary>
/// Reads a native event from UTF-8 JSON. Written by hand, because this is the hot path and because the answer to a bad event names every
/// field that is wrong, by its path, and not only the first.
/// </summary>
public static class EventParser
{
    /// <summary>Reads one event.</summary>
    /// <param name="json">The whole JSON text; a byte order mark is ignored.</param>
    /// <param name="idempotencyKey">The value of the header <c>Idempotency-Key</c>, which is another place for the event's id; or null.</param>
    /// <param name="draft">The event, if it is valid.</param>
    /// <param name="refusal">What is wrong, if it is not.</param>
    public static bool TryParse(
        ReadOnlySpan<byte> json, string? idempotencyKey, [NotNullWhen(true)] out EventDraft? draft, [NotNullWhen(false)] out EventRefusal? refusal)
    {
        draft = null;
        refusal = json.Length > EventLimits.MaxBytes ? EventRefusal.EventTooLarge : JsonText.Guard(ref json);
        if (refusal is not null)
        {
            return false;
        }

        var errors = new FieldErrors();
        try
        {
            draft = Parse(json, idempotencyKey, errors);
            refusal = draft is null ? errors.ToRefusal() : null;
        }
        catch (JsonException e)
        {
            refusal = EventRefusal.Malformed(e);
        }

        return draft is not null;
    }

    private static EventDraft? Parse(ReadOnlySpan<byte> json, string? idempotencyKey, FieldErrors errors)
    {
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        var fields = new EventFields(json, "", errors);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            errors.Add("$", "must be an object: one event");
            reader.Skip();
            reader.Read();
            return null;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            fields.Member(ref reader);
        }

        // Nothing may follow: the reader throws if something does.
        reader.Read();
        fields.Id = IdempotencyKey.Merge(fields.Id, idempotencyKey, errors);
        return fields.Build();
    }
}
