using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Jobs;

/// <summary>What only the clock drives: items come back when their snooze ends, and what is past its retention is deleted.</summary>
public sealed partial class Housekeeping(
    UserLog log, Store store, IDoorbell doorbell, IOptions<NotificationsOptions> options, TimeProvider time, ILogger<Housekeeping> logger) : BackgroundService
{
    private const int Batch = 500;
    private static readonly TimeSpan WakeEvery = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan RetentionEvery = TimeSpan.FromMinutes(10);

    private readonly RetentionOptions _retention = options.Value.Retention;

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        EveryAsync(WakeEvery, WakeAsync, stoppingToken), EveryAsync(RetentionEvery, RetainAsync, stoppingToken));

    /// <summary>Deletes what is past its retention, in short transactions.</summary>
    public async Task RetainAsync(CancellationToken cancellationToken)
    {
        var before = time.GetUtcNow().AddDays(-_retention.InboxDays);
        var after = new UserKey("", "");
        for (var users = await store.LongInboxesAsync(after, _retention.InboxItems, Batch, cancellationToken);
             users.Count > 0;
             users = await store.LongInboxesAsync(after, _retention.InboxItems, Batch, cancellationToken))
        {
            foreach (var user in users)
            {
                int deleted;
                do
                {
                    (deleted, var push) = await store.TrimInboxAsync(user, before, _retention.InboxItems, Batch);
                    if (push is not null)
                    {
                        await doorbell.RingAsync([push]);
                    }

                    cancellationToken.ThrowIfCancellationRequested();
                }
                while (deleted == Batch);
            }

            after = users[^1];
        }

        await store.TrimBroadcastsAsync(before);
        for (Guid? next = default(Guid); next is { } from; cancellationToken.ThrowIfCancellationRequested())
        {
            (_, next) = await store.TrimEventsAsync(from, before, Batch);
        }
    }

    private async Task WakeAsync(CancellationToken cancellationToken)
    {
        while (await log.WakeAsync(Batch, cancellationToken) == Batch)
        {
        }
    }

    private async Task EveryAsync(TimeSpan period, Func<CancellationToken, Task> job, CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(period, time);
        try
        {
            do
            {
                try
                {
                    await job(stoppingToken);
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
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
        }
    }

    [LoggerMessage(5001, LogLevel.Warning, "Housekeeping waits for the store: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(5002, LogLevel.Error, "Housekeeping failed and is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
