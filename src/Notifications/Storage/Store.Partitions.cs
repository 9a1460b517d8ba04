using System.Data.Common;
using Notifications.Dispatch;
using Notifications.Log;

namespace Notifications.Storage;

/// <summary>Who has a partition, and how far they are.</summary>
/// <param name="Partition">Which.</param>
/// <param name="Owner">Who, or null where nobody does.</param>
/// <param name="Epoch">How often it was taken.</param>
/// <param name="Position">The last entry that is committed.</param>
/// <param name="LeaseExpiresAt">Until when the owner has it unless it is renewed, by the store's clock; null where it has no end, or no owner.</param>
public sealed record PartitionEntry(int Partition, string? Owner, long Epoch, LogPosition Position, DateTimeOffset? LeaseExpiresAt);

public sealed partial class Store
{
    private const string LeaseColumns = "id, epoch, position, attempts";

    /// <summary>
    /// Takes a partition, whoever has it, without an end. Every acquisition raises the epoch, so that whoever held it before can commit nothing
    /// more.
    /// </summary>
    public Task<PartitionLease> AcquirePartitionAsync(int partition, string owner) => database.WriteAsync(session => session.FirstAsync(
        "INSERT INTO partitions (id, owner, epoch, position) VALUES ($1, $2, 1, 0) " +
        "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, epoch = partitions.epoch + 1, expires_at = 0 RETURNING " + LeaseColumns,
        ReadLease, partition, owner));

    /// <summary>Makes the rows of partitions that are not there yet.</summary>
    public Task<int> AddPartitionsAsync(int count) => database.WriteAsync(session => session.ExecuteAsync(
        "INSERT INTO partitions (id, owner, epoch, position) SELECT r.id, '', 0, 0 FROM {rows} AS r WHERE true ON CONFLICT DO NOTHING",
        new Rows().With("id", Enumerable.Range(0, count).ToArray())));

    /// <summary>The owner's lease of a partition as it is now, or null where it owns it no more.</summary>
    public Task<PartitionLease?> PartitionLeaseAsync(int partition, string owner, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync<PartitionLease?>(
            "SELECT " + LeaseColumns + " FROM partitions WHERE id = $1 AND owner = $2 AND (expires_at = 0 OR expires_at > {now})",
            r => ReadLease(r), partition, owner),
        cancellationToken);

    /// <summary>
    /// Renews what an owner has of the partitions below <paramref name="count"/>, gives up what is named, and takes what is free, up to its share:
    /// (1) renew; (2) release; (3) take. Partitions that somebody else is taking at this moment are passed over, not waited for.
    /// </summary>
    /// <param name="owner">Who.</param>
    /// <param name="count">How many partitions there are.</param>
    /// <param name="release">What to give up; nobody works on it any more.</param>
    /// <param name="share">How many to have in the end, at most.</param>
    /// <returns>What it owns now.</returns>
    public Task<List<PartitionLease>> RenewPartitionsAsync(string owner, int count, int[] release, int share) => database.WriteAsync(async session =>
    {
        var lifetime = (long)PartitionLease.Lifetime.TotalMilliseconds;
        await session.ExecuteAsync( // (1) Also what has run out: nobody took it, or it would have another owner. What is locked is being committed, which renews it.
            "UPDATE partitions SET expires_at = {now} + $2 WHERE id IN (SELECT p.id FROM partitions p WHERE p.owner = $1 AND p.id < $3 ORDER BY p.id {lock free})",
            owner, lifetime, count);
        var mine = await session.QueryAsync(
            "SELECT " + LeaseColumns + " FROM partitions WHERE owner = $1 AND id < $2 ORDER BY id", ReadLease, owner, count);
        if (release.Length > 0)
        {
            var given = await session.QueryAsync( // (2)
                "UPDATE partitions SET owner = '', expires_at = 0 FROM {rows} AS r WHERE partitions.id = r.id AND partitions.owner = r.owner RETURNING partitions.id",
                r => r.GetInt32(0), new Rows().With("id", release).With("owner", Column(release, _ => owner)));
            mine.RemoveAll(lease => given.Contains(lease.Partition));
        }

        if (mine.Count < share)
        {
            mine.AddRange(await session.QueryAsync( // (3)
                "UPDATE partitions SET owner = $1, epoch = epoch + 1, expires_at = {now} + $2 WHERE id IN (SELECT p.id FROM partitions p " +
                "WHERE p.id < $3 AND (p.owner = '' OR (p.expires_at > 0 AND p.expires_at <= {now})) AND p.owner <> $1 ORDER BY p.id LIMIT $4 {lock free}) RETURNING " + LeaseColumns,
                ReadLease, owner, lifetime, count, share - mine.Count));
        }

        return mine;
    });

    /// <summary>All partitions that ever had an owner, in their order.</summary>
    public Task<List<PartitionEntry>> PartitionsAsync(CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id, CASE WHEN owner = '' OR (expires_at > 0 AND expires_at <= {now}) THEN NULL ELSE owner END, epoch, position, expires_at " +
            "FROM partitions ORDER BY id",
            r =>
            {
                var owner = r.IsDBNull(1) ? null : r.GetString(1);
                var expires = r.GetInt64(4);
                return new PartitionEntry(
                    r.GetInt32(0), owner, r.GetInt64(2), new LogPosition(r.GetInt64(3)),
                    owner is null || expires == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds(expires));
            }),
        cancellationToken);

    /// <summary>Gives up everything that an owner has; others may take it at once.</summary>
    public Task<int> ReleasePartitionsAsync(string owner) => database.WriteAsync(session =>
        session.ExecuteAsync("UPDATE partitions SET owner = '', expires_at = 0 WHERE owner = $1", owner));

    /// <summary>The nodes that dispatch, as far as is known.</summary>
    public Task<List<string>> DispatchersAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync("SELECT id FROM nodes WHERE expires_at > {now} AND roles LIKE '%dispatch%'", r => r.GetString(0)), cancellationToken);

    /// <summary>Counts that an owner begins its first batch: if it dies of it, the next one knows.</summary>
    /// <exception cref="OwnershipLostException">The partition has another owner.</exception>
    public Task<int> CountAttemptAsync(PartitionLease lease) => database.WriteAsync(async session => await session.ExecuteAsync(
        "UPDATE partitions SET attempts = attempts + 1 WHERE id = $1 AND epoch = $2 AND position = $3", lease.Partition, lease.Epoch, lease.Position.Value) == 1
        ? lease.Attempts + 1
        : throw new OwnershipLostException(lease.Partition));

    /// <summary>Takes that back: the owner could not commit, but it lives, so what it began does not kill.</summary>
    public Task<int> UncountAttemptAsync(int partition) => database.WriteAsync(session =>
        session.ExecuteAsync("UPDATE partitions SET attempts = attempts - 1 WHERE id = $1 AND attempts > 0", partition));

    /// <summary>Puts a partition's position back to the beginning, because the log is not the one that it stood for.</summary>
    /// <exception cref="OwnershipLostException">The partition has another owner or position.</exception>
    public Task<PartitionLease> RewindPartitionAsync(PartitionLease lease) => database.WriteAsync(async session => await session.ExecuteAsync(
        "UPDATE partitions SET position = 0 WHERE id = $1 AND epoch = $2 AND position = $3", lease.Partition, lease.Epoch, lease.Position.Value) == 1
        ? lease with { Position = LogPosition.Start }
        : throw new OwnershipLostException(lease.Partition));

    private static PartitionLease ReadLease(DbDataReader r) =>
        new(r.GetInt32(0), r.GetInt64(1), new LogPosition(r.GetInt64(2)), r.GetInt32(3));
}
