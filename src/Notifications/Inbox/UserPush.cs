using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Notifications.Storage;

namespace Notifications.Inbox;

/// <summary>A user of a tenant.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="User">The user's id.</param>
public readonly record struct UserKey(string Tenant, string User)
{
    /// <summary>The order in which heads are locked: tenant, then user.</summary>
    public static readonly Comparison<UserKey> Order = (a, b) =>
        CodePointOrder.Instance.Compare(a.Tenant, b.Tenant) is not 0 and var c ? c : CodePointOrder.Instance.Compare(a.User, b.User);
}

/// <summary>
/// One step of a user's log that was committed, on its way to the user's connections: a new item, or items that one change touched.
/// </summary>
/// <param name="Key">Whose log.</param>
/// <param name="First">The first counter value of the step.</param>
/// <param name="Last">The last one; 0 for a step that took none, because only the counts changed.</param>
/// <param name="Items">The items, in the order of their revs.</param>
/// <param name="Counts">The counts after this step.</param>
public sealed record UserPush(UserKey Key, long First, long Last, IReadOnlyList<InboxItem> Items, Counts Counts)
{
    private SerializedHubMessage? _message;

    /// <summary>The message for the client, serialized once for all of the user's connections.</summary>
    public SerializedHubMessage Message => _message ??= new SerializedHubMessage(Items switch
    {
        [] => new InvocationMessage("counts", [Counts]),
        [var item] when item.Seq == First => new InvocationMessage("notification", [item, Counts]),
        _ => new InvocationMessage("updated", [Items, Counts]),
    });

    /// <summary>A new item.</summary>
    public static UserPush New(UserKey key, InboxItem item, Counts counts) => new(key, item.Seq, item.Rev, [item], counts);

    /// <summary>Changed items, in the order of their revs.</summary>
    public static UserPush Updated(UserKey key, IReadOnlyList<InboxItem> items, Counts counts) =>
        new(key, items[0].Rev, items[^1].Rev, items, counts);

    /// <summary>Only the counts changed.</summary>
    public static UserPush CountsOnly(UserKey key, Counts counts) => new(key, 0, 0, [], counts);
}
