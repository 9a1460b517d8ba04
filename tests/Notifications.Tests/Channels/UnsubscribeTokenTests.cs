using System.Security.Cryptography;
using Notifications.Channels.Email;
using Notifications.Preferences;

namespace Notifications.Tests.Channels;

public sealed class UnsubscribeTokenTests
{
    private readonly byte[] _key = RandomNumberGenerator.GetBytes(UnsubscribeToken.KeyBytes);

    public static TheoryData<string, bool, string, string?> Subscriptions => new()
    {
        { "default", true, "ann", "orders" },
        { "default", true, "ann", null },
        { "default", true, "ann", "" },
        { "acme", false, "ann@example.com", "orders" },
        { "ä", true, new string('ö', 128), new string('ü', 100) },
        { "a", true, "b/c?d#e%", "\"<>&" },
    };

    [Theory]
    [MemberData(nameof(Subscriptions))]
    public void A_token_says_what_it_was_made_for(string tenant, bool isUser, string who, string? category)
    {
        var subscription = new MailSubscription(tenant, isUser, who, category);
        var token = UnsubscribeToken.Create(_key, subscription);
        Assert.Matches("^[A-Za-z0-9_-]+$", token);
        Assert.Equal(subscription, UnsubscribeToken.Read(_key, token));
        Assert.Equal(token, UnsubscribeToken.Create(_key, subscription));
    }

    [Fact]
    public void No_other_token_is_taken()
    {
        var token = UnsubscribeToken.Create(_key, new MailSubscription("default", true, "ann", "orders"));
        Assert.Null(UnsubscribeToken.Read(RandomNumberGenerator.GetBytes(32), token));
        Assert.All(Enumerable.Range(0, token.Length), length => Assert.Null(UnsubscribeToken.Read(_key, token[..length])));
        Assert.All(Enumerable.Range(0, token.Length - 1), at =>
            Assert.Null(UnsubscribeToken.Read(_key, token[..at] + (token[at] == 'A' ? 'B' : 'A') + token[(at + 1)..])));
        foreach (var wrong in new[] { "", "x", "====", "not base64!", token + "A", token + token, new string('A', 100_000), "\ud800", new string('A', 64) })
        {
            Assert.Null(UnsubscribeToken.Read(_key, wrong));
        }
    }

    [Fact]
    public void Fields_cannot_run_into_one_another() => Assert.NotEqual(
        UnsubscribeToken.Create(_key, new MailSubscription("ab", true, "c", "d")), UnsubscribeToken.Create(_key, new MailSubscription("a", true, "bc", "d")));

    [Fact]
    public void Ending_a_category_leaves_the_other_wishes()
    {
        var wishes = PreferenceDocument.Parse("""{"channels":{"email":"digest"},"categories":{"orders":{"webhook":"off"},"news":{"email":"on"}}}"""u8);
        var ended = wishes.WithoutEmail("orders").WithoutEmail("orders");
        Assert.Equal("""{"channels":{"email":"digest"},"categories":{"news":{"email":"on"},"orders":{"email":"off","webhook":"off"}}""", Members(ended));
    }

    [Fact]
    public void Ending_all_ends_what_was_asked_for_by_category_too()
    {
        var wishes = PreferenceDocument.Parse("""{"channels":{"webhook":"on"},"categories":{"orders":{"webhook":"off","email":"digest"},"news":{"email":"on"}}}"""u8);
        Assert.Equal("""{"channels":{"email":"off","webhook":"on"},"categories":{"orders":{"webhook":"off"}}""", Members(wishes.WithoutEmail(null)));
        Assert.Equal(ChannelSetting.Off, PreferenceRules.Resolve(Policy.Default, wishes.WithoutEmail(null), "news", ChannelNames.Email, named: true).Setting);
    }

    /// <summary>Channels and categories of what is stored.</summary>
    private static string Members(PreferenceDocument wishes)
    {
        var json = System.Text.Encoding.UTF8.GetString(wishes.Write());
        return json[..(json.IndexOf("}}", StringComparison.Ordinal) + 2)];
    }
}
