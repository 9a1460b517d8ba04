using System.Runtime.InteropServices;
using Notifications.Events;
using Notifications.Log;
using Notifications.Preferences;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.Routing;

/// <summary>
/// What one event is on each channel, user by user. A channel that the event names, or that policy or a preference turn on, gets a delivery, or a
/// reason why not; of one that nobody asked for nothing is said.
/// </summary>
internal sealed class ChannelPlan
{
    private static readonly EventChannel Unnamed = new("");

    private readonly EventRecord _record;
    private readonly RoutingContext _context;
    private readonly TenantConfig _config;
    private readonly bool _critical;
    private readonly EventChannel? _email, _webhook;
    private readonly string _type;
    private readonly List<Decision> _decisions;
    private readonly Dictionary<(string Channel, string Outcome, string Reason), int> _counts = [];
    private int _users;

    /// <param name="record">The event.</param>
    /// <param name="context">The world.</param>
    /// <param name="config">The event's tenant.</param>
    /// <param name="decisions">What was decided already.</param>
    public ChannelPlan(EventRecord record, RoutingContext context, TenantConfig config, List<Decision> decisions)
    {
        (_record, _context, _config, _decisions) = (record, context, config, decisions);
        _critical = record.IsCritical;
        _email = Asked(ChannelNames.Email);
        _webhook = config.Webhooks.Count == 0 ? null : Asked(ChannelNames.Webhook);
        _type = _webhook is null ? "" : record.Type();
        Throttle = _critical || record.Category is null || !config.Policy.Categories.TryGetValue(record.Category, out var category) ? null : category.Throttle;
    }

    /// <summary>Everything that was decided.</summary>
    public IReadOnlyList<Decision> Decisions
    {
        get
        {
            var recipient = _users == 1 && _record.To is [var only] ? only.ToString() : "*";
            foreach (var ((channel, outcome, reason), users) in _counts)
            {
                _decisions.Add(new Decision(recipient, channel, outcome, reason, recipient == "*" ? users : null));
            }

            _counts.Clear();
            return _decisions;
        }
    }

    /// <summary>What goes out, and what was decided against.</summary>
    public List<PlannedDelivery> Deliveries { get; } = [];

    /// <summary>What goes into digests.</summary>
    public List<PlannedDigest> Digests { get; } = [];

    /// <summary>Users who do not get it into their inbox.</summary>
    public List<string> WithoutInbox { get; } = [];

    /// <summary>How often its users may be told of its category.</summary>
    public Throttle? Throttle { get; }

    /// <summary>Whether everyone's channels have to be gone through for an event to everyone: else nobody can want it anywhere but in the inbox.</summary>
    public bool ConcernsEveryone => (_email is not null && _config.HasProfiles) || (_webhook is not null && _config.HasUserWebhooks);

    /// <summary>Webhooks of the tenant get the event itself, once.</summary>
    public void AddTenantWebhooks()
    {
        foreach (var webhook in _webhook is null ? [] : _config.WebhooksOf(null).Where(w => w.Wants(_type)))
        {
            var choice = PreferenceRules.Resolve(
                _config.Policy, PreferenceDocument.Empty, _record.Category, ChannelNames.Webhook, named: !ReferenceEquals(_webhook, Unnamed));
            if (choice.Setting == ChannelSetting.Off)
            {
                _decisions.Add(new Decision("*", ChannelNames.Webhook, "skip", choice.Reason));
                continue;
            }

            _decisions.Add(new Decision("*", ChannelNames.Webhook, "deliver", "subscribed"));
            Deliveries.Add(new PlannedDelivery(ChannelNames.Webhook, null, Ids.Format(Ids.Webhook, webhook.Id), "subscribed", At));
        }
    }

    /// <summary>Mailboxes that are no user's.</summary>
    public void AddAddresses(IReadOnlyList<string> addresses)
    {
        foreach (var address in addresses)
        {
            var mandatory = _record.Category is { } category && _config.Policy.Categories.TryGetValue(category, out var rules) && rules.Mandatory;
            var suppressed = !mandatory && IsSuppressed(address);
            _decisions.Add(new Decision("email:" + address, ChannelNames.Email, suppressed ? "skip" : "deliver", suppressed ? "unsubscribed" : "named"));
            Deliveries.Add(new PlannedDelivery(ChannelNames.Email, null, address, suppressed ? "unsubscribed" : "named", suppressed ? null : At));
        }
    }

