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
            for (var i = 0; i < due.Count; i++)
            {
                await CommitDueAsync(due[i], records[i], context, fanOuts);
            }
        }
    }

    private async Task CommitDueAsync(ScheduledEvent due, EventRecord? record, RoutingContext context, FanOuts fanOuts)
    {
        if (record is null)
        {
            await store.GiveUpScheduledAsync(due, partition, "malformed", "The scheduled event cannot be read.");
            return;
        }

        List<Plan> waiting = [];
        CommitResult? result = null;
        try
        {
            var plan = RouteDue(record, context);
            waiting = plan.FanOut ? [plan] : [];
            fanOuts.Announce(waiting);
            result = await store.CommitDueAsync(_lease, [plan]); // (4)
            await TellAsync([plan], result); // (5)
        }
        catch (Exception e) when (e is not (StoreUnavailableException or OwnershipLostException))
        {
            await store.GiveUpScheduledAsync(due, partition, "refused_by_store", e.ToString());
            LogDead(logger, partition, due.EventId, e.Message);
        }
        finally
        {
            fanOuts.Committed(waiting, result?.FanOuts ?? []);
        }
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
