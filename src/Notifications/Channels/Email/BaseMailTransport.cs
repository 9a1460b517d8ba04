using System.Net.Mail;
using System.Net.Mime;
using System.Security.Authentication;
using System.Text;

namespace Notifications.Channels.Email;

/// <summary>
/// Sends with the base library's client, which keeps its connection over several messages. It knows no implicit TLS, and it is poor in telling
/// what a server has refused: see <see cref="Stage"/>. The header Date is the time of the attempt, whatever it is told.
/// </summary>
/// <param name="server">Where to.</param>
/// <param name="time">The clock.</param>
public sealed class BaseMailTransport(MailServer server, TimeProvider time) : IMailTransport, IDisposable
{
    /// <summary>The client reads the answer to a message on a blocked thread; where closing the connection does not wake it, it is left behind.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private readonly MailConnections<SmtpClient> _connections = new(server.Connections, () => Connect(server), time);

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
            // After a refusal the client would go on within the transaction that the server has open.
            _connections.Return(lease, usable: outcome.Status == SendStatus.Sent);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _connections.Dispose();

    private static SmtpClient Connect(MailServer server) => new(server.Host, server.Port)
    {
        EnableSsl = server.Security == SmtpSecurity.StartTls,
        Credentials = server.Login,
        DeliveryMethod = SmtpDeliveryMethod.Network,
    };

    private async Task<SendOutcome> SendAsync(SmtpClient client, MailDraft draft, CancellationToken cancellationToken)
    {
        var text = new WatchedStream(draft.Text);
        using var limit = new CancellationTokenSource(server.Timeout, time);
        await using var stop = cancellationToken.Register(() =>
        {
            // Who stops the process waits for what the server may be about to take.
            if (!text.IsRead)
            {
                limit.Cancel();
            }
        });
        try
        {
            using var message = Message(draft, text);
            await client.SendMailAsync(message, limit.Token).WaitAsync(server.Timeout + Grace, time, CancellationToken.None);
            return SmtpAnswers.Sent();
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested && !text.IsRead)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (Exception) when (limit.IsCancellationRequested)
        {
            return SmtpAnswers.TimedOut(text.IsRead, server);
        }
        catch (TimeoutException)
        {
            return SmtpAnswers.TimedOut(text.IsRead, server);
        }
        catch (SmtpException e) when ((int)e.StatusCode > 0 && e.InnerException is null)
        {
            return SmtpAnswers.Refused(Stage(e, text.IsRead), (int)e.StatusCode, Response(e), server);
        }
        catch (Exception e) when (e is SmtpException or IOException or AuthenticationException or ObjectDisposedException or System.Net.Sockets.SocketException)
        {
            return Innermost(e) is AuthenticationException insecure ? SmtpAnswers.Insecure(insecure.Message, server)
                : e is SmtpException { InnerException: null } && !text.IsRead && server.Security == SmtpSecurity.StartTls ? SmtpAnswers.Insecure(e.Message, server)
                : SmtpAnswers.Lost(text.IsRead, Innermost(e).Message, server);
        }
        catch (Exception e) when (e is FormatException or ArgumentException or InvalidOperationException)
        {
            return SmtpAnswers.Unsendable(e.Message);
        }
    }

    /// <summary>
    /// When the server refused. The exception's type tells it for the usual codes of a refused recipient, and the message's text has been read where
    /// the server has answered to that. For other codes (554, for instance) only the names of the library's commands in the stack trace tell whom the
    /// server meant; where they say nothing, its words may.
    /// </summary>
    private static SmtpStage Stage(SmtpException e, bool begun)
    {
        if (e is SmtpFailedRecipientException)
        {
            return SmtpStage.Recipient;
        }

        var trace = e.StackTrace ?? "";
        return begun || Has("Mail.DataCommand") || Has("Mail.DataStopCommand") ? SmtpStage.Message
            : Has("Mail.RecipientCommand") ? SmtpStage.Recipient
            : Has("Mail.MailCommand") ? SmtpStage.Sender
            : Has("SmtpConnection.GetConnection") || Has("HelloCommand") || Has("StartTlsCommand") || Has("AuthCommand") ? SmtpStage.Connect
            : SmtpAnswers.StageOf(Response(e));

        bool Has(string name) => trace.Contains(name, StringComparison.Ordinal);
    }

    /// <summary>What the server said: the end of the message.</summary>
    private static string? Response(SmtpException e)
    {
        const string Before = "The server response was: ";
        var at = e.Message.IndexOf(Before, StringComparison.Ordinal);
        return at < 0 ? e.Message : e.Message[(at + Before.Length)..];
    }

    private static Exception Innermost(Exception e) => e.InnerException is { } inner ? Innermost(inner) : e;

    private static MailMessage Message(MailDraft draft, WatchedStream text)
    {
        var message = new MailMessage
        {
            From = Address(draft.From),
            Subject = draft.Subject,
            SubjectEncoding = Encoding.UTF8,
            HeadersEncoding = Encoding.UTF8,
        };
        message.To.Add(Address(draft.To));
        if (draft.ReplyTo is { } replyTo)
        {
            message.ReplyToList.Add(Address(replyTo));
        }

        message.Headers["Message-ID"] = draft.MessageId;
        foreach (var (name, value) in draft.Headers)
        {
            message.Headers[name] = value;
        }

        // Base64 leaves nothing to the line lengths, dots and line ends of the text.
        message.AlternateViews.Add(new AlternateView(text, new ContentType("text/plain; charset=utf-8")) { TransferEncoding = TransferEncoding.Base64 });
        message.AlternateViews.Add(new AlternateView(new MemoryStream(Encoding.UTF8.GetBytes(draft.Html)), new ContentType("text/html; charset=utf-8"))
        {
            TransferEncoding = TransferEncoding.Base64,
        });
        return message;
    }

    private static MailAddress Address(MailParty party) => new(party.Address, party.Name, Encoding.UTF8);

    /// <summary>The text of a message, which the client reads once the server has told it to send the message.</summary>
    private sealed class WatchedStream(string text) : MemoryStream(Encoding.UTF8.GetBytes(text))
    {
        private volatile bool _isRead;

        public bool IsRead => _isRead;

        public override int Read(byte[] buffer, int offset, int count)
        {
            _isRead = true;
            return base.Read(buffer, offset, count);
        }

        public override int Read(Span<byte> buffer)
        {
            _isRead = true;
            return base.Read(buffer);
        }

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken)
        {
            _isRead = true;
            return base.ReadAsync(buffer, offset, count, cancellationToken);
        }

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _isRead = true;
            return base.ReadAsync(buffer, cancellationToken);
        }

        public override Task CopyToAsync(Stream destination, int bufferSize, CancellationToken cancellationToken)
        {
            _isRead = true;
            return base.CopyToAsync(destination, bufferSize, cancellationToken);
        }
    }
}
