using Notifications.Users;

namespace Notifications.Channels;

/// <summary>A way to reach a person outside the inbox. It sends once and says what came of it; trying again is the pipeline's.</summary>
public interface IChannel
{
    /// <summary>As it is stored and named in an event's <c>channels</c>.</summary>
    string Name { get; }

    /// <summary>
    /// What this delivery shares with others that must not slow the rest: the host of a webhook, the domain of an address. Deliveries of one
    /// bucket are limited and given up on together.
    /// </summary>
    string Bucket(Outgoing delivery);

    /// <summary>
    /// Sends a delivery once. Throws only <see cref="OperationCanceledException"/>, for the token that it was given; everything else is an outcome.
    /// </summary>
    /// <param name="delivery">What.</param>
    /// <param name="cancellationToken">The process ends. An attempt that has reached the other side should be finished.</param>
    Task<SendOutcome> SendAsync(Outgoing delivery, CancellationToken cancellationToken);
}

/// <summary>What came of an attempt.</summary>
public enum SendStatus : byte
{
    /// <summary>The other side has taken it.</summary>
    Sent,

    /// <summary>Not now; later it may work.</summary>
    Retry,

    /// <summary>The other side does not want it, and never will.</summary>
    Rejected,

    /// <summary>The other side is gone for good, and whatever else goes there need not be tried (a webhook's 410).</summary>
    Gone,

    /// <summary>The channel itself is away, such as our own SMTP relay: no attempt of this delivery, and the channel rests for a while.</summary>
    Unavailable,
}

/// <summary>What came of an attempt, and why.</summary>
/// <param name="Status">What.</param>
/// <param name="Reason">Stable name, such as <c>http_500</c>, <c>timeout</c>, <c>smtp_550</c>, <c>private_address</c>.</param>
/// <param name="Error">For people; null where it was sent.</param>
/// <param name="Code">The other side's code, HTTP or SMTP, if there was one.</param>
/// <param name="Response">The beginning of what it answered.</param>
/// <param name="RetryAfter">When it asked to be tried again.</param>
public readonly record struct SendOutcome(
    SendStatus Status, string Reason, string? Error = null, int? Code = null, string? Response = null, TimeSpan? RetryAfter = null);

/// <summary>A delivery with all that is needed to send it.</summary>
public sealed record Outgoing
{
    /// <summary>Its id; the same at every attempt.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose.</summary>
    public required string Tenant { get; init; }

    /// <summary><c>event</c>, <c>digest</c> or <c>test</c>.</summary>
    public required string Kind { get; init; }

    /// <summary>The address, or the webhook's id.</summary>
    public required string Target { get; init; }

    /// <summary>Category of the event, or null.</summary>
    public string? Category { get; init; }

    /// <summary>Which attempt this is, from 1.</summary>
    public required int Attempt { get; init; }

    /// <summary>When it was decided; the same at every attempt.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The user, or null for an address and for a tenant's webhook.</summary>
    public Profile? Recipient { get; init; }

    /// <summary>What the tenant has configured.</summary>
    public required TenantConfig Config { get; init; }

    /// <summary>One, several in a digest, none in a test.</summary>
    public required IReadOnlyList<OutgoingItem> Items { get; init; }
}

/// <summary>An event in a delivery.</summary>
/// <param name="EventId">The event.</param>
/// <param name="ExternalId">Its producer's id, or null.</param>
/// <param name="To">Its recipients.</param>
/// <param name="AcceptedAt">When it was accepted.</param>
/// <param name="Content">What the recipient sees: see <see cref="Events.EventDraft.Content"/>; rendered, where there is a template.</param>
/// <param name="Template">The template it names, or null.</param>
/// <param name="NotificationId">The recipient's notification, or null where there is none.</param>
public sealed record OutgoingItem(
    Guid EventId, string? ExternalId, IReadOnlyList<string> To, DateTimeOffset AcceptedAt, ReadOnlyMemory<byte> Content, string? Template, string? NotificationId);
