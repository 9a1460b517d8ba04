using Notifications.Events;
using Notifications.Log;

namespace Notifications.Routing;

/// <summary>What routing needs to know of the world; loaded before, so that routing itself does no I/O.</summary>
/// <param name="Subscribers">
/// Users by (tenant, topic): at most <see cref="Router.MaxInlineUsers"/> + 1, which is enough to see that there are too many.
/// </param>
/// <param name="MustWait">Whether an event of this tenant and ordering key is still being fanned out.</param>
public sealed record RoutingContext(
    IReadOnlyDictionary<(string Tenant, string Topic), IReadOnlyList<string>> Subscribers, Func<string, string, bool> MustWait);

/// <summary>Decides who gets an event. Pure: the same event and context give the same plan.</summary>
public static class Router
{
    /// <summary>Above this many recipients an event is fanned out, so that no transaction of a batch grows long.</summary>
    public const int MaxInlineUsers = 500;

    /// <summary>Routes an event: (1) everyone covers every user; (2) users; (3) topics; (4) inline, or in steps.</summary>
    public static Plan Route(EventRecord record, RoutingContext context)
    {
        var broadcast = record.To.Any(r => r.Kind == RecipientKind.All); // (1)
        var users = new HashSet<string>(StringComparer.Ordinal);
        var ordered = new List<string>(record.To.Count);
        var decisions = new List<Decision>(record.To.Count);
        var tooMany = false;
        foreach (var recipient in record.To)
        {
            switch (recipient.Kind)
            {
                case RecipientKind.All:
                    decisions.Add(Deliver(recipient, "broadcast"));
                    break;
                case RecipientKind.User: // (2)
                    if (users.Add(recipient.Key))
                    {
                        ordered.Add(recipient.Key);
                    }

                    decisions.Add(broadcast ? Skip(recipient, "covered_by_all") : Deliver(recipient, "named"));
                    break;
                case RecipientKind.Topic when broadcast: // (3)
                    decisions.Add(Skip(recipient, "covered_by_all"));
                    break;
                case RecipientKind.Topic:
                    var subscribers = context.Subscribers.GetValueOrDefault((record.Tenant, recipient.Key)) ?? [];
                    ordered.AddRange(subscribers.Where(users.Add));
                    tooMany |= subscribers.Count > MaxInlineUsers;
                    decisions.Add(subscribers.Count switch
                    {
                        0 => Skip(recipient, "no_subscribers") with { Users = 0 },
                        > MaxInlineUsers => Deliver(recipient, "subscribed"),
                        var count => Deliver(recipient, "subscribed") with { Users = count },
                    });
                    break;
            }
        }

        var fanOut = !broadcast && (tooMany || ordered.Count > MaxInlineUsers || context.MustWait(record.Tenant, record.OrderingKey)); // (4)
        return new Plan
        {
            Event = record,
            Decisions = decisions,
            Broadcast = broadcast,
            FanOut = fanOut,
            Users = broadcast || fanOut ? [] : ordered,
            Named = broadcast ? ordered : [],
        };
    }

    private static Decision Deliver(Recipient recipient, string reason) => new(recipient.ToString(), "inbox", "deliver", reason);

    private static Decision Skip(Recipient recipient, string reason) => new(recipient.ToString(), "inbox", "skip", reason);
}
