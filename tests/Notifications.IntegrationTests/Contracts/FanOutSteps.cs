using Notifications.Dispatch;
using Notifications.Inbox;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>A step of a fan-out as a dispatcher makes it.</summary>
internal static class FanOutSteps
{
    /// <summary>Reads, routes and commits the next step.</summary>
    public static async Task<(IReadOnlyList<UserPush> Pushes, bool Finished)> FanOutStepAsync(this Store store, PartitionLease lease, FanOut fanOut, int size)
    {
        var step = await store.NextStepAsync(fanOut, size, CancellationToken.None) ?? throw new OwnershipLostException(lease.Partition);
        var plan = step is { Event: { } record, Users.Count: > 0 } ? Router.RouteStep(record, step.Users, inbox: !fanOut.Everyone, RoutingContext.Empty) : null;
        return (await store.FanOutStepAsync(lease, fanOut, step, plan), step.IsLast);
    }
}
