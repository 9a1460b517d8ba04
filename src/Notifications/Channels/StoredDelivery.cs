namespace Notifications.Channels;

/// <summary>A delivery as it is stored.</summary>
/// <param name="Id">Its id; the other side knows it by this.</param>
/// <param name="EventId">The event; null for a digest and a test.</param>
/// <param name="UserId">The user; null for an address and a tenant's webhook.</param>
/// <param name="Channel">How.</param>
/// <param name="Target">The address, or the webhook's id; empty where there is none.</param>
/// <param name="Kind"><c>event</c>, <c>digest</c> or <c>test</c>.</param>
/// <param name="Category">The event's category, or null.</param>
/// <param name="State"><c>pending</c>, <c>sent</c>, <c>rejected</c>, <c>dead</c>, <c>cancelled</c> or <c>skipped</c>.</param>
/// <param name="Reason">Why it is so.</param>
/// <param name="CreatedAt">When it was decided.</param>
/// <param name="DueAt">When it was first to be sent.</param>
/// <param name="FinishedAt">When it ended, or null.</param>
/// <param name="Attempts">How often it was tried.</param>
/// <param name="LastAttemptAt">When it was last tried.</param>
/// <param name="LastCode">What the other side answered then, HTTP or SMTP.</param>
/// <param name="LastError">What went wrong then.</param>
/// <param name="LastResponse">The beginning of what the other side answered.</param>
/// <param name="NextAttemptAt">When it is tried next; null where it has ended or is being tried.</param>
public sealed record StoredDelivery(
    Guid Id, Guid? EventId, string? UserId, string Channel, string Target, string Kind, string? Category, string State, string Reason,
    DateTimeOffset CreatedAt, DateTimeOffset DueAt, DateTimeOffset? FinishedAt, int Attempts, DateTimeOffset? LastAttemptAt, int? LastCode, string? LastError,
    string? LastResponse, DateTimeOffset? NextAttemptAt)
{
    /// <summary>What is in a digest, at most 500; null for what is none.</summary>
    public IReadOnlyList<Guid>? EventIds { get; init; }
}

/// <summary>Which deliveries are meant; what is null does not matter.</summary>
/// <param name="Channel">How.</param>
/// <param name="State">In which state.</param>
/// <param name="UserId">To whom.</param>
/// <param name="EventId">Of which event.</param>
/// <param name="Target">Where to: an address or a webhook's id.</param>
public sealed record DeliveryFilter(string? Channel, string? State, string? UserId, Guid? EventId, string? Target);
