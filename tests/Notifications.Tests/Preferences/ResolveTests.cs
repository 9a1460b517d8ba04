using System.Text;
using Notifications.Preferences;

namespace Notifications.Tests.Preferences;

/// <summary>What a user is told by which channel, and why.</summary>
public class ResolveTests
{
    [Theory]
    // Nobody has said anything: mail only where an event asks for it.
    [InlineData("{}", "{}", "inbox", false, ChannelSetting.On, "default")]
    [InlineData("{}", "{}", "webhook", false, ChannelSetting.On, "default")]
    [InlineData("{}", "{}", "email", false, ChannelSetting.Off, "default")]
    [InlineData("{}", "{}", "email", true, ChannelSetting.On, "named")]
    // The policy's defaults: of the category before those of the channel.
    [InlineData("""{"channels":{"email":"on"}}""", "{}", "email", false, ChannelSetting.On, "policy_channel")]
    [InlineData("""{"channels":{"email":"on"},"categories":{"orders":{"channels":{"email":"off"}}}}""", "{}", "email", false, ChannelSetting.Off, "policy_category")]
    [InlineData("""{"channels":{"email":"on"},"categories":{"orders":{"channels":{"email":"off"}}}}""", "{}", "email", true, ChannelSetting.On, "named")]
    [InlineData("""{"categories":{"orders":{"channels":{"webhook":"off"}}}}""", "{}", "webhook", false, ChannelSetting.Off, "policy_category")]
    // Naming a channel does not make a digest urgent.
    [InlineData("""{"channels":{"email":"digest"}}""", "{}", "email", true, ChannelSetting.Digest, "policy_channel")]
    [InlineData("""{"categories":{"orders":{"channels":{"email":"digest"}}}}""", "{}", "email", true, ChannelSetting.Digest, "policy_category")]
    [InlineData("""{"channels":{"email":"digest"},"categories":{"orders":{"channels":{"email":"on"}}}}""", "{}", "email", true, ChannelSetting.On, "named")]
    // A user who wants no mail gets none, whoever else would send it.
    [InlineData("{}", """{"channels":{"email":"off"}}""", "email", true, ChannelSetting.Off, "user_channel")]
    [InlineData("""{"categories":{"orders":{"channels":{"email":"on"}}}}""", """{"channels":{"email":"off"}}""", "email", false, ChannelSetting.Off, "user_channel")]
    [InlineData("""{"categories":{"orders":{"channels":{"email":"on"}}}}""", """{"channels":{"email":"off"}}""", "email", true, ChannelSetting.Off, "user_channel")]
    // … but for what they asked for by name, and the other way round.
    [InlineData("{}", """{"channels":{"email":"off"},"categories":{"orders":{"email":"on"}}}""", "email", false, ChannelSetting.On, "user_category")]
    [InlineData("{}", """{"channels":{"email":"on"},"categories":{"orders":{"email":"off"}}}""", "email", true, ChannelSetting.Off, "user_category")]
    [InlineData("{}", """{"channels":{"email":"off"},"categories":{"other":{"email":"on"}}}""", "email", false, ChannelSetting.Off, "user_channel")]
    [InlineData("{}", """{"channels":{"email":"digest"}}""", "email", true, ChannelSetting.Digest, "user_channel")]
    [InlineData("{}", """{"categories":{"orders":{"email":"digest"}}}""", "email", true, ChannelSetting.Digest, "user_category")]
    [InlineData("""{"categories":{"orders":{"channels":{"email":"off"}}}}""", """{"channels":{"email":"on"}}""", "email", false, ChannelSetting.On, "user_channel")]
    [InlineData("{}", """{"channels":{"inbox":"off"}}""", "inbox", true, ChannelSetting.Off, "user_channel")]
    // Mandatory: the user is not asked; the policy itself is.
    [InlineData("""{"categories":{"orders":{"mandatory":true}}}""", """{"channels":{"email":"off"}}""", "email", false, ChannelSetting.On, "mandatory")]
    [InlineData("""{"categories":{"orders":{"mandatory":true}}}""", """{"categories":{"orders":{"email":"off"}}}""", "email", false, ChannelSetting.On, "mandatory")]
    [InlineData("""{"categories":{"orders":{"mandatory":true}}}""", """{"categories":{"orders":{"email":"digest"}}}""", "email", false, ChannelSetting.On, "mandatory")]
    [InlineData("""{"channels":{"email":"digest"},"categories":{"orders":{"mandatory":true}}}""", "{}", "email", false, ChannelSetting.On, "mandatory")]
    [InlineData("""{"categories":{"orders":{"mandatory":true,"channels":{"email":"off"}}}}""", "{}", "email", false, ChannelSetting.Off, "policy_category")]
    [InlineData("""{"categories":{"orders":{"mandatory":true,"channels":{"email":"off"}}}}""", "{}", "email", true, ChannelSetting.On, "mandatory")]
    [InlineData("""{"categories":{"orders":{"mandatory":true,"channels":{"email":"digest"}}}}""", "{}", "email", true, ChannelSetting.Digest, "policy_category")]
    public void The_first_rule_that_applies_decides(string policy, string preferences, string channel, bool named, ChannelSetting expected, string reason) =>
        Assert.Equal(
            new Choice(expected, reason),
            PreferenceRules.Resolve(Policy.Parse(Encoding.UTF8.GetBytes(policy)), PreferenceDocument.Parse(Encoding.UTF8.GetBytes(preferences)), "orders", channel, named));

