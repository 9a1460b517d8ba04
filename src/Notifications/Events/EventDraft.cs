namespace Notifications.Events;

/// <summary>A valid event as its producer sent it, whatever the transport: native JSON or CloudEvents, alone or in a batch.</summary>
public sealed class EventDraft
{
    /// <summary>The producer's id, or null; deduplicates per tenant and <see cref="Source"/>.</summary>
    public string? ExternalId { get; init; }

    /// <summary>CloudEvents <c>source</c>; empty for a native event.</summary>
    public string Source { get; init; } = "";

    /// <summary>The event's type, such as <c>order.shipped</c>.</summary>
    public required string Type { get; init; }

    /// <summary>At least one; no entry twice.</summary>
    public required IReadOnlyList<Recipient> To { get; init; }

    /// <summary>Urgency; decides the class of partitions.</summary>
    public Priority Priority { get; init; } = Priority.Normal;

    /// <summary>What the inbox can be filtered by, or null.</summary>
    public string? Category { get; init; }

    /// <summary>Events with the same key are delivered in the order of their acceptance; null means the first recipient.</summary>
    public string? OrderingKey { get; init; }

    /// <summary>What it asks for beyond being shown, or null.</summary>
    public EventOptions? Options { get; init; }

    /// <summary>
    /// What the recipient sees, as a UTF-8 JSON object with exactly the members <c>type, title, body, url, imageUrl, data,
    /// actions, category, priority</c> in this order (null where absent). Written once here and carried as bytes to the wire.
    /// </summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>
    /// SHA-256 over the parsed event, only when there is an <see cref="ExternalId"/>: equal for two requests that mean the same
    /// event, whatever their white space, property order, transport or place of the id.
    /// </summary>
    public ReadOnlyMemory<byte> Fingerprint { get; init; }
}
