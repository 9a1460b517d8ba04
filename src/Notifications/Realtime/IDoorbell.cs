using Notifications.Inbox;

namespace Notifications.Realtime;

/// <summary>
/// Tells gateways what was committed. A ring is a hint: one that is lost costs a user seconds, never a notification, for a gateway finds out
/// from the store.
/// </summary>
public interface IDoorbell
{
    /// <summary>Tells the gateways that hold these users.</summary>
    ValueTask RingAsync(IReadOnlyList<UserPush> pushes);

    /// <summary>Tells every gateway that a tenant has a new broadcast.</summary>
    ValueTask RingAllAsync(string tenant);
}
