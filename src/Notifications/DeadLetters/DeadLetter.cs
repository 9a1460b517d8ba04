using System.Text.Json.Serialization;

namespace Notifications.DeadLetters;

/// <summary>Something that was given up, and why.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind"><see cref="Event"/> or <see cref="Delivery"/>.</param>
/// <param name="EventId">The event.</param>
/// <param name="DeliveryId">The delivery, or null.</param>
/// <param name="Channel">Its channel, or null.</param>
/// <param name="Reason">Stable name of the reason.</param>
/// <param name="Error">The same for people.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="Code">What the other side answered last, HTTP or SMTP.</param>
/// <param name="Response">The beginning of that answer.</param>
/// <param name="CreatedAt">When it was given up.</param>
public sealed record DeadLetter(
    Guid Id, string Kind, Guid EventId, Guid? DeliveryId, string? Channel, string Reason, string Error, int Attempts, int? Code, string? Response,
    DateTimeOffset CreatedAt)
{
    /// <summary>An entry of the log that could not become an event.</summary>
    public const string Event = "event";

    /// <summary>A delivery whose last attempt failed.</summary>
    public const string Delivery = "delivery";

    /// <summary>What it is about: a log entry, or the content of a delivery's event; empty where it was not read.</summary>
    public byte[] Payload { get; init; } = [];
}

/// <summary>Which dead letters are meant; what is null does not matter.</summary>
public sealed record DeadLetterFilter
{
    /// <summary><c>event</c> or <c>delivery</c>.</summary>
    public string? Kind { get; init; }

    /// <summary>Only of deliveries by this channel.</summary>
    public string? Channel { get; init; }

    /// <summary>Only with this reason.</summary>
    public string? Reason { get; init; }

    /// <summary>Only given up before this time.</summary>
    public DateTimeOffset? Before { get; init; }
}

/// <summary>What an operation on dead letters goes through, as it is stored with it: ids, or all that a filter selects.</summary>
public sealed record DeadLetterSelection
{
    /// <summary>The dead letters, by id, in ascending order and none twice; null where there is a filter.</summary>
    public IReadOnlyList<Guid>? Ids { get; init; }

    /// <summary>What to select; null where there are ids.</summary>
    public DeadLetterFilter? Filter { get; init; }

    /// <summary>How many at most, the oldest first.</summary>
    public long Limit { get; init; } = long.MaxValue;
}

/// <summary>The results that an operation on dead letters counts.</summary>
public static class DeadLetterResult
{
    /// <summary>It is on its way again.</summary>
    public const string Replayed = "replayed";

    /// <summary>It was deleted.</summary>
    public const string Discarded = "discarded";

    /// <summary>The event is stored by now; the dead letter was deleted.</summary>
    public const string AlreadyStored = "skipped_already_stored";

    /// <summary>The delivery is not dead any more, or gone; the dead letter was deleted.</summary>
    public const string NotDead = "skipped_not_dead";

    /// <summary>It is no event; the dead letter stays.</summary>
    public const string Malformed = "failed_malformed";

    /// <summary>It was written by a newer version of the service; the dead letter stays.</summary>
    public const string UnknownVersion = "failed_unknown_version";

    /// <summary>There is no such dead letter.</summary>
    public const string NotFound = "not_found";
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(DeadLetterSelection))]
internal sealed partial class DeadLetterSelectionJson : JsonSerializerContext;
