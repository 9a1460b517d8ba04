using Notifications.Inbox;
using Notifications.Operations;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Events;

/// <summary>Takes events back from everywhere: because their producer says so, or because their time is over.</summary>
public sealed class EventWithdrawal(Store store, IDoorbell doorbell)
{
    private const int StepSize = 250;

    /// <summary>Notifications that are withdrawn before the producer is answered; of an event with more the rest follows.</summary>
    private const int AtOnce = 1_000;

    /// <summary>
    /// Withdraws an event: what is not delivered yet never is, and its first notifications are withdrawn before this returns.
    /// </summary>
    /// <returns>Null where there is no such event, else whether all its notifications are withdrawn.</returns>
    public async Task<bool?> BeginAsync(string tenant, Guid id)
    {
        if (!await store.WithdrawAsync(tenant, id))
        {
            return null;
        }

        for (var done = 0; done < AtOnce; done += StepSize)
        {
            if (await StepAsync(tenant, id) == 0)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Withdraws the notifications of the next users.</summary>
    /// <returns>How many; 0 where none is left.</returns>
    public async Task<int> StepAsync(string tenant, Guid id)
    {
        IReadOnlyList<UserPush> pushes = await store.WithdrawStepAsync(tenant, id, StepSize);
        await doorbell.RingAsync(pushes);
        return pushes.Count;
    }

    /// <summary>A step of a withdrawal that goes on as an operation, whose request is the event's id.</summary>
    public async Task<OperationStep> StepAsync(Operation operation)
    {
        var (step, pushes) = await store.WithdrawStepAsync(operation, Ids.FromBytes(operation.Request), StepSize);
        await doorbell.RingAsync(pushes);
        return step;
    }

    /// <summary>Withdraws what is in inboxes of events whose time is over.</summary>
    /// <returns>How many events expired.</returns>
    public async Task<int> ExpireAsync(CancellationToken cancellationToken)
    {
        var expired = 0;
        while (await store.ExpiringEventsAsync(StepSize, cancellationToken) is { Count: > 0 } events)
        {
            foreach (var (tenant, id) in events)
            {
                await store.WithdrawAsync(tenant, id); // First, so that a fan-out that still runs adds no more.
                while (await StepAsync(tenant, id) > 0)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                }

                await store.EventExpiredAsync(id);
                expired++;
            }
        }

        return expired;
    }
}
