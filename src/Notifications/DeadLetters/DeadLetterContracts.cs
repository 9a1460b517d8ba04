using System.Text.Json;
using System.Text.Json.Serialization;
using Notifications.Hosting;
using Notifications.Operations;
using Notifications.Storage;

namespace Notifications.DeadLetters;

/// <summary>Something that was given up, and why.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind"><c>event</c>: an accepted event that could not be stored; <c>delivery</c>: one that was tried often enough.</param>
/// <param name="EventId">The event; for a digest any of its.</param>
/// <param name="DeliveryId">The delivery.</param>
/// <param name="Channel">Its channel.</param>
/// <param name="Reason">Stable name of the reason.</param>
/// <param name="Error">The same for people.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Code">What the other side answered last, HTTP or SMTP.</param>
/// <param name="CreatedAt">When it was given up.</param>
public record DeadLetterView(
    string Id, string Kind, string EventId, string? DeliveryId, string? Channel, string Reason, string Error, int Attempts, int? Code, DateTimeOffset CreatedAt)
{
    internal static DeadLetterView Of(DeadLetter l) => new(
        Ids.Format(Ids.DeadLetter, l.Id), l.Kind, Ids.Format(Ids.Event, l.EventId), l.DeliveryId is { } id ? Ids.Format(Ids.Delivery, id) : null, l.Channel,
        l.Reason, l.Error, l.Attempts, l.Code, l.CreatedAt);
}

/// <summary>A dead letter with what is in it.</summary>
public sealed record DeadLetterDetails : DeadLetterView
{
    internal DeadLetterDetails(DeadLetter letter)
        : base(Of(letter))
    {
        Response = letter.Response;
        try
        {
            Payload = JsonElement.Parse(letter.Payload);
        }
        catch (JsonException)
        {
            PayloadBase64 = letter.Payload;
        }
    }

    /// <summary>The beginning of what the other side answered last.</summary>
    public string? Response { get; }

    /// <summary>The log entry, or what was to be delivered; null where it is no JSON.</summary>
    public JsonElement? Payload { get; }

    /// <summary>The same where it is no JSON.</summary>
    public byte[]? PayloadBase64 { get; }
}

/// <summary>Dead letters that look alike.</summary>
/// <param name="Kind"><c>event</c> or <c>delivery</c>.</param>
/// <param name="Channel">The channel of deliveries.</param>
/// <param name="Reason">Stable name of the reason.</param>
/// <param name="Error">What their errors have in common: numbers and ids are a <c>#</c>.</param>
/// <param name="Count">How many.</param>
/// <param name="FirstAt">When the first of them was given up.</param>
/// <param name="LastAt">When the last was.</param>
/// <param name="Example">The id of the last.</param>
public sealed record DeadLetterGroup(
    string Kind, string? Channel, string Reason, string Error, long Count, DateTimeOffset FirstAt, DateTimeOffset LastAt, string Example);

/// <summary>The groups of a tenant's dead letters, the largest first.</summary>
/// <param name="Data">At most 100.</param>
/// <param name="Scanned">How many dead letters were looked at, the newest.</param>
/// <param name="Complete">Whether those were all.</param>
public sealed record DeadLetterGroups(IReadOnlyList<DeadLetterGroup> Data, int Scanned, bool Complete);

/// <summary>Which dead letters to act on: exactly one of <see cref="Ids"/> and <see cref="Filter"/>.</summary>
public sealed record DeadLetterAction
{
    /// <summary>1 to 1,000 ids.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>What to select; <c>{}</c> is all.</summary>
    public DeadLetterFilter? Filter { get; init; }

    /// <summary>How many at most, the oldest first; at least 1.</summary>
    public long? Limit { get; init; }

    /// <summary>Only tells what it would be. Default: false.</summary>
    public bool DryRun { get; init; }
}

/// <summary>What an action would be about.</summary>
/// <param name="Total">How many dead letters.</param>
/// <param name="Counts">Of those, how many of each kind.</param>
/// <param name="Sample">Ten of them, the oldest.</param>
public sealed record DeadLetterPreview(long Total, IReadOnlyDictionary<string, long> Counts, IReadOnlyList<DeadLetterView> Sample);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Page<DeadLetterView>))]
[JsonSerializable(typeof(DeadLetterDetails))]
[JsonSerializable(typeof(DeadLetterGroups))]
[JsonSerializable(typeof(DeadLetterAction))]
[JsonSerializable(typeof(DeadLetterPreview))]
[JsonSerializable(typeof(OperationAccepted))]
internal sealed partial class DeadLettersJson : JsonSerializerContext;
