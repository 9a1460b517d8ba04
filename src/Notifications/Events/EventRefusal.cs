using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Notifications.Hosting;

namespace Notifications.Events;

/// <summary>Why an event was not taken: the whole answer to a single one, or the <c>problem</c> of an item in a batch.</summary>
/// <param name="Status">HTTP status that a single event gets.</param>
/// <param name="Code">Stable, snake_case.</param>
/// <param name="Detail">What is wrong, for people.</param>
/// <param name="Errors">Messages by field path, such as <c>to[1]</c> or <c>actions[0].url</c>; null where no field is at fault.</param>
public sealed record EventRefusal(int Status, string Code, string Detail, IReadOnlyDictionary<string, string[]>? Errors = null)
{
    /// <summary>A field is missing, unknown or wrong.</summary>
    public const string InvalidEvent = "invalid_event";

    /// <summary>More recipients than <see cref="EventLimits.MaxRecipients"/>.</summary>
    public const string TooManyRecipients = "too_many_recipients";

    /// <summary>Not JSON (RFC 8259), or not UTF-8.</summary>
    public const string MalformedJson = "malformed_json";

    /// <summary>More bytes than <see cref="EventLimits.MaxBytes"/> or <see cref="EventLimits.MaxBatchBytes"/>.</summary>
    public const string PayloadTooLarge = "payload_too_large";

    /// <summary>The id is taken by another event.</summary>
    public const string IdConflict = "id_conflict";

    /// <summary>The log is at its limit; nothing was appended.</summary>
    public const string LogFull = "log_full";

    /// <summary>The log did not answer; a retry with the same id is safe.</summary>
    public const string Unavailable = "unavailable";

    internal static readonly EventRefusal EventTooLarge = new(
        StatusCodes.Status413PayloadTooLarge, PayloadTooLarge, $"An event is at most {EventLimits.MaxBytes / 1024} KiB of JSON.");

    internal static readonly EventRefusal Conflict = new(
        StatusCodes.Status422UnprocessableEntity, IdConflict, "Another event was accepted with this id. Use a new id for a new event.");

    internal static readonly EventRefusal Full = new(
        StatusCodes.Status503ServiceUnavailable, LogFull, "The event log is full. The event was not accepted; try again later.");

    internal static readonly EventRefusal NoAnswer = new(
        StatusCodes.Status503ServiceUnavailable, Unavailable,
        "The event log did not answer, so it is not known whether the event was accepted. With an id, sending it again is safe.");

    internal static EventRefusal Malformed(string detail) => new(StatusCodes.Status400BadRequest, MalformedJson, detail);

    /// <summary>Where the reader stopped, counted from 1; its own words count from 0 and say it in another form.</summary>
    internal static EventRefusal Malformed(JsonException e)
    {
        var reason = e.Message;
        var end = reason.IndexOf(" LineNumber:", StringComparison.Ordinal);
        reason = (end > 0 ? reason[..end] : reason).Replace(" Change the reader options.", "", StringComparison.Ordinal);
        return Malformed($"Malformed JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}: {reason}");
    }

    internal static EventRefusal Bad(string code, string detail) => new(StatusCodes.Status400BadRequest, code, detail);

    /// <summary>As the answer to a request for a single event.</summary>
    internal ProblemHttpResult ToProblem() => Problems.Of(Status, Code, Detail, Errors);
}

/// <summary>Collects what is wrong with one event, by field.</summary>
internal sealed class FieldErrors
{
    private Dictionary<string, string[]>? _byField;

    /// <summary>Whether anything is wrong.</summary>
    public bool Any => _byField is not null;

    /// <summary>Whether there are too many recipients, which has a code of its own.</summary>
    public bool TooManyRecipients { get; set; }

    /// <summary>Whether something is wrong with a field.</summary>
    public bool Has(string field) => _byField?.ContainsKey(field) ?? false;

    /// <summary>Notes a fault, once.</summary>
    public void Add(string field, string message)
    {
        _byField ??= new Dictionary<string, string[]>(StringComparer.Ordinal);
        if (_byField.TryGetValue(field, out var messages))
        {
            if (!messages.Contains(message))
            {
                _byField[field] = [.. messages, message];
            }
        }
        else if (_byField.Count < EventLimits.MaxReportedFields)
        {
            _byField[field] = [message];
        }
    }

    /// <summary>The answer.</summary>
    public EventRefusal ToRefusal()
    {
        var (field, messages) = _byField!.First();
        var detail = new StringBuilder(field).Append(": ").Append(messages[0]);
        if (_byField!.Count > 1)
        {
            detail.Append(" (").Append(_byField.Count - 1).Append(" more in errors)");
        }

        var code = TooManyRecipients ? EventRefusal.TooManyRecipients : EventRefusal.InvalidEvent;
        return new EventRefusal(StatusCodes.Status400BadRequest, code, detail.ToString(), _byField);
    }
}
