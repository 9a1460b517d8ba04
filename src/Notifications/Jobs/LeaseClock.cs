using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Jobs;

/// <summary>
/// The clock that needs nothing but the store: each second it looks which jobs are due, by the store's own clock, and runs them. Runs that were missed
/// while no node was there are made up for by one.
/// </summary>
public sealed partial class LeaseClock(JobList jobs, JobRunner runner, Store store, Node node, TimeProvider time, ILogger<LeaseClock> logger) : IJobClock
{
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);

    private readonly ConcurrentDictionary<string, Task> _running = new(StringComparer.Ordinal);

    /// <inheritdoc/>
    public string Name => "lease";

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (var known = false; ; await Task.Delay(Every, time, stoppingToken))
            {
                try
                {
                    if (!known)
                    {
                        // The one process of the embedded engine has just started: whoever had a lease is dead.
                        await store.AddJobsAsync([.. jobs.All.Select(job => job.Name)], free: node.Engine == EngineKind.Embedded);
                        known = true;
                    }

                    foreach (var name in await store.DueJobsAsync(stoppingToken))
                    {
                        Start(name, stoppingToken);
                    }
                }
                catch (StoreUnavailableException e)
                {
                    LogPutOff(logger, e.Message);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogFailed(logger, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }

        await Task.WhenAll(_running.Values);
    }

    /// <inheritdoc/>
    public Task TriggerAsync(Job job) => store.TriggerJobAsync(job.Name);

    /// <inheritdoc/>
    public async Task EnqueueAsync(Guid operation)
    {
        try
        {
            await store.TriggerJobAsync(JobList.Operations);
        }
        catch (StoreUnavailableException e)
        {
            LogPutOff(logger, e.Message);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> NextRunsAsync(CancellationToken cancellationToken) =>
        (await store.JobsAsync(cancellationToken)).ToDictionary(job => job.Name, job => job.NextAt, StringComparer.Ordinal);

    private void Start(string name, CancellationToken stoppingToken)
    {
        if (jobs.Find(name) is not { } job || _running.ContainsKey(name))
        {
            return;
        }

        // Removed by the run itself, which may have ended before it is added here: hence the order.
        var begin = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _running[name] = WhenAddedAsync();
        begin.SetResult();

        async Task WhenAddedAsync()
        {
            await begin.Task;
            await runner.RunAsync(job, due: true, stoppingToken);
            _running.TryRemove(name, out _);
        }
    }

    [LoggerMessage(5001, LogLevel.Warning, "Jobs wait for the store: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(5002, LogLevel.Error, "The clock of the jobs failed and goes on")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
