using System.Text;
using Notifications.Channels;
using Notifications.Events;
using Notifications.Preferences;
using Notifications.Routing;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.Tests.Channels;

public sealed class DeliveryJudgeTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private static readonly Profile Ann = new() { UserId = "ann", Email = "ann@example.com" };

    public static TheoryData<string, Recheck, string?> Cases => new()
    {
        { "nothing", Recheck.None, null },
        { "seen", Recheck.None, null },
        { "seen", Recheck.Held, null },
        { "seen", Recheck.NotSeen, "seen" },
        { "read", Recheck.None, null },
        { "read", Recheck.Held, "read" },
        { "read", Recheck.NotSeen, "read" },
        { "withdrawn", Recheck.None, "withdrawn" },
        { "expired", Recheck.None, "expired" },
        { "replaced", Recheck.None, "replaced" },
    };

    [Theory]
    [MemberData(nameof(Cases))]
    public void What_has_happened_meanwhile_counts(string happened, Recheck recheck, string? cancelled)
    {
        var judged = Judge(Ann, Item(happened), recheck);
        Assert.Equal((cancelled, cancelled is null), (judged.Cancel, judged.Send is not null));
    }

    [Fact]
    public void Quiet_hours_that_have_come_hold_it_again_but_not_what_was_to_go_at_once_or_is_critical()
    {
        var quiet = Ann with { Preferences = new PreferenceDocument { QuietHours = new QuietHours(new TimeOnly(11, 0), new TimeOnly(13, 0)) } };
        Assert.Equal(Noon.AddHours(1), Judge(quiet, Item(), Recheck.Held).HoldUntil);
        Assert.Equal(Noon.AddHours(1), Judge(quiet, Item(), Recheck.NotSeen).HoldUntil);
        Assert.NotNull(Judge(quiet, Item(), Recheck.None).Send);
        Assert.NotNull(Judge(quiet, Item(priority: "critical"), Recheck.Held).Send);
    }

    [Fact]
    public void Who_has_changed_their_mind_while_it_waited_gets_none()
    {
        var off = Ann with { Preferences = new PreferenceDocument { Channels = new Dictionary<string, ChannelSetting> { ["email"] = ChannelSetting.Off } } };
        Assert.Equal("preference_changed", Judge(off, Item(), Recheck.Held).Cancel);
    }

    [Fact]
    public void It_goes_to_the_address_of_now()
    {
        Assert.Equal("new@example.com", Judge(Ann with { Email = "new@example.com" }, Item(), Recheck.None).Send!.Target);
        Assert.Equal("no_address", Judge(Ann with { Email = null }, Item(), Recheck.None).Cancel);
        Assert.Equal("no_address", Judge(null, Item(), Recheck.None).Cancel);
    }

    [Fact]
    public void A_digest_holds_what_is_still_of_interest_or_is_not_sent()
    {
        Judgement Digest(params LoadedItem[] items) => DeliveryJudge.Judge(
            new LoadedDelivery(Guid.Empty, "acme", "digest", "", null, 0, "ann", Ann with
            {
                Preferences = new PreferenceDocument { Channels = new Dictionary<string, ChannelSetting> { ["email"] = ChannelSetting.Digest } },
            }, items),
            "email", default, TenantConfig.Empty, Noon);
        Assert.Equal(2, Digest(Item(), Item("read"), Item("seen"), Item("withdrawn"), Item("expired")).Send!.Items.Count);
        Assert.Equal("empty", Digest(Item("read"), Item("withdrawn")).Cancel);
    }

    [Fact]
    public void A_webhook_that_is_not_in_use_any_more_gets_nothing()
    {
        var judged = DeliveryJudge.Judge(
            new LoadedDelivery(Guid.Empty, "acme", "event", Ids.Format(Ids.Webhook, Guid.NewGuid()), null, 0, null, null, [Item()]), "webhook", default, TenantConfig.Empty, Noon);
        Assert.Equal("endpoint_disabled", judged.Dead);
    }

    private static Judgement Judge(Profile? profile, LoadedItem item, Recheck recheck) => DeliveryJudge.Judge(
        new LoadedDelivery(Guid.Empty, "acme", "event", "old@example.com", null, 0, "ann", profile, [item]), "email", new Claim("acme", Guid.Empty, 0, 1, 0, recheck),
        new TenantConfig(1, true, Policy.Default, new Dictionary<Guid, Notifications.Webhooks.WebhookEndpoint>()), Noon);

    private static LoadedItem Item(string happened = "nothing", string priority = "normal") => new(
        new OutgoingItem(Guid.NewGuid(), null, ["user:ann"], Noon, Encoding.UTF8.GetBytes($$"""{"type":"t","title":"x","priority":"{{priority}}"}"""), null, null),
        null, new EventOptions { Channels = [new EventChannel("email")] }, HasNotification: true, Seen: happened is "seen" or "read", Read: happened == "read",
        Gone: happened == "withdrawn", Replaced: happened == "replaced", ExpiresAt: happened == "expired" ? Noon.ToUnixTimeMilliseconds() : null);
}