    [Fact]
    public void What_has_no_category_follows_the_channel_settings()
    {
        var policy = new Policy { Channels = Settings("email", ChannelSetting.On), Categories = new Dictionary<string, CategoryPolicy> { ["orders"] = new() { Mandatory = true } } };
        Assert.Equal(new Choice(ChannelSetting.On, "policy_channel"), PreferenceRules.Resolve(policy, PreferenceDocument.Empty, null, "email", false));
        var off = new PreferenceDocument { Channels = Settings("email", ChannelSetting.Off) };
        Assert.Equal(new Choice(ChannelSetting.Off, "user_channel"), PreferenceRules.Resolve(policy, off, null, "email", true));
    }

    [Fact]
    public void Only_email_is_gathered()
    {
        var policy = new Policy { Channels = Settings("webhook", ChannelSetting.Digest) };
        Assert.Equal(new Choice(ChannelSetting.On, "policy_channel"), PreferenceRules.Resolve(policy, PreferenceDocument.Empty, "orders", "webhook", false));
    }

    [Fact]
    public void A_throttle_limits_the_channels_it_names()
    {
        var policy = Policy.Parse("""{"categories":{"orders":{"throttle":{"max":3,"seconds":60,"channels":["email"]}}}}"""u8);
        Assert.Equal((3, 60), PreferenceRules.ThrottleOf(policy, "orders", "email") is { } t ? (t.Max, t.Seconds) : default);
        Assert.Null(PreferenceRules.ThrottleOf(policy, "orders", "inbox"));
        Assert.Null(PreferenceRules.ThrottleOf(policy, "other", "email"));
        Assert.Null(PreferenceRules.ThrottleOf(policy, null, "email"));
    }

    [Fact]
    public void What_is_stored_is_read_as_it_was_written()
    {
        const string policy = """
            {"channels":{"email":"digest","inbox":"on"},"categories":{"orders":{"name":"Your orders","mandatory":true,"channels":{"email":"on"},
            "throttle":{"max":3,"seconds":60,"channels":["email","webhook"]}},"quiet":{"name":null,"mandatory":false,"channels":{},"throttle":null}},
            "quietHours":{"start":"22:00","end":"07:00"},"digest":{"every":"weekly","at":"08:30","weekday":"friday"},"timeZone":"Europe/Vienna",
            "locale":"de-AT","email":{"from":"shop@example.com","name":"The shop","replyTo":null},"openTopics":["news.*","offers"]}
            """;
        Assert.Equal(policy.ReplaceLineEndings(""), Encoding.UTF8.GetString(Policy.Parse(Encoding.UTF8.GetBytes(policy)).Write()));
        const string preferences =
            """{"channels":{"email":"off"},"categories":{"orders":{"email":"digest","inbox":"off"}},"quietHours":{"start":"22:00","end":"07:00"},"digest":{"every":"hourly","at":"08:00","weekday":"monday"}}""";
        Assert.Equal(preferences, Encoding.UTF8.GetString(PreferenceDocument.Parse(Encoding.UTF8.GetBytes(preferences)).Write()));
    }

    [Fact]
    public void What_a_newer_version_wrote_is_passed_over()
    {
        var policy = Policy.Parse("""{"colour":"red","channels":{"sms":"on","email":"later","inbox":"off"},"digest":{"every":"yearly"},"timeZone":"Mars/Base","email":{"from":"a@b.c","x":1}}"""u8);
        Assert.Equal([new("inbox", ChannelSetting.Off)], policy.Channels);
        Assert.Equal((Policy.Default.Digest, "a@b.c"), (policy.Digest, policy.Email?.From));
        Assert.Equal("UTC", PreferenceRules.Zone(policy, null).Id);
        var preferences = PreferenceDocument.Parse("""{"x":[1],"categories":{"orders":{"fax":"on","email":"off"}},"quietHours":{"start":"22:00"}}"""u8);
        Assert.Equal([new("email", ChannelSetting.Off)], preferences.Categories["orders"]);
        Assert.Null(preferences.QuietHours);
    }

    [Theory]
    [InlineData("news.local", true)]
    [InlineData("news.", true)]
    [InlineData("news", false)]
    [InlineData("offers", true)]
    [InlineData("offers2", false)]
    public void A_topic_is_open_by_its_name_or_the_start_of_it(string topic, bool open) =>
        Assert.Equal(open, new Policy { OpenTopics = ["news.*", "offers"] }.IsOpen(topic));

    private static Dictionary<string, ChannelSetting> Settings(string channel, ChannelSetting setting) => new() { [channel] = setting };
}
