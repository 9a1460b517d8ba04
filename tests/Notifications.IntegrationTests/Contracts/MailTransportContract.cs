using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Notifications.Channels;
using Notifications.Channels.Email;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>What sending mail keeps to, with whatever library, against a real mail server.</summary>
[Collection(Name)]
public abstract class MailTransportContract
{
    /// <summary>One at a time: they share the process's opinion on certificates.</summary>
    public const string Name = "mail transports";

    private static readonly CancellationToken Never = CancellationToken.None;

    static MailTransportContract() =>
#pragma warning disable SYSLIB0014 // The base library's client offers no other way to trust a test's own authority.
        ServicePointManager.ServerCertificateValidationCallback = (_, certificate, _, errors) => IsTrusted(certificate, errors);
#pragma warning restore SYSLIB0014

    protected virtual bool KnowsImplicitTls => false;

    /// <summary>Whether the date of a message is the one that it was given.</summary>
    protected virtual bool KeepsDate => false;

    protected abstract IMailTransport Open(MailServer server, TimeProvider time);

    /// <summary>Stage, code, what is to come of it.</summary>
    public static TheoryData<string, int, SendStatus, string> Refusals => new()
    {
        { "connect", 421, SendStatus.Unavailable, "smtp_421" },
        { "connect", 450, SendStatus.Unavailable, "smtp_450" },
        { "connect", 554, SendStatus.Unavailable, "smtp_554" },
        { "mail", 421, SendStatus.Unavailable, "smtp_421" },
        { "mail", 451, SendStatus.Retry, "smtp_451" },
        { "mail", 452, SendStatus.Retry, "smtp_452" },
        { "mail", 530, SendStatus.Unavailable, "smtp_530" },
        { "mail", 550, SendStatus.Unavailable, "sender_refused" },
        { "mail", 553, SendStatus.Unavailable, "sender_refused" },
        { "mail", 554, SendStatus.Unavailable, "sender_refused" },
        { "mail", 552, SendStatus.Rejected, "smtp_552" },
        { "rcpt", 421, SendStatus.Unavailable, "smtp_421" },
        { "rcpt", 450, SendStatus.Retry, "smtp_450" },
        { "rcpt", 451, SendStatus.Retry, "smtp_451" },
        { "rcpt", 452, SendStatus.Retry, "smtp_452" },
        { "rcpt", 550, SendStatus.Rejected, "smtp_550" },
        { "rcpt", 551, SendStatus.Rejected, "smtp_551" },
        { "rcpt", 553, SendStatus.Rejected, "smtp_553" },
        { "rcpt", 554, SendStatus.Rejected, "smtp_554" },
        { "rcpt", 556, SendStatus.Rejected, "smtp_556" },
        { "data", 421, SendStatus.Unavailable, "smtp_421" },
        { "data", 450, SendStatus.Retry, "smtp_450" },
        { "data", 452, SendStatus.Retry, "smtp_452" },
        { "data", 550, SendStatus.Rejected, "smtp_550" },
        { "data", 552, SendStatus.Rejected, "smtp_552" },
        { "data", 554, SendStatus.Rejected, "smtp_554" },
    };

