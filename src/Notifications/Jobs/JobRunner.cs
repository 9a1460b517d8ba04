using Microsoft.Extensions.Logging;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Jobs;

/// <summary>What came of a run.</summary>
public enum JobOutcome : byte
{
    /// <summary>It was done.</summary>
    Succeeded,

    /// <summary>It failed; why is stored and logged.</summary>
    Failed,

    /// <summary>Somebody else runs it, or it is not due.</summary>
    NotClaimed,

    /// <summary>The process ends; another node goes on.</summary>
    Stopped,

    /// <summary>Another node has taken it over, because this one was not heard of in time.</summary>
    Lost,

    /// <summary>The store did not answer.</summary>
    Unavailable,
}

/// <summary>Runs one job under a lease in the store, which is renewed while it runs, and keeps what came of it.</summary>
public sealed partial class JobRunner(Store store, Node node, IServiceProvider services, TimeProvider time, ILogger<JobRunner> logger)
{
    /// <summary>For how long a run is somebody's unless it is renewed: so late is the job of a node that died taken over.</summary>
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan RenewEvery = TimeSpan.FromSeconds(8);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan FirstRetry = TimeSpan.FromMinutes(1);

    private long _runs;

    /// <summary>Runs a job, unless somebody else does. Never throws.</summary>
    /// <param name="job">Which.</param>
    /// <param name="due">Only if it is due; else at once.</param>
    /// <param name="stoppingToken">The process ends: the job is given up, for another node.</param>
    public async Task<JobOutcome> RunAsync(Job job, bool due, CancellationToken stoppingToken)
    {
        // Of this run, so that one that was thought dead cannot write over the next.
        var owner = FormattableString.Invariant($"{node.Id}/{Interlocked.Increment(ref _runs)}");
        try
        {
            if (!await store.ClaimJobAsync(job.Name, owner, Lease, job.Schedule.Period, due))
            {
                return JobOutcome.NotClaimed;
            }

            return await RunAsync(job, owner, stoppingToken);
        }
        catch (StoreUnavailableException e)
        {
            LogPutOff(logger, job.Name, e.Message);
            return JobOutcome.Unavailable;
        }
        catch (Exception e)
        {
            LogFailed(logger, job.Name, e);
            return JobOutcome.Failed;
        }
    }

    private async Task<JobOutcome> RunAsync(Job job, string owner, CancellationToken stoppingToken)
    {
        using var limit = new CancellationTokenSource(job.Limit, time);
        using var lost = new CancellationTokenSource();
        using var cancel = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, lost.Token, stoppingToken);
        using var ended = new CancellationTokenSource();
        var renewal = RenewAsync(job.Name, owner, lost, ended.Token);
        try
        {
            string result;
            try
            {
                var run = Task.Run(() => job.Run(services, cancel.Token), CancellationToken.None);
                result = await WaitAsync(run, cancel.Token);
            }
            finally
            {
                await ended.CancelAsync();
                await renewal;
            }

            await store.FinishJobAsync(job.Name, owner, result, error: null, TimeSpan.Zero, TimeSpan.Zero);
            LogRan(logger, job.Name, result);
            return JobOutcome.Succeeded;
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException && lost.IsCancellationRequested)
        {
            LogLost(logger, job.Name);
            return JobOutcome.Lost;
        }
        catch (Exception e) when (e is OperationCanceledException or TimeoutException && stoppingToken.IsCancellationRequested)
        {
            await store.ReleaseJobAsync(job.Name, owner);
            return JobOutcome.Stopped;
        }
        catch (Exception e)
        {
            var error = e is OperationCanceledException or TimeoutException && limit.IsCancellationRequested
                ? FormattableString.Invariant($"It took longer than {job.Limit.TotalSeconds:0} seconds and was cancelled.")
                : e.Message;
            await store.FinishJobAsync(job.Name, owner, result: null, error, FirstRetry, job.Schedule.Period);
            LogFailed(logger, job.Name, e);
            return JobOutcome.Failed;
        }
    }

    /// <summary>Waits for the run; once that is cancelled not much longer, even if it does not care.</summary>
    private async Task<string> WaitAsync(Task<string> run, CancellationToken cancel)
    {
        var cancelled = new TaskCompletionSource();
        using (cancel.Register(cancelled.SetResult))
        {
            return await Task.WhenAny(run, cancelled.Task) == run ? await run : await run.WaitAsync(Grace, time, CancellationToken.None);
        }
    }

    private async Task RenewAsync(string name, string owner, CancellationTokenSource lost, CancellationToken ended)
    {
        try
        {
            while (true)
            {
                await Task.Delay(RenewEvery, time, ended);
                try
                {
                    if (!await store.RenewJobAsync(name, owner, Lease))
                    {
                        await lost.CancelAsync();
                        return;
                    }
                }
                catch (StoreUnavailableException e)
                {
                    LogPutOff(logger, name, e.Message); // What the job itself does in the store fails too.
                }
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LoggerMessage(5003, LogLevel.Debug, "Job {Job}: {Result}")]
    private static partial void LogRan(ILogger logger, string job, string result);

    [LoggerMessage(5004, LogLevel.Error, "Job {Job} failed and is tried again")]
    private static partial void LogFailed(ILogger logger, string job, Exception exception);

    [LoggerMessage(5005, LogLevel.Warning, "Job {Job} was taken over by another node")]
    private static partial void LogLost(ILogger logger, string job);

    [LoggerMessage(5006, LogLevel.Warning, "Job {Job} waits for the store: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string job, string reason);
}
