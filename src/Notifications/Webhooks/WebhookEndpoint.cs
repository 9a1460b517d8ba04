namespace Notifications.Webhooks;

/// <summary>Somebody's HTTP endpoint.</summary>
public sealed record WebhookEndpoint
{
    /// <summary>Its id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Where it is.</summary>
    public required Uri Url { get; init; }

    /// <summary>Event types it wants; empty is all.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>Whose notifications it gets; null for all events of the tenant.</summary>
    public string? UserId { get; init; }

    /// <summary>What signs.</summary>
    public required ReadOnlyMemory<byte> Secret { get; init; }

    /// <summary>What signs too until <see cref="OldSecretUntil"/>, or null.</summary>
    public ReadOnlyMemory<byte>? OldSecret { get; init; }

    /// <summary>Unix milliseconds, or null.</summary>
    public long? OldSecretUntil { get; init; }

    /// <summary>Whether it wants events of this type.</summary>
    public bool Wants(string type) => Types.Count == 0 || Types.Contains(type);
}
