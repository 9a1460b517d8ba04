using Notifications.Hosting;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>The leases of the embedded engine: its data is locked by this process, so everything is its own at once.</summary>
public sealed class SoleLeases(IEventLog log, Store store, Node node) : ILeases
{
    /// <inheritdoc/>
    public Task RunAsync(Func<int, CancellationToken, Task> work, CancellationToken stoppingToken) =>
        Task.WhenAll(Enumerable.Range(0, log.Layout.Count).Select(partition => work(partition, stoppingToken)));

    /// <inheritdoc/>
    public async Task<PartitionLease?> OpenAsync(int partition, CancellationToken cancellationToken) =>
        await store.AcquirePartitionAsync(partition, node.Id);
}