    /// <summary>Decides each user's channels.</summary>
    /// <returns>Those who get it into their inbox.</returns>
    public IReadOnlyList<string> AddUsers(IReadOnlyList<string> users, bool inbox = true)
    {
        _users = users.Count;
        List<string>? kept = null;
        for (var i = 0; i < users.Count; i++)
        {
            var user = users[i];
            var profile = _context.Profile(_record, user);
            var preferences = profile?.Preferences ?? PreferenceDocument.Empty;
            if (inbox && Choose(preferences, ChannelNames.Inbox, Unnamed) is { Setting: ChannelSetting.Off } off)
            {
                kept ??= [.. users.Take(i)];
                WithoutInbox.Add(user);
                Refuse(ChannelNames.Inbox, user, "", off.Reason);
            }
            else
            {
                kept?.Add(user);
            }

            if (_email is not null)
            {
                AddEmail(user, profile, preferences);
            }

            if (_webhook is not null)
            {
                AddWebhooks(user, profile, preferences);
            }
        }

        return kept ?? users;
    }

    private long At => _context.Now.ToUnixTimeMilliseconds();

    private void AddEmail(string user, Profile? profile, PreferenceDocument preferences)
    {
        var choice = Choose(preferences, ChannelNames.Email, _email!);
        if (choice.Setting == ChannelSetting.Off)
        {
            if (!ReferenceEquals(_email, Unnamed) || choice.Reason.StartsWith("user_", StringComparison.Ordinal))
            {
                Refuse(ChannelNames.Email, user, "", choice.Reason);
            }
        }
        else if (profile?.Email is not { } address)
        {
            Refuse(ChannelNames.Email, user, "", "no_address");
        }
        else if (choice.Setting == ChannelSetting.Digest && !_critical)
        {
            var zone = PreferenceRules.Zone(_config.Policy, profile.TimeZone);
            Digests.Add(new PlannedDigest(user, PreferenceRules.NextDigest(_config.Policy, preferences, zone, _context.Now).ToUnixTimeMilliseconds()));
            Count(ChannelNames.Email, "hold", "digest");
        }
        else
        {
            Send(_email!, user, profile, preferences, address, choice.Reason);
        }
    }

    private void AddWebhooks(string user, Profile? profile, PreferenceDocument preferences)
    {
        foreach (var webhook in _config.WebhooksOf(user).Where(w => w.Wants(_type)))
        {
            var target = Ids.Format(Ids.Webhook, webhook.Id);
            var choice = Choose(preferences, ChannelNames.Webhook, _webhook!);
            if (choice.Setting == ChannelSetting.Off)
            {
                Refuse(ChannelNames.Webhook, user, target, choice.Reason);
            }
            else
            {
                Send(_webhook!, user, profile, preferences, target, choice.Reason);
            }
        }
    }

    /// <summary>Now, or when it was not seen, or when quiet hours end.</summary>
    private void Send(EventChannel channel, string user, Profile? profile, PreferenceDocument preferences, string target, string reason)
    {
        var name = target.Contains('@', StringComparison.Ordinal) ? ChannelNames.Email : ChannelNames.Webhook;
        if (channel.IfNotSeenAfter is { } seconds)
        {
            Deliveries.Add(new PlannedDelivery(name, user, target, "if_not_seen", At + (seconds * 1_000L), Recheck.NotSeen));
            Count(name, "hold", "if_not_seen");
        }
        else if (!_critical && PreferenceRules.QuietUntil(_config.Policy, preferences, PreferenceRules.Zone(_config.Policy, profile?.TimeZone), _context.Now) is { } until)
        {
            Deliveries.Add(new PlannedDelivery(name, user, target, "quiet_hours", until.ToUnixTimeMilliseconds(), Recheck.Held));
            Count(name, "hold", "quiet_hours");
        }
        else
        {
            Deliveries.Add(new PlannedDelivery(name, user, target, reason, At));
            Count(name, "deliver", reason);
        }
    }

    private void Refuse(string channel, string user, string target, string reason)
    {
        Deliveries.Add(new PlannedDelivery(channel, user, target, reason, null));
        Count(channel, "skip", reason);
    }

    private void Count(string channel, string outcome, string reason) =>
        CollectionsMarshal.GetValueRefOrAddDefault(_counts, (channel, outcome, reason), out _)++;

    private Choice Choose(PreferenceDocument preferences, string channel, EventChannel asked) =>
        PreferenceRules.Resolve(_config.Policy, preferences, _record.Category, channel, named: !ReferenceEquals(asked, Unnamed));

    /// <summary>How the event asks for a channel: as it names it, or not by name; null where it names others only.</summary>
    private EventChannel? Asked(string channel) =>
        _record.Options?.Channels is { } channels ? channels.FirstOrDefault(c => c.Channel == channel) : Unnamed;

    private bool IsSuppressed(string address)
    {
        var key = address.ToLowerInvariant();
        return _context.Suppressed.Count > 0
            && (_context.Suppressed.Contains((_record.Tenant, key, "")) || _context.Suppressed.Contains((_record.Tenant, key, _record.Category ?? "")));
    }
}
