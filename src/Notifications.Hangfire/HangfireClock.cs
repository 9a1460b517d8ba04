using Hangfire;
using Hangfire.States;
using Hangfire.Storage;
using Microsoft.Extensions.Logging;
using Notifications.Hosting;
using Notifications.Jobs;
using Notifications.Storage;
using Npgsql;
using Job = Notifications.Jobs.Job;

namespace Notifications.Hangfire;

/// <summary>The clock that is Hangfire: recurring jobs and jobs on demand, kept in PostgreSQL, with a dashboard.</summary>
public sealed partial class HangfireClock(
    JobStorage storage, IRecurringJobManager recurring, IBackgroundJobClient background, JobList jobs, Node node, TimeProvider time, ILogger<HangfireClock> logger)
    : IJobClock
{
    private const int Workers = 4;

    /// <inheritdoc/>
    public string Name => "hangfire";

    /// <summary>Tells Hangfire of the jobs in the list, and to forget those that are not in it any more.</summary>
    public void Register()
    {
        foreach (var job in jobs.All)
        {
            recurring.AddOrUpdate(
                job.Name, Call(job.Name), job.Schedule.Cron, new RecurringJobOptions { TimeZone = TimeZoneInfo.Utc, MisfireHandling = MisfireHandlingMode.Relaxed });
        }

        using var connection = storage.GetConnection();
        foreach (var gone in connection.GetRecurringJobs().Where(job => jobs.Find(job.Id) is null))
        {
            recurring.RemoveIfExists(gone.Id);
        }
    }

    /// <inheritdoc/>
    public async Task RunAsync(CancellationToken stoppingToken)
    {
        using var server = new BackgroundJobServer(
            new BackgroundJobServerOptions
            {
                ServerName = node.Id,
                WorkerCount = Workers,
                SchedulePollingInterval = TimeSpan.FromSeconds(2),
                HeartbeatInterval = TimeSpan.FromSeconds(10),
                ServerTimeout = TimeSpan.FromMinutes(1),
                ServerCheckInterval = TimeSpan.FromSeconds(30),
                ShutdownTimeout = TimeSpan.FromSeconds(10),
            },
            storage);
        try
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, time, stoppingToken);
        }
        catch (OperationCanceledException)
        {
        }

        server.SendStop();
        await server.WaitForShutdownAsync(CancellationToken.None);
    }

    /// <inheritdoc/>
    public Task TriggerAsync(Job job) => AskAsync(() => recurring.Trigger(job.Name));

    /// <inheritdoc/>
    public async Task EnqueueAsync(Guid operation)
    {
        var id = Ids.Format(Ids.Operation, operation);
        try
        {
            await AskAsync(() => background.Create<HangfireJobs>(jobs => jobs.RunOperation(id, CancellationToken.None), new EnqueuedState()));
        }
        catch (StoreUnavailableException e)
        {
            LogPutOff(logger, id, e.Message);
        }
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyDictionary<string, DateTimeOffset>> NextRunsAsync(CancellationToken cancellationToken)
    {
        var next = new Dictionary<string, DateTimeOffset>(StringComparer.Ordinal);
        await AskAsync(() =>
        {
            using var connection = storage.GetConnection();
            foreach (var job in connection.GetRecurringJobs(jobs.All.Select(job => job.Name)))
            {
                if (job.NextExecution is { } at)
                {
                    next.Add(job.Id, new DateTimeOffset(DateTime.SpecifyKind(at, DateTimeKind.Utc)));
                }
            }
        });
        return next;
    }

    private static global::Hangfire.Common.Job Call(string name) =>
        global::Hangfire.Common.Job.FromExpression<HangfireJobs>(jobs => jobs.RunJob(name, CancellationToken.None));

    /// <summary>Hangfire waits for its database where it stands: on a thread of the pool, not on the caller's.</summary>
    private static async Task AskAsync(Action ask)
    {
        try
        {
            await Task.Run(ask);
        }
        catch (Exception e) when (e is BackgroundJobClientException or NpgsqlException or TimeoutException or DistributedLockTimeoutException)
        {
            throw new StoreUnavailableException($"Hangfire's database did not answer: {(e.InnerException ?? e).Message}", e);
        }
    }

    [LoggerMessage(5020, LogLevel.Warning, "{Operation} waits for the next run of the job that goes on with operations: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string operation, string reason);
}
