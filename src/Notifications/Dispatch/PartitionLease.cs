using Notifications.Inbox;
using Notifications.Log;
using Notifications.Routing;
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

/// <summary>A batch of a partition, on its way from the log to the store.</summary>
/// <param name="Lease">The partition, its owner's epoch, and the position before the batch.</param>
/// <param name="To">The position after it.</param>
/// <param name="Plans">What becomes of its events.</param>
/// <param name="Dead">Entries that are given up.</param>
public sealed record Commit(PartitionLease Lease, LogPosition To, IReadOnlyList<Plan> Plans, IReadOnlyList<DeadEntry> Dead)
{
    /// <summary>About how many rows it writes.</summary>
    public int Rows { get; } = Plans.Sum(p => p.Rows) + Dead.Count;
}

/// <summary>What a commit leaves to be told. Of commits that shared a transaction, the first one tells the steps and the broadcasts of all.</summary>
/// <param name="Pushes">Steps of users' logs.</param>
/// <param name="BroadcastTenants">Tenants with a new broadcast.</param>
/// <param name="FanOuts">Events that go on as a fan-out, in their order.</param>
public sealed record CommitResult(IReadOnlyList<UserPush> Pushes, IReadOnlyList<string> BroadcastTenants, IReadOnlyList<FanOut> FanOuts);
