namespace Notifications.Log;

/// <summary>
/// The event log: durable, partitioned, ordered within a partition. It knows nothing of what an entry means.
/// </summary>
public interface IEventLog
{
    /// <summary>How many partitions there are, and for what.</summary>
    PartitionLayout Layout { get; }

    /// <summary>
    /// Appends the entries, in order, and returns once they are durable. An entry whose external id is known is not appended again.
    /// </summary>
    /// <returns>One result per entry, in order.</returns>
    /// <exception cref="LogUnavailableException">The log did not answer; what was appended, of all of them, is unknown.</exception>
    ValueTask<AppendResult[]> AppendAsync(IReadOnlyList<LogAppend> entries);

    /// <summary>Reads entries of a partition after a position, in order.</summary>
    /// <param name="partition">Which.</param>
    /// <param name="after">The position of the last entry that is done.</param>
    /// <param name="maxEntries">How many at most.</param>
    /// <param name="maxBytes">Stops after the entry that passes this sum of payloads.</param>
    /// <param name="cancellationToken">Gives up.</param>
    /// <exception cref="LogUnavailableException">The log did not answer.</exception>
    /// <exception cref="LogRewoundException">The entry at <paramref name="after"/> is gone, though it is never trimmed: see <see cref="LogState.Rewound"/>.</exception>
    ValueTask<List<LogEntry>> ReadAsync(int partition, LogPosition after, int maxEntries, int maxBytes, CancellationToken cancellationToken);

    /// <summary>
    /// Completes when something may have been appended to the partition since the last call, and now and then without: a doorbell is a hint,
    /// and how far it can be trusted the engine knows.
    /// </summary>
    Task WaitAsync(int partition, CancellationToken cancellationToken);

    /// <summary>
    /// An owner of the partition begins after this position: notes that all before it is committed, and tells whether log and store still belong
    /// together.
    /// </summary>
    /// <exception cref="LogUnavailableException">The log did not answer.</exception>
    ValueTask<LogState> BeginAsync(int partition, LogPosition committed);

    /// <summary>Says that entries up to a position are committed: they no longer count against the limit of the log.</summary>
    void Committed(int partition, LogPosition position, long bytes);

    /// <summary>
    /// Deletes entries that were appended before <paramref name="before"/> and are committed, never the last one. An owner keeps the entry that its
    /// position names, by which it knows the log.
    /// </summary>
    /// <returns>How many were deleted; at most <paramref name="maxEntries"/>.</returns>
    ValueTask<int> TrimAsync(int partition, LogPosition committed, DateTimeOffset before, int maxEntries);

    /// <summary>Whether the log can take appends now, for readiness: null where it can, else why not in a few words. Appends nothing.</summary>
    /// <exception cref="LogUnavailableException">The log did not answer.</exception>
    ValueTask<string?> FaultAsync(CancellationToken cancellationToken);

    /// <summary>How much there is in each partition, in their order.</summary>
    /// <exception cref="LogUnavailableException">The log did not answer.</exception>
    ValueTask<IReadOnlyList<PartitionStats>> StatsAsync(CancellationToken cancellationToken);
}

/// <summary>The partitions of the log: first those for ordinary events, then those for critical ones.</summary>
/// <param name="Normal">Partitions for <c>low</c>, <c>normal</c> and <c>high</c>.</param>
/// <param name="Critical">Partitions for <c>critical</c>.</param>
public readonly record struct PartitionLayout(int Normal, int Critical)
{
    /// <summary>All partitions; they are numbered from 0.</summary>
    public int Count => Normal + Critical;
}

/// <summary>How much there is in a partition.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Length">Entries, committed ones that are kept for a while included.</param>
/// <param name="Lag">Entries that are not committed yet.</param>
/// <param name="LagBytes">The sum of their payloads.</param>
/// <param name="OldestUncommittedAt">When the first of them was appended; null where there is none.</param>
public readonly record struct PartitionStats(int Partition, long Length, long Lag, long LagBytes, DateTimeOffset? OldestUncommittedAt);

/// <summary>A place in a partition. Positions of one partition are ordered; <see cref="Start"/> is before the first.</summary>
/// <param name="Value">Engine-specific; grows along the partition.</param>
public readonly record struct LogPosition(long Value)
{
    /// <summary>Before the first entry.</summary>
    public static readonly LogPosition Start;
}

/// <summary>An entry to append.</summary>
/// <param name="Partition">Where it goes.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="EventId">The id it was given.</param>
/// <param name="Source">CloudEvents source, or empty.</param>
/// <param name="ExternalId">The producer's id, or null: not deduplicated.</param>
/// <param name="Fingerprint">What decides whether two events with one id are the same; empty where there is no id.</param>
/// <param name="Payload">The event, as <see cref="EventRecord"/> wrote it.</param>
public readonly record struct LogAppend(
    int Partition, string Tenant, Guid EventId, string Source, string? ExternalId, ReadOnlyMemory<byte> Fingerprint, ReadOnlyMemory<byte> Payload);

/// <summary>An entry that was read.</summary>
/// <param name="Position">Its place.</param>
/// <param name="Tenant">Whose it is.</param>
/// <param name="EventId">Its event's id.</param>
/// <param name="Payload">The event.</param>
public readonly record struct LogEntry(LogPosition Position, string Tenant, Guid EventId, ReadOnlyMemory<byte> Payload);

/// <summary>How the log and the store's position in it fit together.</summary>
public enum LogState : byte
{
    /// <summary>The log goes on from the position.</summary>
    Continues,

    /// <summary>The log was flushed or is an older copy: it has to be read from its first entry, and what was done is known by its id.</summary>
    Rewound,

    /// <summary>More was committed than the store knows of: the store is an older copy.</summary>
    StoreRewound,
}

/// <summary>What became of an append.</summary>
public enum AppendOutcome : byte
{
    /// <summary>It is durable.</summary>
    Appended,

    /// <summary>The same event is there already.</summary>
    Duplicate,

    /// <summary>Another event has the id.</summary>
    Conflict,

    /// <summary>The log is at its limit.</summary>
    Full,

    /// <summary>The log did not answer; whether it was appended is not known.</summary>
    Unavailable,
}

/// <summary>The answer to an append.</summary>
/// <param name="Outcome">What became of it.</param>
/// <param name="EventId">The entry's event, for a duplicate the first one's.</param>
public readonly record struct AppendResult(AppendOutcome Outcome, Guid EventId);

/// <summary>The log did not answer, or not in time.</summary>
public sealed class LogUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>The log is not the one any more that a position stands for.</summary>
public sealed class LogRewoundException(int partition) : Exception($"Partition {partition} of the log was rewound.");
