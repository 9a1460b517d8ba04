namespace Notifications.Jobs;

/// <summary>What says when a job runs. Whichever it is, <see cref="JobRunner"/> runs it, so that one node at a time does.</summary>
public interface IJobClock
{
    /// <summary>As it is shown: <c>lease</c> or <c>hangfire</c>.</summary>
    string Name { get; }

    /// <summary>Runs jobs when they are due, on a node with the role <c>jobs</c>, until it is told to stop; returns when they have ended.</summary>
    Task RunAsync(CancellationToken stoppingToken);

    /// <summary>Lets a job run soon, on whatever node.</summary>
    /// <exception cref="Storage.StoreUnavailableException">Whether it will is not known.</exception>
    Task TriggerAsync(Job job);

    /// <summary>
    /// Lets somebody work on an operation soon, on whatever node. A hint, which never throws: an open operation that nobody was told of is found by
    /// the job <see cref="JobList.Operations"/>.
    /// </summary>
    Task EnqueueAsync(Guid operation);

    /// <summary>When jobs run next, by name, where that is known.</summary>
    /// <exception cref="Storage.StoreUnavailableException">The clock cannot be asked now.</exception>
    Task<IReadOnlyDictionary<string, DateTimeOffset>> NextRunsAsync(CancellationToken cancellationToken);
}

/// <summary>Runs the clock on nodes with the role <c>jobs</c>.</summary>
public sealed class JobClockService(IJobClock clock) : Microsoft.Extensions.Hosting.BackgroundService
{
    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => clock.RunAsync(stoppingToken);
}
