using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using MailKit;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;
using Notifications.Channels;
using Notifications.Channels.Email;
using IMailTransport = Notifications.Channels.Email.IMailTransport;

namespace Notifications.MailKit;

/// <summary>Sends with MailKit, which knows implicit TLS, more ways to log in, and who it is that a server refuses.</summary>
/// <param name="server">Where to.</param>
/// <param name="time">The clock.</param>
/// <param name="trust">Decides on the server's certificate; null is this machine.</param>
public sealed class MailKitTransport(MailServer server, TimeProvider time, RemoteCertificateValidationCallback? trust = null) : IMailTransport, IDisposable
{
    private readonly MailConnections<SmtpClient> _connections = new(server.Connections, () => Create(trust), time);

    /// <inheritdoc/>
    public async Task<SendOutcome> SendAsync(MailDraft draft, CancellationToken cancellationToken)
    {
        var lease = await _connections.RentAsync(cancellationToken);
        var outcome = SmtpAnswers.Unsendable("");
        try
        {
            outcome = await SendAsync(lease.Connection, draft, cancellationToken);
            if (lease.IsUsed && outcome is { Status: SendStatus.Unavailable, Code: null or 421 })
            {
                // It was idle and the server has closed it meanwhile. The message was not begun, so it cannot come twice.
                lease = _connections.Renew(lease);
                outcome = await SendAsync(lease.Connection, draft, cancellationToken);
            }

            return outcome;
        }
        finally
        {
            _connections.Return(lease, usable: outcome.Status is SendStatus.Sent or SendStatus.Rejected && lease.Connection.IsConnected);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private static SmtpClient Create(RemoteCertificateValidationCallback? trust) => new()
    {
        ServerCertificateValidationCallback = trust,

        // As the base library does: many relays inside a company have certificates whose issuer publishes no list.
        CheckCertificateRevocation = false,
    };

    private async Task<SendOutcome> SendAsync(SmtpClient client, MailDraft draft, CancellationToken cancellationToken)
    {
        var progress = new Progress();
        using var limit = new CancellationTokenSource(server.Timeout, time);
        await using var stop = cancellationToken.Register(() =>
        {
            // Who stops the process waits for what the server may be about to take.
            if (!progress.HasBegun)
            {
                limit.Cancel();
            }
        });
        var stage = SmtpStage.Connect;
        try
        {
            using var message = Message(draft);
            if (!client.IsConnected)
            {
                await client.ConnectAsync(server.Host, server.Port, Security(server.Security), limit.Token);
                if (server.Login is { } login)
                {
                    await client.AuthenticateAsync(login, limit.Token);
                }
            }

            stage = SmtpStage.BeforeMessage;
            var response = await client.SendAsync(
                message, new MailboxAddress("", draft.From.Address), [new MailboxAddress("", draft.To.Address)], limit.Token, progress);
            return SmtpAnswers.Sent(response);
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested && !progress.HasBegun)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return SmtpAnswers.TimedOut(progress.HasBegun, server);
        }
        catch (SmtpCommandException e)
        {
            return SmtpAnswers.Refused(Stage(stage, e, progress.HasBegun), (int)e.StatusCode, e.Message, server);
        }
        catch (AuthenticationException e)
        {
            return e.InnerException is SmtpCommandException refused
                ? SmtpAnswers.LoginRefused(refused.Message, server) with { Code = (int)refused.StatusCode, Response = SmtpAnswers.Bounded(refused.Message) }
                : SmtpAnswers.LoginRefused(e.Message, server);
        }
        catch (Exception e) when (e is SslHandshakeException or System.Security.Authentication.AuthenticationException
            || (stage == SmtpStage.Connect && e is NotSupportedException))
        {
            return SmtpAnswers.Insecure(Innermost(e).Message, server);
        }
        catch (ServiceNotAuthenticatedException e)
        {
            return SmtpAnswers.Refused(SmtpStage.Sender, 530, e.Message, server);
        }
        catch (Exception e) when (e is ProtocolException or ServiceNotConnectedException or IOException or SocketException or ObjectDisposedException)
        {
            return SmtpAnswers.Lost(progress.HasBegun, e.Message, server);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException or NotSupportedException)
        {
            return SmtpAnswers.Unsendable(e.Message);
        }
    }

    private static SmtpStage Stage(SmtpStage stage, SmtpCommandException e, bool begun) => e.ErrorCode switch
    {
        _ when stage == SmtpStage.Connect => SmtpStage.Connect,
        SmtpErrorCode.RecipientNotAccepted => SmtpStage.Recipient,
        SmtpErrorCode.SenderNotAccepted => SmtpStage.Sender,
        SmtpErrorCode.MessageNotAccepted => SmtpStage.Message,
        _ => begun ? SmtpStage.Message : SmtpStage.BeforeMessage,
    };

    private static SecureSocketOptions Security(SmtpSecurity security) => security switch
    {
        SmtpSecurity.StartTls => SecureSocketOptions.StartTls,
        SmtpSecurity.Tls => SecureSocketOptions.SslOnConnect,
        _ => SecureSocketOptions.None,
    };

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private static MimeMessage Message(MailDraft draft)
    {
        var message = new MimeMessage { Subject = draft.Subject, Date = draft.Date.ToUniversalTime(), MessageId = draft.MessageId.Trim('<', '>') };
        message.From.Add(Address(draft.From));
        message.To.Add(Address(draft.To));
        if (draft.ReplyTo is { } replyTo)
        {
            message.ReplyTo.Add(Address(replyTo));
        }

        foreach (var (name, value) in draft.Headers)
        {
            message.Headers.Add(name, value);
        }

        message.Body = new MultipartAlternative { Part("plain", draft.Text), Part("html", draft.Html) };
        return message;
    }

    private static TextPart Part(string subtype, string text)
    {
        var part = new TextPart(subtype) { ContentTransferEncoding = ContentEncoding.Base64 };
        part.SetText(Encoding.UTF8, text);
        return part;
    }

    private static MailboxAddress Address(MailParty party) => new(Encoding.UTF8, party.Name, party.Address);

    /// <summary>Sees the message leave.</summary>
    private sealed class Progress : ITransferProgress
    {
        private volatile bool _begun;

        public bool HasBegun => _begun;

        public void Report(long bytesTransferred, long totalSize) => _begun = true;

        public void Report(long bytesTransferred) => _begun = true;
    }
}