    [Fact]
    public async Task A_mail_arrives_as_it_was_written()
    {
        await using var server = await SmtpServer.StartAsync();
        var draft = Draft() with
        {
            From = new MailParty("from@xn--bcher-kva.example", "Zoë „Post“ Österreich"),
            To = new MailParty("to@example.com", "Иван, O'Neil <x@y.example>"),
            ReplyTo = new MailParty("help@example.com", "Hilfe"),
            Subject = "Größe: 50 % – “fertig” 🎉 " + string.Join(' ', Enumerable.Repeat("länger", 20)),
            Text = "Zeile eins\n.\n..zwei\nFrom drei\n" + new string('x', 3_000) + "\nÄ🎉",
            Html = "<!doctype html><p>Grüße 🎉</p>\n.\n" + new string('y', 3_000),
        };
        using var transport = Using(server);
        var outcome = await transport.Value.SendAsync(draft, Never);
        Assert.Equal((SendStatus.Sent, "sent"), (outcome.Status, outcome.Reason));

        var mail = Assert.Single((await server.StateAsync()).Messages);
        Assert.Equal(("from@bücher.example", "to@example.com"), (mail.From, Assert.Single(mail.To))); // This server decodes what was on the wire.
        Assert.Equal(draft.Subject, mail.Subject);
        Assert.Equal(draft.Text, mail.Text.ReplaceLineEndings("\n"));
        Assert.Equal(draft.Html, mail.Html.ReplaceLineEndings("\n"));
        Assert.Contains("Zoë „Post“ Österreich", mail.Header("From"), StringComparison.Ordinal);
        Assert.EndsWith("<from@xn--bcher-kva.example>", mail.Header("From"), StringComparison.Ordinal);
        Assert.StartsWith("Иван, O'Neil <x@y.example> <", mail.Header("To")!.Replace("\"", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.EndsWith("<to@example.com>", mail.Header("To"), StringComparison.Ordinal);
        Assert.Contains("<help@example.com>", mail.Header("Reply-To"), StringComparison.Ordinal);
        Assert.Equal("<0123456789abcdef@example.com>", mail.Header("Message-ID"));
        Assert.Equal("auto-generated", mail.Header("Auto-Submitted"));
        Assert.Equal($"<https://notify.example.com/v1/unsubscribe/{new string('t', 300)}>", mail.Header("List-Unsubscribe"));
        Assert.Equal("List-Unsubscribe=One-Click", mail.Header("List-Unsubscribe-Post"));
        var date = DateTimeOffset.Parse(mail.Header("Date")!, System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(date == draft.Date || (!KeepsDate && date > draft.Date), $"{date}");
        Assert.StartsWith("multipart/alternative", mail.Header("Content-Type"), StringComparison.Ordinal);
        Assert.True(mail.Raw.IndexOf("text/plain", StringComparison.Ordinal) < mail.Raw.IndexOf("text/html", StringComparison.Ordinal));
        Assert.All(mail.Raw.Split("\r\n"), line => Assert.True(line.Length <= 998, line));
        Assert.Equal(mail.HeaderNames.Distinct(StringComparer.OrdinalIgnoreCase), mail.HeaderNames);
    }

    [Theory]
    [MemberData(nameof(Refusals))]
    public async Task What_the_server_refuses_is_told_by_who_is_at_fault(string stage, int code, SendStatus status, string reason)
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server);
        await server.BehaveAsync(new Dictionary<string, object> { [stage] = new { code, text = "5.9.9 Not today, Zoë\u0007" } });
        var outcome = await transport.Value.SendAsync(Draft(), Never);
        Assert.Equal((status, reason, code), (outcome.Status, outcome.Reason, outcome.Code));
        Assert.Contains("Not today", outcome.Response, StringComparison.Ordinal);
        Assert.Contains("Not today", outcome.Error, StringComparison.Ordinal);
        Assert.Empty((await server.StateAsync()).Messages);

        await server.BehaveAsync(new { });
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
        Assert.Single((await server.StateAsync()).Messages);
    }

    [Fact]
    public async Task A_greylisted_mail_is_taken_the_second_time()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server);
        await server.BehaveAsync(new { greylist = true });
        var outcome = await transport.Value.SendAsync(Draft(), Never);
        Assert.Equal((SendStatus.Retry, "smtp_450", (int?)450), (outcome.Status, outcome.Reason, outcome.Code));
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
        Assert.Single((await server.StateAsync()).Messages);
    }

    [Fact]
    public async Task An_endless_answer_is_kept_in_part()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server);
        await server.BehaveAsync(new { rcpt = new { code = 550, text = new string('w', 2_000) } });
        Assert.InRange((await transport.Value.SendAsync(Draft(), Never)).Response!.Length, 100, 500);
    }

    [Theory]
    [InlineData("connect", SendStatus.Unavailable)]
    [InlineData("mail", SendStatus.Unavailable)]
    [InlineData("rcpt", SendStatus.Unavailable)]
    [InlineData("data", SendStatus.Retry)]
    public async Task A_server_that_stalls_is_given_up_on(string stage, SendStatus status)
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server, timeout: TimeSpan.FromSeconds(1));
        await server.BehaveAsync(new Dictionary<string, object> { [stage] = "stall" });
        var outcome = await transport.Value.SendAsync(Draft(), Never);
        Assert.Equal((status, "timeout"), (outcome.Status, outcome.Reason));
        Assert.Contains("TimeoutSeconds", outcome.Error, StringComparison.Ordinal);
        await server.BehaveAsync(new { });
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
    }

    [Theory]
    [InlineData("connect", "drop", SendStatus.Unavailable, 0)]
    [InlineData("mail", "drop", SendStatus.Unavailable, 0)]
    [InlineData("rcpt", "drop", SendStatus.Unavailable, 0)]
    [InlineData("data", "drop", SendStatus.Retry, 0)]
    [InlineData("data", "dropAfter", SendStatus.Retry, 1)]
    public async Task A_lost_connection_is_told_by_whether_the_message_may_have_been_taken(string stage, string what, SendStatus status, int taken)
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server);
        await server.BehaveAsync(new Dictionary<string, object> { [stage] = what });

        // Too much to be written before the server has answered to the beginning.
        var draft = Draft() with { Html = new string('h', 8 << 20) };
        var outcome = await transport.Value.SendAsync(draft, Never);
        Assert.Equal((status, status == SendStatus.Retry ? "connection_lost" : "connection_failed"), (outcome.Status, outcome.Reason));
        await server.BehaveAsync(new { });
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(draft, Never)).Status);
        var messages = (await server.StateAsync()).Messages;
        Assert.Equal(taken + 1, messages.Count);
        Assert.Equal("<0123456789abcdef@example.com>", Assert.Single(messages.Select(m => m.Header("Message-ID")).Distinct()));
    }

    [Fact]
    public async Task A_server_that_is_away_is_no_fault_of_the_message()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server);
        await server.KillAsync();
        var outcome = await transport.Value.SendAsync(Draft(), Never);
        Assert.Equal((SendStatus.Unavailable, "connection_failed"), (outcome.Status, outcome.Reason));
        Assert.Contains(server.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), outcome.Error, StringComparison.Ordinal);
        await server.StartAgainAsync();
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
    }

    [Fact]
    public async Task Messages_share_connections_and_no_more_than_allowed()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server, connections: 3);
        var before = (await server.StateAsync()).Connections;
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 30).Select(_ => transport.Value.SendAsync(Draft(), Never)));
        Assert.All(outcomes, outcome => Assert.Equal(SendStatus.Sent, outcome.Status));
        var state = await server.StateAsync();
        Assert.Equal(30, state.Messages.Count);
        Assert.InRange(state.Connections - before, 1, 3);
    }

    [Fact]
    public async Task An_idle_connection_that_the_server_closed_costs_nothing()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server, connections: 2);
        await Task.WhenAll(transport.Value.SendAsync(Draft(), Never), transport.Value.SendAsync(Draft(), Never));
        await server.CloseConnectionsAsync();
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
        Assert.Equal(3, (await server.StateAsync()).Messages.Count);
    }

    [Fact]
    public async Task A_connection_that_is_idle_is_closed_in_time()
    {
        await using var server = await SmtpServer.StartAsync();
        var time = new FakeTime();
        using var transport = Using(server, time: time);
        await transport.Value.SendAsync(Draft(), Never);
        time.Advance(TimeSpan.FromMinutes(1));
        await Until.ValueAsync("the connection to be closed", server.StateAsync, state => state.Open == 0);
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
    }

    [Fact]
    public async Task Who_stops_is_not_kept_waiting_by_a_server_that_has_not_got_the_message()
    {
        await using var server = await SmtpServer.StartAsync();
        using var transport = Using(server);
        await server.BehaveAsync(new { rcpt = "stall" });
        var before = (await server.StateAsync()).Connections;
        using var stop = new CancellationTokenSource();
        var sending = transport.Value.SendAsync(Draft(), stop.Token);
        await Until.ValueAsync("a connection", server.StateAsync, state => state.Connections > before);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => sending);
    }

    [Fact]
    public async Task A_login_lets_in_and_is_said_to_be_wrong_where_it_is()
    {
        await using var server = await SmtpServer.StartAsync(new SmtpSettings { Login = ("service", "s3cret:ö") });
        using (var transport = Using(server, login: new NetworkCredential("service", "s3cret:ö")))
        {
            Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
            Assert.Equal("service", Assert.Single((await server.StateAsync()).Messages).User);
        }

        foreach (var login in new[] { new NetworkCredential("service", "wrong"), null })
        {
            using var transport = Using(server, login: login);
            var outcome = await transport.Value.SendAsync(Draft(), Never);
            Assert.Equal(SendStatus.Unavailable, outcome.Status);
            Assert.Contains("Notifications:Smtp:User", outcome.Error, StringComparison.Ordinal);
        }

        Assert.Single((await server.StateAsync()).Messages);
    }

    [Fact]
    public async Task With_starttls_nothing_goes_in_clear()
    {
        await using var server = await SmtpServer.StartAsync(new SmtpSettings { Tls = "starttls", Login = ("service", "secret") });
        using (var transport = Using(server, SmtpSecurity.StartTls, login: new NetworkCredential("service", "secret")))
        {
            Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
            Assert.Equal((true, "service"), Assert.Single((await server.StateAsync()).Messages) is var mail ? (mail.Secure, mail.User) : default);
        }

        using var clear = Using(server);
        Assert.Equal((SendStatus.Unavailable, "smtp_530"), await clear.Value.SendAsync(Draft(), Never) is var outcome ? (outcome.Status, outcome.Reason) : default);
    }

    [Theory]
    [InlineData("none", true)]
    [InlineData("starttls", false)]
    public async Task A_server_that_cannot_be_trusted_gets_nothing(string tls, bool trusted)
    {
        await using var server = await SmtpServer.StartAsync(new SmtpSettings { Tls = tls, Trusted = trusted });
        using var transport = Using(server, SmtpSecurity.StartTls, login: new NetworkCredential("service", "secret"));
        var outcome = await transport.Value.SendAsync(Draft(), Never);
        Assert.Equal((SendStatus.Unavailable, "tls_failed"), (outcome.Status, outcome.Reason));
        Assert.Contains("Notifications:Smtp:Security", outcome.Error, StringComparison.Ordinal);
        Assert.Empty((await server.StateAsync()).Messages);
    }

    [Fact]
    public async Task With_tls_the_first_byte_is_encrypted()
    {
        if (!KnowsImplicitTls)
        {
            return; // The service does not start with it: see the tests of its settings.
        }

        await using var server = await SmtpServer.StartAsync(new SmtpSettings { Tls = "implicit" });
        using var transport = Using(server, SmtpSecurity.Tls);
        Assert.Equal(SendStatus.Sent, (await transport.Value.SendAsync(Draft(), Never)).Status);
        Assert.True(Assert.Single((await server.StateAsync()).Messages).Secure);

        await using var stranger = await SmtpServer.StartAsync(new SmtpSettings { Tls = "implicit", Trusted = false });
        using var distrusted = Using(stranger, SmtpSecurity.Tls);
        Assert.Equal("tls_failed", (await distrusted.Value.SendAsync(Draft(), Never)).Reason);
    }

    protected static bool IsTrusted(X509Certificate? certificate, SslPolicyErrors errors)
    {
        if (errors == SslPolicyErrors.None || certificate is null || errors.HasFlag(SslPolicyErrors.RemoteCertificateNameMismatch))
        {
            return errors == SslPolicyErrors.None;
        }

        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.Add(SmtpServer.Authority);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        using var leaf = new X509Certificate2(certificate);
        return chain.Build(leaf);
    }

    private static MailDraft Draft() => new()
    {
        From = new MailParty("from@example.com", ""),
        To = new MailParty("to@example.com", ""),
        Subject = "Hello",
        Text = "Hello",
        Html = "<p>Hello</p>",
        MessageId = "<0123456789abcdef@example.com>",
        Date = new DateTimeOffset(2026, 3, 1, 12, 0, 5, TimeSpan.Zero),
        Headers =
        [
            new("List-Unsubscribe", $"<https://notify.example.com/v1/unsubscribe/{new string('t', 300)}>"),
            new("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"),
            new("Auto-Submitted", "auto-generated"),
        ],
    };

    private Opened Using(
        SmtpServer server, SmtpSecurity security = SmtpSecurity.None, NetworkCredential? login = null, int connections = 4, TimeSpan? timeout = null,
        TimeProvider? time = null) =>
        new(Open(new MailServer("localhost", server.Port, security, login, connections, timeout ?? Until.Limit), time ?? TimeProvider.System));

    private sealed record Opened(IMailTransport Value) : IDisposable
    {
        public void Dispose() => (Value as IDisposable)?.Dispose();
    }
}

/// <summary>They run one after another.</summary>
[CollectionDefinition(MailTransportContract.Name)]
public sealed class MailTransports;

/// <summary>The base library's client.</summary>
[NeedsMailServer]
public sealed class BaseMailTransportTests : MailTransportContract
{
    protected override IMailTransport Open(MailServer server, TimeProvider time) => new BaseMailTransport(server, time);
}

#if FULL_PROFILE
/// <summary>MailKit.</summary>
[NeedsMailServer]
public sealed class MailKitTransportTests : MailTransportContract
{
    protected override bool KnowsImplicitTls => true;

    protected override bool KeepsDate => true;

    protected override IMailTransport Open(MailServer server, TimeProvider time) =>
        new Notifications.MailKit.MailKitTransport(server, time, (_, certificate, _, errors) => IsTrusted(certificate, errors));
}
#endif
