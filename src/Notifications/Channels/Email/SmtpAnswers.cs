using System.Globalization;
using System.Text.RegularExpressions;

namespace Notifications.Channels.Email;

/// <summary>What was being done when a mail server answered.</summary>
public enum SmtpStage : byte
{
    /// <summary>Connecting: greeting, TLS, login.</summary>
    Connect,

    /// <summary>It was told who the mail is from.</summary>
    Sender,

    /// <summary>It was told who gets it.</summary>
    Recipient,

    /// <summary>It was given the message.</summary>
    Message,

    /// <summary>Before the message, but not known more exactly.</summary>
    BeforeMessage,
}

/// <summary>What a mail server's answers mean for a delivery. The same for every transport.</summary>
public static partial class SmtpAnswers
{
    /// <summary>The reason of an outcome where the server wants no mail from this sender.</summary>
    public const string SenderRefused = "sender_refused";

    private const int MaxResponse = 500;

    /// <summary>The server has taken it.</summary>
    /// <param name="response">What it said, if that is known.</param>
    public static SendOutcome Sent(string? response = null) => new(SendStatus.Sent, "sent", Response: Bounded(response));

    /// <summary>
    /// The server has answered with a code other than 2xx. (1) It is closing, or it does not let us in: it is at fault, not the message. (2) 4xx:
    /// later. (3) The sender is refused, which is the same for every message from it, unless this one is too large. (4) What is refused before the
    /// message for a reason that is not known is tried again, because it may be the recipient as well as all our mail. (5) 5xx: never.
    /// </summary>
    /// <param name="stage">When.</param>
    /// <param name="code">Three digits.</param>
    /// <param name="response">What it said beside the code.</param>
    /// <param name="server">For the error message.</param>
    public static SendOutcome Refused(SmtpStage stage, int code, string? response, MailServer server)
    {
        var text = Bounded(response);
        var answer = $"answered {code.ToString(CultureInfo.InvariantCulture)}{(text is null ? "" : $" ({text})")}";
        var reason = string.Create(CultureInfo.InvariantCulture, $"smtp_{code}");
        if (stage == SmtpStage.Connect || code is 421 or 530 or 534 or 535 or 538) // (1)
        {
            return new SendOutcome(
                SendStatus.Unavailable, reason, $"The mail server {server} takes no mail from this service: it {answer}. {Hint(code)}".TrimEnd(), code, text);
        }

        if (code is >= 400 and < 500) // (2)
        {
            return new SendOutcome(SendStatus.Retry, reason, $"The mail server {answer}; it may take the message later.", code, text);
        }

        if (stage == SmtpStage.Sender && code >= 500 && code != 552 && !(text?.StartsWith("5.3.4", StringComparison.Ordinal) ?? false)) // (3)
        {
            return new SendOutcome(
                SendStatus.Unavailable, SenderRefused,
                $"The mail server {server} takes no mail from this sender: it {answer}. Set Notifications:Smtp:From to an address that it lets this service use.",
                code, text);
        }

        return stage == SmtpStage.BeforeMessage || code < 500 // (4)
            ? new SendOutcome(SendStatus.Retry, reason, $"The mail server {answer} before the message was sent.", code, text)
            : new SendOutcome(SendStatus.Rejected, reason, $"The mail server {answer}.", code, text); // (5)
    }

    /// <summary>The server was not reached, or the connection ended.</summary>
    /// <param name="begun">Whether the message was being sent, so that the server may have taken it.</param>
    /// <param name="why">The system's words.</param>
    /// <param name="server">For the error message.</param>
    public static SendOutcome Lost(bool begun, string why, MailServer server) => begun
        ? new SendOutcome(
            SendStatus.Retry, "connection_lost", $"The connection to the mail server ended while the message was sent; it may have taken it. {why}")
        : new SendOutcome(SendStatus.Unavailable, "connection_failed", $"The mail server {server} cannot be reached: {why}");

    /// <summary>The server's certificate is not trusted, or it cannot do TLS.</summary>
    public static SendOutcome Insecure(string why, MailServer server) => new(
        SendStatus.Unavailable, "tls_failed",
        $"There is no secure connection to the mail server {server}: {why} See Notifications:Smtp:Security; the certificate must be trusted by this machine and be for that host.");

    /// <summary>It refused the login.</summary>
    public static SendOutcome LoginRefused(string why, MailServer server) => new(
        SendStatus.Unavailable, "login_refused", $"The mail server {server} refused the login. Check Notifications:Smtp:User and its password. {why}");

    /// <summary>It did not answer in time.</summary>
    /// <param name="begun">As above.</param>
    /// <param name="server">Has the limit.</param>
    public static SendOutcome TimedOut(bool begun, MailServer server)
    {
        var limit = FormattableString.Invariant($"{server.Timeout.TotalSeconds} s (Notifications:Smtp:TimeoutSeconds)");
        return begun
            ? new SendOutcome(SendStatus.Retry, "timeout", $"The mail server did not confirm the message within {limit}; it may have taken it.")
            : new SendOutcome(SendStatus.Unavailable, "timeout", $"The mail server {server} did not answer within {limit}.");
    }

    /// <summary>The message cannot be written as mail.</summary>
    public static SendOutcome Unsendable(string why) => new(SendStatus.Rejected, "invalid_message", $"The message cannot be sent as mail: {why}");

    /// <summary>What a server said, without control characters and of a length that can be stored; null where it said nothing.</summary>
    public static string? Bounded(string? response) => response is null ? null : MailAddressRules.HeaderText(response, MaxResponse) is { Length: > 0 } text ? text : null;

    /// <summary>The code that a server's words begin with (RFC 3463), such as 5.1.1, tells who is refused: 5.1.x the recipient, except 7 and 8.</summary>
    internal static SmtpStage StageOf(string? response) => response is null || EnhancedCode().Match(response) is not { Success: true } match
        ? SmtpStage.BeforeMessage
        : match.Groups[1].ValueSpan is "1.7" or "1.8" ? SmtpStage.Sender : match.Groups[1].ValueSpan[0] is '1' or '2' ? SmtpStage.Recipient : SmtpStage.BeforeMessage;

    private static string Hint(int code) => code is 530 or 534 or 535 or 538
        ? "Check Notifications:Smtp:User, its password and Notifications:Smtp:Security."
        : "";

    [GeneratedRegex(@"^5\.(\d{1,3}\.\d{1,3})\b", RegexOptions.CultureInvariant)]
    private static partial Regex EnhancedCode();
}
