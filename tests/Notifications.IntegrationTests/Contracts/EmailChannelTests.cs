using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Channels;
using Notifications.Channels.Email;
using Notifications.IntegrationTests.Support;
using Notifications.Preferences;
using Notifications.Users;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>A notification on its way through the channel to a real mail server.</summary>
[NeedsMailServer]
[Collection(MailTransportContract.Name)]
public sealed class EmailChannelTests
{
    private static readonly DateTimeOffset Noon = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData("event", "Your order is on its way")]
    [InlineData("digest", "1 notification: Your order is on its way")]
    [InlineData("test", "Test message")]
    public async Task A_notification_arrives_as_mail(string kind, string subject)
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Transport(server);
        var delivery = Delivery(kind, "ann@bücher.example");
        var outcome = await Channel(server, transport).SendAsync(delivery, CancellationToken.None);
        Assert.Equal((SendStatus.Sent, "sent"), (outcome.Status, outcome.Reason));
        var mail = Assert.Single((await server.StateAsync()).Messages);
        Assert.Equal((subject, $"<{delivery.Id:N}@example.com>"), (mail.Subject, mail.Header("Message-ID")));
        Assert.Equal("ann@xn--bcher-kva.example", mail.Header("To")!.Trim('<', '>'));
        Assert.Contains("<notifications@example.com>", mail.Header("From"), StringComparison.Ordinal);
        Assert.Contains("<h1", mail.Html, StringComparison.Ordinal);
        Assert.Equal("xn--bcher-kva.example", Channel(server, transport).Bucket(delivery));
    }

    [Fact]
    public async Task A_sender_that_is_refused_stops_all_mail_unless_it_is_one_tenants()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Transport(server);
        await server.BehaveAsync(new { mail = new { code = 553, text = "5.7.1 Not yours" } });
        var channel = Channel(server, transport);
        var delivery = Delivery("event", "ann@example.com");
        Assert.Equal((SendStatus.Unavailable, "sender_refused"), await channel.SendAsync(delivery, CancellationToken.None) is var own ? (own.Status, own.Reason) : default);
        var config = TenantConfig.Empty with { Policy = Policy.Default with { Email = new EmailSender("me@elsewhere.example", null, null) } };
        Assert.Equal(
            (SendStatus.Retry, "sender_refused"),
            await channel.SendAsync(delivery with { Config = config }, CancellationToken.None) is var theirs ? (theirs.Status, theirs.Reason) : default);
    }

    [Fact]
    public async Task What_cannot_be_sent_says_so()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Transport(server);
        var channel = Channel(server, transport);
        Assert.Equal("invalid_address", (await channel.SendAsync(Delivery("event", "jörg@example.com"), CancellationToken.None)).Reason);
        Assert.Equal("", channel.Bucket(Delivery("event", "jörg@example.com")));
        Assert.Equal("invalid_message", (await channel.SendAsync(Delivery("event", "ann@example.com", "not json"), CancellationToken.None)).Reason);
        var none = new EmailChannel(new SmtpOptions(), Composer(new SmtpOptions()), new Lazy<IMailTransport>(transport), NullLogger<EmailChannel>.Instance);
        Assert.Equal((SendStatus.Rejected, "not_configured"), await none.SendAsync(Delivery("event", "ann@example.com"), CancellationToken.None) is var o ? (o.Status, o.Reason) : default);
        Assert.Empty((await server.StateAsync()).Messages);
    }

    private static BaseMailTransport Transport(SmtpServer server) =>
        new(new MailServer("localhost", server.Port, SmtpSecurity.None, null, 2, Until.Limit), TimeProvider.System);

    private static EmailChannel Channel(SmtpServer server, IMailTransport transport)
    {
        var options = new SmtpOptions { Host = "localhost", Port = server.Port, From = "notifications@example.com", FromName = "Acme" };
        return new EmailChannel(options, Composer(options), new Lazy<IMailTransport>(transport), NullLogger<EmailChannel>.Instance);
    }

    private static MailComposer Composer(SmtpOptions options)
    {
        var app = Microsoft.AspNetCore.Builder.WebApplication.CreateSlimBuilder().Build();
        var address = new Hosting.PublicAddress(
            Microsoft.Extensions.Options.Options.Create(new Hosting.NotificationsOptions()), app.Environment, app.Services.GetRequiredService<IServer>());
        return new MailComposer(options, new UnsubscribeLinks(null!, address)); // No address, no link, no store.
    }

    private static Outgoing Delivery(string kind, string target, string? content = null) => new()
    {
        Id = Guid.CreateVersion7(Noon),
        Tenant = "acme",
        Kind = kind,
        Target = target,
        Attempt = 1,
        CreatedAt = Noon,
        Config = TenantConfig.Empty,
        Items = kind == "test"
            ? []
            : [
                new OutgoingItem(
                    Guid.CreateVersion7(Noon), null, [], Noon, Encoding.UTF8.GetBytes(content ?? """{"type":"order.shipped","title":"Your order is on its way","body":"Soon."}"""), null, null),
            ],
    };
}
