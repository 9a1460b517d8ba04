using System.Text;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Preferences;
using Notifications.Routing;
using Notifications.Storage;
using Notifications.Users;
using Notifications.Webhooks;

namespace Notifications.Tests.Routing;

public sealed class ChannelPlanTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly long At = Now.ToUnixTimeMilliseconds();

    private Policy _policy = Policy.Default;
    private readonly List<WebhookEndpoint> _webhooks = [];
    private readonly Dictionary<UserKey, Profile> _profiles = [];
    private readonly HashSet<(string, string, string)> _suppressed = [];

    [Fact]
    public void Nobody_gets_mail_that_nobody_asked_for()
    {
        Know("ann", email: "ann@example.com");
        var plan = Route(Event(["user:ann"]));
        Assert.Equal(["ann"], plan.Users);
        Assert.Empty(plan.Deliveries);
        Assert.Equal([new Decision("user:ann", "inbox", "deliver", "named")], plan.Decisions);
    }

    [Fact]
    public void A_named_channel_gets_it_at_once_and_the_trail_says_why()
    {
        Know("ann", email: "ann@example.com");
        var plan = Route(Event(["user:ann"], channels: [new("email")]));
        Assert.Equal([new PlannedDelivery("email", "ann", "ann@example.com", "named", At)], plan.Deliveries);
        Assert.Equal([new("user:ann", "inbox", "deliver", "named"), new Decision("user:ann", "email", "deliver", "named")], plan.Decisions);
    }

    [Fact]
    public void Naming_only_the_inbox_keeps_it_out_of_all_else()
    {
        Know("ann", email: "ann@example.com", preferences: Wants("email", ChannelSetting.On));
        Endpoint(null);
        var plan = Route(Event(["user:ann"], channels: []));
        Assert.Equal((1, 0), (plan.Users.Count, plan.Deliveries.Count));
    }

    [Fact]
    public void Who_has_turned_it_off_gets_none_and_the_reason_is_kept()
    {
        Know("ann", email: "ann@example.com", preferences: Wants("email", ChannelSetting.Off));
        var plan = Route(Event(["user:ann"], channels: [new("email")]));
        Assert.Equal([new PlannedDelivery("email", "ann", "", "user_channel", null)], plan.Deliveries);
        Assert.Contains(new Decision("user:ann", "email", "skip", "user_channel"), plan.Decisions);
    }

    [Fact]
    public void A_mandatory_category_reaches_who_has_turned_it_off()
    {
        _policy = new Policy { Categories = new Dictionary<string, CategoryPolicy> { ["security"] = new() { Mandatory = true } } };
        Know("ann", email: "ann@example.com", preferences: new PreferenceDocument
        {
            Channels = new Dictionary<string, ChannelSetting> { ["inbox"] = ChannelSetting.Off, ["email"] = ChannelSetting.Off },
        });
        var plan = Route(Event(["user:ann"], channels: [new("email")], category: "security"));
        Assert.Equal(["ann"], plan.Users);
        Assert.Equal("mandatory", Assert.Single(plan.Deliveries).Reason);
    }

    [Fact]
    public void Without_an_address_there_is_no_mail_but_a_reason()
    {
        Know("ann");
        var plan = Route(Event(["user:ann", "user:bob"], channels: [new("email")]));
        Assert.Equal(["no_address", "no_address"], plan.Deliveries.Select(d => d.Reason));
        Assert.Contains(new Decision("*", "email", "skip", "no_address", 2), plan.Decisions);
    }

    [Fact]
    public void An_inbox_that_is_turned_off_stays_empty_and_the_rest_goes_on()
    {
        Know("ann", email: "ann@example.com", preferences: Wants("inbox", ChannelSetting.Off));
        var plan = Route(Event(["user:ann", "user:bob"], channels: [new("email")]));
        Assert.Equal(["bob"], plan.Users);
        Assert.Equal(["ann"], plan.Named);
        Assert.Contains(plan.Deliveries, d => d is { Channel: "inbox", User: "ann", Reason: "user_channel", DueAt: null });
        Assert.Contains(plan.Deliveries, d => d is { Channel: "email", User: "ann", DueAt: not null });
    }

    [Fact]
    public void Quiet_hours_hold_what_disturbs_but_nothing_critical()
    {
        var quiet = new PreferenceDocument { QuietHours = new QuietHours(new TimeOnly(11, 0), new TimeOnly(14, 30)) };
        Know("ann", email: "ann@example.com", preferences: quiet);
        var held = Assert.Single(Route(Event(["user:ann"], channels: [new("email")])).Deliveries);
        Assert.Equal(("quiet_hours", Recheck.Held, new DateTimeOffset(2026, 3, 1, 14, 30, 0, TimeSpan.Zero).ToUnixTimeMilliseconds()), (held.Reason, held.Recheck, held.DueAt));
        var critical = Assert.Single(Route(Event(["user:ann"], channels: [new("email")], priority: "critical")).Deliveries);
        Assert.Equal(("named", At), (critical.Reason, critical.DueAt));
    }

    [Fact]
    public void Quiet_hours_are_those_of_the_users_clock()
    {
        Know("ann", email: "ann@example.com", timeZone: "Asia/Tokyo", preferences: new PreferenceDocument { QuietHours = new QuietHours(new TimeOnly(21, 0), new TimeOnly(7, 0)) });
        var held = Assert.Single(Route(Event(["user:ann"], channels: [new("email")])).Deliveries); // noon in UTC is nine in the evening there
        Assert.Equal(new DateTimeOffset(2026, 3, 2, 7, 0, 0, TimeSpan.FromHours(9)).ToUnixTimeMilliseconds(), held.DueAt);
    }

    [Fact]
    public void A_condition_waits_and_then_asks()
    {
        Know("ann", email: "ann@example.com");
        var delivery = Assert.Single(Route(Event(["user:ann"], channels: [new("email", 600)])).Deliveries);
        Assert.Equal(("if_not_seen", At + 600_000, Recheck.NotSeen), (delivery.Reason, delivery.DueAt, delivery.Recheck));
    }

    [Fact]
    public void A_digest_gathers_until_the_users_morning()
    {
        Know("ann", email: "ann@example.com", timeZone: "Europe/Vienna", preferences: Wants("email", ChannelSetting.Digest));
        var plan = Route(Event(["user:ann"]));
        Assert.Equal([new PlannedDigest("ann", new DateTimeOffset(2026, 3, 2, 8, 0, 0, TimeSpan.FromHours(1)).ToUnixTimeMilliseconds())], plan.Digests);
        Assert.Empty(plan.Deliveries);
        Assert.Contains(new Decision("user:ann", "email", "hold", "digest"), plan.Decisions);
    }

    [Fact]
    public void Webhooks_of_the_tenant_get_an_event_once_and_those_of_a_user_get_theirs()
    {
        var (all, ann, other) = (Endpoint(null), Endpoint("ann"), Endpoint(null, "order.cancelled"));
        var plan = Route(Event(["user:ann", "user:bob"]));
        Assert.Equal([(all, null), (ann, "ann")], plan.Deliveries.Select(d => (d.Target, d.User)));
        Assert.DoesNotContain(plan.Deliveries, d => d.Target == other);
    }

    [Fact]
    public void Mail_to_an_address_needs_no_user_and_respects_who_unsubscribed()
    {
        _suppressed.Add(("acme", "no@example.com", ""));
        var plan = Route(Event(["email:yes@example.com", "email:No@example.com"]));
        Assert.Empty(plan.Users);
        Assert.Equal([("yes@example.com", At), ("No@example.com", (long?)null)], plan.Deliveries.Select(d => (d.Target, d.DueAt)));
        Assert.Equal(["deliver", "skip"], plan.Decisions.Select(d => d.Outcome));
    }

    [Fact]
    public void What_is_over_is_for_nobody_and_what_is_early_waits()
    {
        var over = Route(Event(["user:ann"], options: new EventOptions { ExpiresAt = At }));
        Assert.Equal([new Decision("user:ann", "inbox", "skip", "expired")], over.Decisions);
        Assert.Empty(over.Users);
        var early = Route(Event(["user:ann"], options: new EventOptions { SendAt = At + 1 }));
        Assert.Equal((At + 1, 0), (early.ScheduledFor, early.Users.Count));
        Assert.Equal("scheduled", Assert.Single(early.Decisions).Reason);
        Assert.Equal(["ann"], Route(Event(["user:ann"], options: new EventOptions { SendAt = At + 1 }), due: true).Users);
        Assert.Equal(["ann"], Route(Event(["user:ann"], options: new EventOptions { SendAt = At - 1 })).Users);
    }

    [Fact]
    public void Everyones_mail_is_gone_through_in_steps_only_where_somebody_may_want_it()
    {
        Assert.False(Route(Event(["all"], channels: [new("email")])).FanOut); // nobody has an address
        Know("ann", email: "ann@example.com");
        var plan = Route(Event(["all"]));
        Assert.True(plan is { Broadcast: true, FanOut: true });
        Assert.False(Route(Event(["all"], channels: [])).FanOut);
        var step = Router.RouteStep(Event(["all"], channels: [new("email")]), ["ann", "bob"], inbox: false, Context());
        Assert.Empty(step.Users);
        Assert.Equal(["ann@example.com", ""], step.Deliveries.Select(d => d.Target));
    }

    private Plan Route(EventRecord record, bool due = false) => Router.Route(record, Context() with { IsDue = due });

    private RoutingContext Context() => new()
    {
        Configs = new Dictionary<string, TenantConfig>
        {
            ["acme"] = new TenantConfig(1, _profiles.Count > 0, _policy, _webhooks.ToDictionary(w => w.Id)),
        },
        Profiles = _profiles,
        Suppressed = _suppressed,
        Now = Now,
    };

    private void Know(string user, string? email = null, string? timeZone = null, PreferenceDocument? preferences = null) =>
        _profiles.Add(new UserKey("acme", user), new Profile { UserId = user, Email = email, TimeZone = timeZone, Preferences = preferences ?? PreferenceDocument.Empty });

    private static PreferenceDocument Wants(string channel, ChannelSetting setting) =>
        new() { Channels = new Dictionary<string, ChannelSetting> { [channel] = setting } };

    private string Endpoint(string? user, params string[] types)
    {
        var webhook = new WebhookEndpoint
        {
            Id = new Guid(_webhooks.Count + 1, 0, 0, new byte[8]),
            Url = new Uri("https://example.com/"),
            Types = types,
            UserId = user,
            Secret = new byte[24],
        };
        _webhooks.Add(webhook);
        return Ids.Format(Ids.Webhook, webhook.Id);
    }

    private static EventRecord Event(
        string[] to, EventChannel[]? channels = null, string? category = null, string priority = "normal", EventOptions? options = null) => new()
        {
            Id = Guid.Parse("0195f3a1-7c00-7abc-8def-0123456789ab"),
            Tenant = "acme",
            AcceptedAt = At,
            To = [.. to.Select(t => Recipient.TryParse(t, out var recipient) ? recipient : throw new FormatException(t))],
            OrderingKey = "key",
            Category = category,
            Options = channels is null ? options : new EventOptions { Channels = channels },
            Content = Encoding.UTF8.GetBytes(
            $$"""{"type":"order.shipped","title":"x","body":null,"url":null,"imageUrl":null,"data":null,"actions":null,"category":null,"priority":"{{priority}}"}"""),
        };
}
