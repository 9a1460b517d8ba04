namespace Notifications.Jobs;

/// <summary>How long things are kept: <c>Notifications:Retention</c>.</summary>
public sealed record RetentionOptions
{
    /// <summary>Days after which an item may be deleted; 1 to 36,500, default 90.</summary>
    public int InboxDays { get; init; } = 90;

    /// <summary>How many of a user's newest items are kept whatever their age; 0 to 10,000,000, default 10,000.</summary>
    public long InboxItems { get; init; } = 10_000;
}
