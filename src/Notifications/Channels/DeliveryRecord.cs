namespace Notifications.Channels;

/// <summary>Where a delivery is.</summary>
public static class DeliveryStates
{
    /// <summary>It waits, or is being sent.</summary>
    public const string Pending = "pending";

    /// <summary>The other side has it.</summary>
    public const string Sent = "sent";

    /// <summary>The other side does not want it.</summary>
    public const string Rejected = "rejected";

    /// <summary>It was given up on; a dead letter says why.</summary>
    public const string Dead = "dead";

    /// <summary>It was not wanted any more when its time came.</summary>
    public const string Cancelled = "cancelled";

    /// <summary>It was decided against from the start.</summary>
    public const string Skipped = "skipped";
}

/// <summary>A delivery that was claimed.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="Id">Its id.</param>
/// <param name="DueAt">When it was due, Unix milliseconds.</param>
/// <param name="Attempts">How many attempts were begun, this one included.</param>
/// <param name="Lost">How many of them began in a process that was not heard of again.</param>
/// <param name="Recheck">See <see cref="Routing.Recheck"/>.</param>
public readonly record struct Claim(string Tenant, Guid Id, long DueAt, int Attempts, int Lost, Routing.Recheck Recheck);

/// <summary>What becomes of a claimed delivery.</summary>
/// <param name="Claim">Which.</param>
/// <param name="State">Its state from now on.</param>
/// <param name="Reason">Why.</param>
public sealed record Settlement(Claim Claim, string State, string Reason)
{
    /// <summary>When it is tried again, where it stays pending; Unix milliseconds.</summary>
    public long? DueAt { get; init; }

    /// <summary>Whether no attempt was made: it does not count.</summary>
    public bool NotTried { get; init; }

    /// <summary>What to ask the next time.</summary>
    public Routing.Recheck Recheck { get; init; }

    /// <summary>The other side's code.</summary>
    public int? Code { get; init; }

    /// <summary>What went wrong.</summary>
    public string? Error { get; init; }

    /// <summary>What the other side said.</summary>
    public string? Response { get; init; }

    /// <summary>For a dead letter: what was to be sent.</summary>
    public ReadOnlyMemory<byte> Payload { get; init; }
}
