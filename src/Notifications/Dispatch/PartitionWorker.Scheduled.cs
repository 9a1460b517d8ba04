using Notifications.Log;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.Dispatch;

public sealed partial class PartitionWorker
{
    private const int MaxDue = 100;

    /// <summary>
    /// Events of the partition whose time has come: (1) wait; (2) read; (3) route as if they came now; (4) commit, which takes them off the list in
    /// the same transaction, so that each comes once; (5) ring.
    /// </summary>
    private async Task RunScheduledAsync(FanOuts fanOuts, CancellationToken cancellationToken)
    {
        while (true)
        {
            await schedule.WaitAsync(partition, cancellationToken); // (1)
            var due = await store.DueEventsAsync(partition, MaxDue, cancellationToken); // (2)
            if (due.Count == 0)
            {
                await schedule.DoneAsync(partition, cancellationToken);
                continue;
            }

            var records = due.ConvertAll(Record);
            var context = await facts.LoadAsync([.. records.OfType<EventRecord>()], null, cancellationToken) with { MustWait = fanOuts.MustWait, IsDue = true };
            await CommitDueAsync(due, records, context, fanOuts);
        }
    }

    /// <summary>Commits events together; what the store refuses for itself is found by taking them one by one, and given up alone.</summary>
    private async Task CommitDueAsync(List<ScheduledEvent> due, List<EventRecord?> records, RoutingContext context, FanOuts fanOuts)
    {
        var started = new HashSet<(string, string)>();
        var plans = new List<Plan>(due.Count);
        foreach (var (scheduled, record) in due.Zip(records))
        {
            if (record is null)
            {
                await store.GiveUpScheduledAsync(scheduled, partition, "malformed", "The scheduled event cannot be read.");
                continue;
            }

            var plan = RouteDue(record, context with { MustWait = (tenant, key) => started.Contains((tenant, key)) || context.MustWait(tenant, key) });
            plans.Add(plan);
            if (plan is { FanOut: true, Broadcast: false })
            {
                started.Add((record.Tenant, record.OrderingKey));
            }
        }

        if (await TryCommitDueAsync(plans, fanOuts) is null)
        {
            return;
        }

        foreach (var plan in plans)
        {
            if (await TryCommitDueAsync([plan], fanOuts) is { } error)
            {
                await store.GiveUpScheduledAsync(due.Find(d => d.EventId == plan.Event.Id)!, partition, "refused_by_store", error.ToString());
                LogRefused(logger, partition, plan.Event.Id, error);
            }
        }
    }

    /// <returns>Why not, where it is for what is in them; else null.</returns>
    private async Task<Exception?> TryCommitDueAsync(List<Plan> plans, FanOuts fanOuts)
    {
        var waiting = plans.FindAll(p => p.FanOut);
        fanOuts.Announce(waiting);
        CommitResult? result = null;
        try
        {
            result = await store.CommitDueAsync(_lease, plans); // (4)
        }
        catch (Exception e) when (e is not (StoreUnavailableException or OwnershipLostException))
        {
            return e;
        }
        finally
        {
            fanOuts.Committed(waiting, result?.FanOuts ?? []);
        }

        await TellAsync(plans, result); // (5)
        return null;
    }

    private static Plan RouteDue(EventRecord record, RoutingContext context) // (3)
    {
        try
        {
            return Router.Route(record, context);
        }
        catch (RoutingException)
        {
            // Its template is gone since it was accepted, or fails: the event is shown by its type rather than lost.
            return Router.Route(record.WithTitle(), context with { Templates = RoutingContext.Empty.Templates });
        }
    }

    private static EventRecord? Record(ScheduledEvent scheduled) =>
        EventRecord.TryRead(new LogEntry(LogPosition.Start, scheduled.Tenant, scheduled.EventId, scheduled.Payload), out var record) == RecordState.Valid
            ? record
            : null;
}
