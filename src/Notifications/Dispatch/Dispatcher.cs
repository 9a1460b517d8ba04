using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>
/// What workers share: they take turns, a few at a time, so that the entries of those that wait gather; and batches that are ready at the same time
/// go to the store in one transaction. Many small batches and transactions side by side would cost several times as much.
/// </summary>
/// <param name="Turns">Bounds how many work at a time; null where none waits.</param>
/// <param name="Commits">Takes batches to the store.</param>
public sealed record Lane(SemaphoreSlim? Turns, Batching<Commit, CommitResult> Commits);

/// <summary>Runs a worker for each partition of the log that this process owns. Critical events have a lane of their own, and do not wait for turns.</summary>
public sealed class Dispatcher(
    IEventLog log, Store store, ILeases leases, RoutingFacts facts, EventSchedule schedule, IDoorbell doorbell, TimeProvider time, ILogger<PartitionWorker> logger)
    : BackgroundService
{
    private const int MaxRowsPerCommit = 2_000;
    private static readonly int Turns = Math.Clamp(4 * Environment.ProcessorCount, 8, 32);

    /// <summary>Transactions at a time: while one waits for the disk, another is prepared.</summary>
    private static readonly int Transactions = Math.Clamp(Environment.ProcessorCount / 2, 1, 4);

    private readonly SemaphoreSlim _turns = new(Turns);

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _turns.Dispose();
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var (normal, critical) = (new Lane(_turns, Commits()), new Lane(null, Commits()));
        return leases.RunAsync(
            (partition, cancellationToken) => Task.Run(
                () => new PartitionWorker(
                    partition, leases, log, store, facts, schedule, doorbell, partition < log.Layout.Normal ? normal : critical, time, logger).RunAsync(cancellationToken),
                CancellationToken.None),
            stoppingToken);
    }

    private Batching<Commit, CommitResult> Commits() => new(store.CommitAsync, commit => commit.Rows, MaxRowsPerCommit, Transactions);
}
