using Notifications.Inbox;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>The right to commit a partition, as of a position.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Epoch">Raised by every acquisition; a commit under an older one is refused.</param>
/// <param name="Position">The last entry that is committed.</param>
/// <param name="Attempts">How many owners began a batch since the last commit: more than one or two died of it.</param>
public readonly record struct PartitionLease(int Partition, long Epoch, LogPosition Position, int Attempts = 0)
{
    /// <summary>How long an owner that is not heard of keeps a partition, on the server engine.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);
}

/// <summary>A log entry that was given up on.</summary>
/// <param name="Entry">The entry as it is in the log.</param>
/// <param name="Reason">Stable name: <c>malformed</c>, <c>unknown_version</c>, <c>routing_failed</c>, <c>refused_by_store</c>,
/// <c>crashed_process</c>.</param>
/// <param name="Error">What happened.</param>
public sealed record DeadEntry(LogEntry Entry, string Reason, string Error);

/// <summary>What a commit leaves to be told.</summary>
/// <param name="Pushes">Steps of users' logs.</param>
/// <param name="BroadcastTenants">Tenants with a new broadcast.</param>
/// <param name="FanOuts">Events that go on as a fan-out, in their order.</param>
public sealed record CommitResult(IReadOnlyList<UserPush> Pushes, IReadOnlyList<string> BroadcastTenants, IReadOnlyList<FanOut> FanOuts);
