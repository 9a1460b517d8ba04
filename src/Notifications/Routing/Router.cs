using Notifications.Events;
using Notifications.Log;
using Notifications.Preferences;

namespace Notifications.Routing;

/// <summary>Decides who gets an event, where and when. Pure: the same event and context give the same plan.</summary>
public static partial class Router
{
    /// <summary>Above this many recipients an event is fanned out, so that no transaction of a batch grows long.</summary>
    public const int MaxInlineUsers = 1_000;

    private const string User = "user:";

    /// <summary>
    /// Routes an event: (1) what is too late is for nobody, what is too early waits; (2) everyone covers every user; (3) users, topics and
    /// addresses; (4) inline, or in steps; (5) the tenant's webhooks, which get it once; (6) addresses; (7) each user's channels.
    /// </summary>
    /// <exception cref="RoutingException">It cannot be delivered as it is.</exception>
    public static Plan Route(EventRecord record, RoutingContext context)
    {
        var config = context.Config(record.Tenant);
        if (Early(record, context) is { } early) // (1)
        {
            return early;
        }

        var broadcast = record.To.Any(r => r.Kind == RecipientKind.All); // (2)
        var users = new HashSet<string>(StringComparer.Ordinal);
        var ordered = new List<string>(record.To.Count);
        var decisions = new List<Decision>(record.To.Count);
        List<string>? addresses = null;
        var tooMany = false;
        foreach (var recipient in record.To) // (3)
        {
            switch (recipient.Kind)
            {
                case RecipientKind.All:
                    decisions.Add(Deliver(recipient, "broadcast"));
                    break;
                case RecipientKind.User:
                    if (users.Add(recipient.Key))
                    {
                        ordered.Add(recipient.Key);
                    }

                    decisions.Add(broadcast ? Skip(recipient, "covered_by_all") : Deliver(recipient, "named"));
                    break;
                case RecipientKind.Email:
                    (addresses ??= []).Add(recipient.Key);
                    break;
                case RecipientKind.Topic when broadcast:
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

        var waits = !broadcast && (tooMany || ordered.Count > MaxInlineUsers || context.MustWait(record.Tenant, record.OrderingKey)); // (4)
        if (config.IsPlain && record.Options is null && addresses is null)
        {
            return new Plan
            {
                Event = record,
                Decisions = decisions,
                Broadcast = broadcast,
                FanOut = waits,
                Users = broadcast || waits ? [] : ordered,
                Named = broadcast ? ordered : [],
            };
        }

        var content = new Contents(record, context, config);
        var channels = new ChannelPlan(record, context, config, decisions);
        channels.AddTenantWebhooks(); // (5)
        channels.AddAddresses(addresses ?? []); // (6)
        var inboxes = broadcast || waits ? [] : channels.AddUsers(ordered); // (7)
        if (channels.WithoutInbox.Count > 0)
        {
            // Of a user who is named and does not want it in the inbox, that is all there is to say.
            decisions.RemoveAll(d => d is { Channel: ChannelNames.Inbox, Outcome: "deliver", Reason: "named" } && channels.WithoutInbox.Contains(d.Recipient[User.Length..]));
        }

        return new Plan
        {
            Event = record,
            Decisions = channels.Decisions,
            Broadcast = broadcast,
            FanOut = waits || (broadcast && channels.ConcernsEveryone),
            Users = inboxes,
            Named = broadcast ? ordered : channels.WithoutInbox,
            Contents = content.For(inboxes),
            Deliveries = channels.Deliveries,
            Digests = channels.Digests,
            Throttle = channels.Throttle,
        };
    }

    /// <summary>Routes a step of a fan-out: its next users, each decided as if the event were for them alone.</summary>
    /// <param name="record">The event.</param>
    /// <param name="users">The users of the step; none twice.</param>
    /// <param name="inbox">Whether their inboxes get it; not where they take it as a broadcast.</param>
    /// <param name="context">The world.</param>
    public static Plan RouteStep(EventRecord record, IReadOnlyList<string> users, bool inbox, RoutingContext context)
    {
        var config = context.Config(record.Tenant);
        if (Early(record, context) is { } early)
        {
            return early;
        }

        if (inbox && config.IsPlain && record.Options is null)
        {
            return new Plan { Event = record, Decisions = [], Users = users };
        }

        var channels = new ChannelPlan(record, context, config, []);
        var inboxes = channels.AddUsers(users, inbox);
        return new Plan
        {
            Event = record,
            Decisions = channels.Decisions,
            Users = inbox ? inboxes : [],
            Named = channels.WithoutInbox,
            Contents = inbox ? new Contents(record.WithTitle(), context, config).For(inboxes, orOwn: true) : null, // Half of them have it already.
            Deliveries = channels.Deliveries,
            Digests = channels.Digests,
            Throttle = inbox ? channels.Throttle : null,
        };
    }

    /// <summary>The plan of an event whose time has passed or not come yet; null for one that is routed now.</summary>
    private static Plan? Early(EventRecord record, RoutingContext context)
    {
        var now = context.Now.ToUnixTimeMilliseconds();
        return record.Options switch
        {
            { ExpiresAt: { } expiresAt } when expiresAt <= now => new Plan { Event = record, Decisions = [.. record.To.Select(to => Skip(to, "expired"))] },
            { SendAt: { } sendAt } when sendAt > now && !context.IsDue => new Plan
            {
                Event = record,
                Decisions = [.. record.To.Select(to => new Decision(to.ToString(), Channel(to), "hold", "scheduled"))],
                ScheduledFor = sendAt,
            },
            _ => null,
        };
    }

    private static Decision Deliver(Recipient recipient, string reason) => new(recipient.ToString(), Channel(recipient), "deliver", reason);

    private static Decision Skip(Recipient recipient, string reason) => new(recipient.ToString(), Channel(recipient), "skip", reason);

    private static string Channel(Recipient recipient) => recipient.Kind == RecipientKind.Email ? ChannelNames.Email : ChannelNames.Inbox;
}
