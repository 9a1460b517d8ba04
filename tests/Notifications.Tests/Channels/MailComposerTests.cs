using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Notifications.Channels;
using Notifications.Channels.Email;
using Notifications.Hosting;
using Notifications.Preferences;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.Tests.Channels;

public sealed class MailComposerTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
    private readonly SmtpOptions _options = new() { Host = "localhost", From = "notifications@example.com", FromName = "Acme" };

    /// <summary>What somebody could send to get something into a header or into the page.</summary>
    public static TheoryData<string> Nasty =>
    [
        "Hello\r\nBcc: eve@example.com",
        "Hello\nBcc: eve@example.com",
        "Hello\rBcc: eve@example.com",
        "Hello\r\n\r\n<script>alert(1)</script>",
        "Hello\u0000Bcc: eve@example.com",
        "Hello\u0085Bcc: eve@example.com",
        "Hello\u2028Bcc: eve@example.com",
        "Hello\u000bBcc: eve@example.com",
        "=?utf-8?Q?=0D=0ABcc:_eve@example.com?=",
        "\"Ann\" <eve@example.com>, x",
        "<img src=x onerror=alert(1)>",
        "\" onmouseover=\"alert(1)",
        "'\"><svg onload=alert(1)>",
        "&lt;script&gt;",
        "\ud800\udc00\ud800",
        new string('x', 10_000),
    ];

    [Theory]
    [MemberData(nameof(Nasty))]
    public async Task Nothing_breaks_out_of_a_header_or_into_the_page(string nasty)
    {
        var profile = new Profile { UserId = "ann", Email = "ann@example.com", Name = nasty, Locale = "de" };
        var config = TenantConfig.Empty with
        {
            Policy = Policy.Default with
            {
                Email = new EmailSender("sales@acme.example", nasty, "help@acme.example"),
                Categories = new Dictionary<string, CategoryPolicy> { ["orders"] = new() { Name = nasty } },
            },
        };
        var item = Item(new { type = nasty, title = nasty, body = nasty, url = nasty, imageUrl = nasty, actions = new[] { new { id = nasty, label = nasty, url = nasty } }, category = "orders" });
        foreach (var kind in new[] { "event", "digest", "test" })
        {
            var mail = await ComposeAsync(Delivery(kind, [item], profile) with { Config = config, Category = "orders" });
            foreach (var value in new[] { mail.Subject, mail.From.Name, mail.To.Name, mail.From.Address, mail.To.Address, mail.MessageId }.Concat(mail.Headers.Select(h => h.Value)))
            {
                Assert.DoesNotContain(value, char.IsControl);
                Assert.DoesNotContain(value, c => c is '\u2028' or '\u2029');
                Assert.True(value.Length <= 998);
            }

            Assert.Equal("ann@example.com", mail.To.Address);
            Assert.Empty(Unencoded(mail.Html));
        }
    }

    [Theory]
    [InlineData("javascript:alert(1)")]
    [InlineData("JAVASCRIPT:alert(1)")]
    [InlineData("data:text/html,x")]
    [InlineData("vbscript:x")]
    [InlineData("//example.com")]
    [InlineData("/relative")]
    [InlineData("https://user@example.com/")]
    [InlineData("ftp://example.com/")]
    public async Task A_link_that_may_be_harmful_is_left_out(string link)
    {
        var mail = await ComposeAsync(Delivery("event", [Item(new { type = "t", title = "T", url = link, imageUrl = link, actions = new[] { new { id = "a", label = "Go", url = link } } })]));
        Assert.DoesNotContain(link, mail.Html, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain(link, mail.Text, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("<img", mail.Html, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("ann@example.com\r\nBcc: eve@example.com")]
    [InlineData("ann@example.com, eve@example.com")]
    [InlineData("jörg@example.com")]
    [InlineData("")]
    public async Task An_address_that_is_none_is_refused(string address)
    {
        await Assert.ThrowsAsync<FormatException>(() => ComposeAsync(Delivery("event", [Item(new { type = "t", title = "T" })]) with { Target = address }));
        var config = TenantConfig.Empty with { Policy = Policy.Default with { Email = new EmailSender(address, null, null) } };
        await Assert.ThrowsAsync<FormatException>(() => ComposeAsync(Delivery("event", [Item(new { type = "t", title = "T" })]) with { Config = config }));
    }

    [Fact]
    public async Task An_event_becomes_a_mail_with_text_and_page()
    {
        var item = Item(new
        {
            type = "order.shipped",
            title = "Shipped: Größe <M>",
            body = "Dear Ann,\r\nit left.\r\n\r\nBye & thanks",
            url = "https://shop.example/orders?a=1&b=2",
            imageUrl = "https://shop.example/x.png",
            actions = new object[] { new { id = "b", label = "Help", url = "mailto:help@shop.example", primary = false }, new { id = "a", label = "Track", url = "https://shop.example/track", primary = true } },
            category = "order-updates",
        });
        var delivery = Delivery("event", [item], new Profile { UserId = "ann", Name = "Ann", Locale = "de-AT" }) with { Category = "order-updates" };
        var mail = await ComposeAsync(delivery);
        Assert.Equal(("Shipped: Größe <M>", "notifications@example.com", "Acme", "Ann"), (mail.Subject, mail.From.Address, mail.From.Name, mail.To.Name));
        Assert.Equal($"<{delivery.Id:N}@example.com>", mail.MessageId);
        Assert.Equal(Noon, mail.Date);
        Assert.Contains("<html lang=\"de-AT\"", mail.Html, StringComparison.Ordinal);
        Assert.Contains("Shipped: Größe &lt;M&gt;</h1>", mail.Html, StringComparison.Ordinal);
        Assert.Contains("Dear Ann,<br>\nit left.</p>", mail.Html, StringComparison.Ordinal);
        Assert.Contains("Bye &amp; thanks</p>", mail.Html, StringComparison.Ordinal);
        Assert.Contains("href=\"https://shop.example/orders?a=1&amp;b=2\"", mail.Html, StringComparison.Ordinal);
        Assert.Contains("<img src=\"https://shop.example/x.png\" alt=\"\"", mail.Html, StringComparison.Ordinal);
        Assert.True(mail.Html.IndexOf("Track</a>", StringComparison.Ordinal) < mail.Html.IndexOf("Help</a>", StringComparison.Ordinal));
        Assert.StartsWith("Shipped: Größe <M>\n\nDear Ann,\nit left.\n\nBye & thanks\n\nOpen: https://shop.example/orders?a=1&b=2\nTrack: https://shop.example/track\n", mail.Text, StringComparison.Ordinal);
        Assert.Contains("notifications about “Order updates” to ann@example.com", mail.Text, StringComparison.Ordinal);
        Assert.Contains(new KeyValuePair<string, string>("Auto-Submitted", "auto-generated"), mail.Headers);
    }

    [Fact]
    public async Task A_mail_is_the_same_at_every_attempt()
    {
        var delivery = Delivery("event", [Item(new { type = "t", title = "T", category = "c" })]) with { Category = "c" };
        var (first, second) = (await ComposeAsync(delivery), await ComposeAsync(delivery with { Attempt = 7 }));
        Assert.Equal((first.MessageId, first.Date, first.Text, first.Html), (second.MessageId, second.Date, second.Text, second.Html));
        Assert.Equal(first.Headers, second.Headers);
    }

    [Fact]
    public async Task A_digest_is_grouped_by_category_newest_first()
    {
        var mail = await ComposeAsync(Delivery("digest",
        [
            Item(new { type = "t", title = "Oldest", category = "orders" }, 1),
            Item(new { type = "t", title = "Loner" }, 2),
            Item(new { type = "t", title = "Middle", category = "news", url = "https://x.example/" }, 3),
            Item(new { type = "t", title = "Newest", body = "With text", category = "orders" }, 4),
        ]));
        Assert.Equal("4 notifications: Newest, Middle, Loner", mail.Subject);
        string[] order = ["4 notifications", "== Orders ==", "* Newest", "With text", "* Oldest", "== News ==", "* Middle", "https://x.example/", "== Other ==", "* Loner"];
        Assert.Equal(order, order.OrderBy(text => mail.Text.IndexOf(text, StringComparison.Ordinal)));
        Assert.All(order, text => Assert.Contains(text, mail.Text, StringComparison.Ordinal));
        Assert.Contains("<a class=\"link\" href=\"https://x.example/\"", mail.Html, StringComparison.Ordinal);
        Assert.Equal("1 notification: T", (await ComposeAsync(Delivery("digest", [Item(new { type = "t", title = "T" })]))).Subject);
    }

    [Fact]
    public async Task A_large_digest_says_how_many_it_leaves_out()
    {
        var mail = await ComposeAsync(Delivery("digest", [.. Enumerable.Range(0, 130).Select(i => Item(new { type = "t", title = $"Title {i}" }, i))]));
        Assert.StartsWith("130 notifications: Title 129", mail.Subject, StringComparison.Ordinal);
        Assert.Contains("and 30 earlier ones", mail.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mail_that_can_be_ended_says_how_by_itself()
    {
        var item = Item(new { type = "t", title = "T", category = "orders" });
        var delivery = Delivery("event", [item], new Profile { UserId = "ann" }) with { Category = "orders" };
        var mail = await ComposeAsync(delivery, "https://notify.example.com");
        var headers = mail.Headers.ToDictionary();
        Assert.StartsWith("<https://notify.example.com/v1/unsubscribe/", headers["List-Unsubscribe"], StringComparison.Ordinal);
        Assert.Equal("List-Unsubscribe=One-Click", headers["List-Unsubscribe-Post"]);
        var link = headers["List-Unsubscribe"][1..^1];
        Assert.Contains($"href=\"{link}\"", mail.Html, StringComparison.Ordinal);
        Assert.Contains(link, mail.Text, StringComparison.Ordinal);

        // Not known where the service is, not to be ended, a test: no link.
        var mandatory = TenantConfig.Empty with { Policy = Policy.Default with { Categories = new Dictionary<string, CategoryPolicy> { ["orders"] = new() { Mandatory = true } } } };
        foreach (var other in new[] { await ComposeAsync(delivery), await ComposeAsync(delivery with { Config = mandatory }, "https://notify.example.com"), await ComposeAsync(delivery with { Kind = "test" }, "https://notify.example.com") })
        {
            Assert.DoesNotContain("List-Unsubscribe", other.Headers.Select(h => h.Key));
            Assert.DoesNotContain("nsubscribe", other.Text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_tenants_sender_takes_the_place_of_the_services()
    {
        var config = TenantConfig.Empty with { Policy = Policy.Default with { Email = new EmailSender("hello@BÜCHER.example", "Bücher \"und\" mehr", "help@example.org") } };
        var mail = await ComposeAsync(Delivery("event", [Item(new { type = "t", title = "T" })]) with { Config = config });
        Assert.Equal(new MailParty("hello@xn--bcher-kva.example", "Bücher 'und' mehr"), mail.From);
        Assert.Equal("help@example.org", mail.ReplyTo!.Address);
        Assert.EndsWith("@xn--bcher-kva.example>", mail.MessageId, StringComparison.Ordinal);
    }

    /// <summary>Tags and attributes that are none of the layout's.</summary>
    private static IEnumerable<string> Unencoded(string html) =>
        new[] { "<script", "<svg", "<img src=x", "onerror=alert(1)>", "onmouseover=\"", "onload=alert(1)>", "href=\"javascript" }
            .Where(text => html.Contains(text, StringComparison.OrdinalIgnoreCase));

    private static OutgoingItem Item(object content, int minute = 0) =>
        new(Guid.CreateVersion7(Noon), null, ["user:ann"], Noon.AddMinutes(minute), Encoding.UTF8.GetBytes(Json(content)), null, null);

    private static string Json(object content) => JsonSerializer.Serialize(content);

    private static Outgoing Delivery(string kind, OutgoingItem[] items, Profile? recipient = null) => new()
    {
        Id = Guid.CreateVersion7(Noon),
        Tenant = "acme",
        Kind = kind,
        Target = "ann@example.com",
        Attempt = 1,
        CreatedAt = Noon,
        Recipient = recipient,
        Config = TenantConfig.Empty,
        Items = kind == "test" ? [] : items,
    };

    private async Task<MailDraft> ComposeAsync(Outgoing delivery, string? publicUrl = null)
    {
        await using var database = new KeptSettings();
        var address = new PublicAddress(Options.Create(new NotificationsOptions { PublicUrl = publicUrl }), new Production(), new NoServer());
        return await new MailComposer(_options, new UnsubscribeLinks(new Store(database, TimeProvider.System), address)).ComposeAsync(delivery, default);
    }

    /// <summary>A database that holds the key of the links alone.</summary>
    private sealed class KeptSettings : IDatabase
    {
        private static readonly object Key = new byte[UnsubscribeToken.KeyBytes];

        public Task<T> WriteAsync<T>(Func<StoreSession, ValueTask<T>> work) => Task.FromResult((T)Key);

        public Task<T> ReadAsync<T>(Func<StoreSession, ValueTask<T>> work, CancellationToken cancellationToken = default) => throw new NotSupportedException();

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }

    private sealed class Production : IHostEnvironment
    {
        public string EnvironmentName { get; set; } = Environments.Production;

        public string ApplicationName { get; set; } = "";

        public string ContentRootPath { get; set; } = "";

        public IFileProvider ContentRootFileProvider { get; set; } = new NullFileProvider();
    }

    private sealed class NoServer : IServer
    {
        public IFeatureCollection Features { get; } = new FeatureCollection();

        public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancellationToken)
            where TContext : notnull => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public void Dispose()
        {
        }
    }
}
