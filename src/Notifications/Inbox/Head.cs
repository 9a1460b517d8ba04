namespace Notifications.Inbox;

/// <summary>The head of a user's log.</summary>
/// <param name="Counter">The newest counter value.</param>
/// <param name="Counts">What is new to the user.</param>
/// <param name="OldestSeq">The oldest <c>seq</c> that may still be there; retention deleted what is before it.</param>
/// <param name="BroadcastNumber">The newest broadcast that was taken into the log.</param>
public readonly record struct Head(long Counter, Counts Counts, long OldestSeq, long BroadcastNumber);

/// <summary>What a user's log holds after a position, up to a limit.</summary>
/// <param name="Head">The head, of the same snapshot.</param>
/// <param name="Steps">New items and changes in the order of the log.</param>
/// <param name="Position">Where the log has been read up to: the head's counter where nothing is left.</param>
public sealed record CatchUp(Head Head, IReadOnlyList<UserPush> Steps, long Position)
{
    /// <summary>Whether there is more after <see cref="Position"/>.</summary>
    public bool HasMore => Position < Head.Counter;
}

/// <summary>What a list of the inbox shows.</summary>
public enum InboxStatus : byte
{
    /// <summary>Neither archived nor snoozed.</summary>
    Inbox,

    /// <summary>Of the inbox, what was not shown yet.</summary>
    Unseen,

    /// <summary>Of the inbox, what was shown.</summary>
    Seen,

    /// <summary>Of the inbox, what was not opened yet.</summary>
    Unread,

    /// <summary>Of the inbox, what was opened.</summary>
    Read,

    /// <summary>Put away.</summary>
    Archived,

    /// <summary>Hidden for a while.</summary>
    Snoozed,

    /// <summary>All of these. What was withdrawn or deleted is in no list.</summary>
    All,
}
