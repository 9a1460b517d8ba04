using Notifications.Dispatch;
using Notifications.Log;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Takes a partition. Every acquisition raises the epoch, so that whoever held it before can commit nothing more.</summary>
    public Task<PartitionLease> AcquirePartitionAsync(int partition, string owner) => database.WriteAsync(session => session.FirstAsync(
        "INSERT INTO partitions (id, owner, epoch, position) VALUES ($1, $2, 1, 0) " +
        "ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, epoch = partitions.epoch + 1 RETURNING epoch, position",
        r => new PartitionLease(partition, r.GetInt64(0), new LogPosition(r.GetInt64(1))), partition, owner));
}
