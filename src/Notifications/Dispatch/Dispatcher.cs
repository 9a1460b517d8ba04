using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>Owns partitions of the log and runs a worker for each.</summary>
public sealed class Dispatcher(IEventLog log, Store store, IDoorbell doorbell, TimeProvider time, ILoggerFactory loggers) : BackgroundService
{
    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var owner = $"{Environment.MachineName}/{Environment.ProcessId}";
        var logger = loggers.CreateLogger<PartitionWorker>();
        await Task.WhenAll(Enumerable.Range(0, log.Layout.Count)
            .Select(partition => Task.Run(() => new PartitionWorker(partition, owner, log, store, doorbell, time, logger).RunAsync(stoppingToken), CancellationToken.None)));
    }
}
