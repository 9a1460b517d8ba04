using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>
/// Runs a worker for each partition of the log that this process owns. Workers take turns, a few at a time: while one waits, its entries gather,
/// and go in one transaction. Many small transactions side by side would cost the store several times as much. Critical events do not wait.
/// </summary>
public sealed class Dispatcher(
    IEventLog log, Store store, ILeases leases, RoutingFacts facts, EventSchedule schedule, IDoorbell doorbell, TimeProvider time, ILogger<PartitionWorker> logger)
    : BackgroundService
{
    private static readonly int Turns = Math.Clamp(2 * Environment.ProcessorCount, 4, 16);

    private readonly SemaphoreSlim _turns = new(Turns);

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _turns.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => leases.RunAsync(
        (partition, cancellationToken) => Task.Run(
            () => new PartitionWorker(
                partition, leases, log, store, facts, schedule, doorbell, partition < log.Layout.Normal ? _turns : null, time, logger).RunAsync(cancellationToken),
            CancellationToken.None),
        stoppingToken);
}
