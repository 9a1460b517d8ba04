namespace Notifications.Channels.Email;

/// <summary>An address with the name shown beside it.</summary>
/// <param name="Address">As it goes to a server: see <see cref="MailAddressRules.Wire"/>.</param>
/// <param name="Name">Fit for a header: see <see cref="MailAddressRules.HeaderText"/>; empty is none.</param>
public sealed record MailParty(string Address, string Name);

/// <summary>A mail that is ready to be sent; the same at every attempt. Nothing in it can break out of a header.</summary>
public sealed record MailDraft
{
    /// <summary>Who it is from, in the header and in the envelope.</summary>
    public required MailParty From { get; init; }

    /// <summary>Who gets it.</summary>
    public required MailParty To { get; init; }

    /// <summary>Where answers go, or null.</summary>
    public MailParty? ReplyTo { get; init; }

    /// <summary>One line.</summary>
    public required string Subject { get; init; }

    /// <summary>The part in plain text.</summary>
    public required string Text { get; init; }

    /// <summary>The part in HTML, a whole document.</summary>
    public required string Html { get; init; }

    /// <summary>With its angle brackets; a receiver can tell by it that a message came twice.</summary>
    public required string MessageId { get; init; }

    /// <summary>When it was decided.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Other headers, ASCII, values of one line.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];
}

/// <summary>Hands mail to the mail server that is configured.</summary>
public interface IMailTransport
{
    /// <summary>
    /// Sends a mail once. Throws only <see cref="OperationCanceledException"/>, for the token that it was given and only while the server cannot
    /// have taken the message; everything else is an outcome: see <see cref="SmtpAnswers"/>.
    /// </summary>
    Task<SendOutcome> SendAsync(MailDraft draft, CancellationToken cancellationToken);
}
