using Microsoft.Extensions.Options;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Jobs;

/// <summary>Deletes what is past its retention, in short transactions, and looks at little else.</summary>
public sealed class Retention(Store store, IDoorbell doorbell, IOptions<NotificationsOptions> options, TimeProvider time)
{
    private const int Batch = 500;
    private const int OperationDays = 30;

    /// <summary>A window of a throttle is never that long.</summary>
    private const int ThrottleDays = 35;

    /// <summary>
    /// How often all old events are looked at again: those that were kept may have left the last inbox meanwhile. They are already past what is promised,
    /// so that a day more does no harm.
    /// </summary>
    private static readonly TimeSpan EventsPause = TimeSpan.FromDays(1);

    private readonly RetentionOptions _retention = options.Value.Retention;

    /// <summary>Everything but throttles, part by part; a part that fails does not keep the others from being done.</summary>
    /// <returns>What was deleted.</returns>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var done = new List<string>();
        var failures = new List<Exception>();
        await PartAsync("inbox items", InboxesAsync);
        await PartAsync("broadcasts", _ => store.TrimBroadcastsAsync(Before(_retention.InboxDays)));
        await PartAsync("events", EventsAsync); // After what keeps them.
        await PartAsync("dead letters", c => AllAsync(() => store.TrimDeadLettersAsync(Before(_retention.DeadLetterDays), Batch), c));
        await PartAsync("deliveries", DeliveriesAsync); // After dead letters, which keep them.
        await PartAsync("operations", c => AllAsync(() => store.TrimOperationsAsync(Before(OperationDays), Batch), c));
        return failures.Count == 0
            ? done.Count == 0 ? "nothing to delete" : "deleted " + string.Join(", ", done)
            : throw new AggregateException(failures[0].Message, failures);

        async Task PartAsync(string name, Func<CancellationToken, Task<int>> part)
        {
            try
            {
                if (await part(cancellationToken) is > 0 and var count)
                {
                    done.Add(FormattableString.Invariant($"{count} {name}"));
                }
            }
            catch (Exception e) when (e is not (OperationCanceledException or StoreUnavailableException))
            {
                failures.Add(e);
            }
        }
    }

    /// <summary>Forgets throttles whose window has long ended.</summary>
    public async Task<string> ForgetThrottlesAsync(CancellationToken cancellationToken)
    {
        var before = Before(ThrottleDays);
        var count = 0;
        var next = new ThrottleKey("", "", "");
        while (next is { } after)
        {
            (var deleted, next) = await store.TrimThrottlesAsync(after, before, Batch);
            count += deleted;
            cancellationToken.ThrowIfCancellationRequested();
        }

        return FormattableString.Invariant($"forgot {count}");
    }

    private DateTimeOffset Before(int days) => time.GetUtcNow().AddDays(-days);

    private async Task<int> InboxesAsync(CancellationToken cancellationToken)
    {
        var before = Before(_retention.InboxDays);
        var count = 0;
        for (UserKey? next = new UserKey("", ""); next is { } after;)
        {
            (var users, next) = await store.LongInboxesAsync(after, _retention.InboxItems, before, Batch, cancellationToken);
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

                    count += deleted;
                    cancellationToken.ThrowIfCancellationRequested();
                }
                while (deleted == Batch);
            }
        }

        return count;
    }

    /// <summary>
    /// Goes on where the last run stopped, on whatever node that was, with the events that have become old since; once a day it then starts over. Where
    /// the place is lost, it only starts over earlier.
    /// </summary>
    private async Task<int> EventsAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        var before = Before(_retention.InboxDays); // Once: it would else go on for ever with those that become old while it runs.
        var saved = await store.EventPassAsync(cancellationToken);
        var pass = saved ?? new EventPass(default, now);
        var count = 0;
        try
        {
            for (var more = true; more; cancellationToken.ThrowIfCancellationRequested())
            {
                (var deleted, var last, more) = await store.TrimEventsAsync(pass.After, before, Batch);
                count += deleted;
                pass = pass with { After = last };
                if (!more && (now - pass.Began).Duration() >= EventsPause) // Also where a clock that was far ahead has been set right.
                {
                    (pass, more) = (new EventPass(default, now), true);
                }
            }
        }
        finally
        {
            if (pass != saved) // Also of a run that is broken off, or one that takes too long would always begin at the same place.
            {
                await store.SaveEventPassAsync(pass);
            }
        }

        return count;
    }

    private async Task<int> DeliveriesAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var tenant in await store.TenantsAsync(cancellationToken))
        {
            for (Guid? next = default(Guid); next is { } from; cancellationToken.ThrowIfCancellationRequested())
            {
                (var deleted, next) = await store.TrimDeliveriesAsync(tenant, from, Before(_retention.DeliveryDays), Batch);
                count += deleted;
            }
        }

        return count;
    }

    private static async Task<int> AllAsync(Func<Task<int>> part, CancellationToken cancellationToken)
    {
        var count = 0;
        int deleted;
        do
        {
            count += deleted = await part();
            cancellationToken.ThrowIfCancellationRequested();
        }
        while (deleted == Batch);

        return count;
    }
}
