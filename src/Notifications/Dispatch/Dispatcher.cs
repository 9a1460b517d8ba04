using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>Runs a worker for each partition of the log that this process owns.</summary>
public sealed class Dispatcher(IEventLog log, Store store, ILeases leases, IDoorbell doorbell, TimeProvider time, ILogger<PartitionWorker> logger) : BackgroundService
{
    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => leases.RunAsync(
        (partition, cancellationToken) => Task.Run(
            () => new PartitionWorker(partition, leases, log, store, doorbell, time, logger).RunAsync(cancellationToken), CancellationToken.None),
        stoppingToken);
}
