using System.Net;
using System.Text.RegularExpressions;
using Notifications.Channels.Email;
using Notifications.Hosting;
using Notifications.Preferences;
using Notifications.Storage;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Channels;

/// <summary>The link in a mail, as a person and as a mail program uses it.</summary>
public sealed class UnsubscribeTests : IAsyncLifetime, IDisposable
{
    private static readonly (string, string) Browser = ("Accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    private readonly TempFolder _folder = new();
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync(_folder.Info);

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("orders")]
    [InlineData(null)]
    public async Task Looking_changes_nothing_and_the_button_does(string? category)
    {
        var link = await LinkAsync(new MailSubscription("acme", IsUser: false, "ann@example.com", category));
        for (var i = 0; i < 3; i++)
        {
            var page = await _host.SendAsync(HttpMethod.Get, link, null, null, Browser);
            Assert.Equal((HttpStatusCode.OK, "text/html"), (page.Status, page.ContentType));
            Assert.Contains("<form method=\"post\">", page.Text, StringComparison.Ordinal);
            Assert.False(await IsSuppressedAsync("orders"));
        }

        for (var i = 0; i < 2; i++)
        {
            var done = await _host.SendAsync(HttpMethod.Post, link, null, null, Browser);
            Assert.Equal(HttpStatusCode.OK, done.Status);
            Assert.Contains("You are unsubscribed", done.Text, StringComparison.Ordinal);
            Assert.True(await IsSuppressedAsync("orders"));
            Assert.Equal(category is null, await IsSuppressedAsync("news"));
        }
    }

    [Fact]
    public async Task A_mail_program_needs_one_request()
    {
        var link = await LinkAsync(new MailSubscription("acme", IsUser: false, "ann@example.com", "orders"));
        using var body = new StringContent("List-Unsubscribe=One-Click", null, "application/x-www-form-urlencoded");
        using var answer = await _host.Client.PostAsync(link, body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.True(await IsSuppressedAsync("orders"));
    }

    [Fact]
    public async Task A_users_wishes_are_changed_and_the_others_stay()
    {
        await SetProfileAsync("ann", """{"channels":{"email":"digest"},"quietHours":{"start":"22:00","end":"07:00"}}"""u8.ToArray());
        await SetProfileAsync("bob", null);
        var ann = await LinkAsync(new MailSubscription("acme", IsUser: true, "ann", "orders"));
        await _host.SendAsync(HttpMethod.Get, ann, null);
        Assert.Empty((await WishesAsync("ann"))!.Categories);
        Assert.Equal(HttpStatusCode.OK, (await _host.SendAsync(HttpMethod.Post, ann, null)).Status);
        var wishes = (await WishesAsync("ann"))!;
        Assert.Equal(ChannelSetting.Off, wishes.Categories["orders"]["email"]);
        Assert.Equal((ChannelSetting.Digest, new TimeOnly(22, 0)), (wishes.Channels["email"], wishes.QuietHours!.Start));
        Assert.Null(await WishesAsync("bob"));

        await _host.SendAsync(HttpMethod.Post, await LinkAsync(new MailSubscription("acme", IsUser: true, "bob", null)), null);
        Assert.Equal(ChannelSetting.Off, (await WishesAsync("bob"))!.Channels["email"]);

        // Nobody is made by a link.
        Assert.Equal(HttpStatusCode.OK, (await _host.SendAsync(HttpMethod.Post, await LinkAsync(new MailSubscription("acme", IsUser: true, "gone", null)), null)).Status);
        Assert.Equal(0, await CountAsync("gone"));
    }

    [Theory]
    [InlineData("x")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("%20")]
    [InlineData("a%2Fb")]
    public async Task Another_link_is_unknown(string token)
    {
        foreach (var method in new[] { HttpMethod.Get, HttpMethod.Post })
        {
            (await _host.SendAsync(method, UnsubscribeLinks.Path + token, null)).ShouldBeProblem(404, "not_found");
            var page = await _host.SendAsync(method, UnsubscribeLinks.Path + token, null, null, Browser);
            Assert.Equal((HttpStatusCode.NotFound, "text/html"), (page.Status, page.ContentType));
            Assert.Contains("This link does not work", page.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_page_can_run_nothing_and_shows_what_was_sent_as_text()
    {
        var page = await _host.SendAsync(HttpMethod.Get, await LinkAsync(new MailSubscription("acme", IsUser: true, "ann", "<script>alert(1)</script>")), null, null, Browser);
        Assert.DoesNotContain("<script", page.Text, StringComparison.OrdinalIgnoreCase);
        Assert.Contains("&lt;script&gt;", page.Text, StringComparison.Ordinal);
        Assert.Matches(new Regex("^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'$"), page.Headers["Content-Security-Policy"]);
        Assert.Equal(("no-store", "noindex", "no-referrer"), (page.Headers["Cache-Control"], page.Headers["X-Robots-Tag"], page.Headers["Referrer-Policy"]));
        var style = Regex.Match(page.Text, "<style>(.*?)</style>", RegexOptions.Singleline).Groups[1].Value;
        var hash = Convert.ToBase64String(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(style)));
        Assert.Contains($"'sha256-{hash}'", page.Headers["Content-Security-Policy"], StringComparison.Ordinal);
    }

    private async Task<string> LinkAsync(MailSubscription subscription)
    {
        // In Development it leads to where the service listens.
        var link = new Uri((await _host.Get<UnsubscribeLinks>().CreateAsync(subscription))!);
        Assert.Equal(_host.Client.BaseAddress!.Port, link.Port);
        return link.AbsolutePath;
    }

    private Task<bool> IsSuppressedAsync(string category) => _host.Get<Store>().IsSuppressedAsync("acme", "Ann@Example.com", category);

    private Task<int> SetProfileAsync(string user, byte[]? preferences) => _host.Get<EmbeddedEngine>().Database.WriteAsync(session => session.ExecuteAsync(
        "INSERT INTO profiles (tenant, user_id, preferences, created_at, updated_at) VALUES ('acme', $1, $2, 1, 1)", user, preferences));

    private Task<PreferenceDocument?> WishesAsync(string user) => _host.Get<EmbeddedEngine>().Database.ReadAsync(session => session.FirstAsync(
        "SELECT preferences FROM profiles WHERE tenant = 'acme' AND user_id = $1", r => r.IsDBNull(0) ? null : PreferenceDocument.Parse((byte[])r[0]), user));

    private Task<long> CountAsync(string user) => _host.Get<EmbeddedEngine>().Database.ReadAsync(session => session.FirstAsync(
        "SELECT COUNT(*) FROM profiles WHERE user_id = $1", r => r.GetInt64(0), user));
}
