using System.Text.Json;
using Microsoft.Extensions.Logging;
using Notifications.Preferences;
using Notifications.Storage;
using Notifications.Templates;

namespace Notifications.Channels.Email;

/// <summary>Notifications as mail.</summary>
/// <param name="options">Whether there is a mail server.</param>
/// <param name="composer">Makes the mail.</param>
/// <param name="transport">Sends it.</param>
/// <param name="logger">Told what an operator has to mend.</param>
public sealed partial class EmailChannel(SmtpOptions options, MailComposer composer, Lazy<IMailTransport> transport, ILogger<EmailChannel> logger) : IChannel
{
    /// <inheritdoc/>
    public string Name => ChannelNames.Email;

    /// <inheritdoc/>
    /// <returns>The domain of the address, lower case; empty where it is no address.</returns>
    public string Bucket(Outgoing delivery) => MailAddressRules.Domain(delivery.Target);

    /// <inheritdoc/>
    public async Task<SendOutcome> SendAsync(Outgoing delivery, CancellationToken cancellationToken)
    {
        if (!options.IsConfigured)
        {
            return new SendOutcome(SendStatus.Rejected, "not_configured", "There is no email: Notifications:Smtp:Host is not set.");
        }

        MailDraft draft;
        try
        {
            draft = await composer.ComposeAsync(delivery, cancellationToken);
        }
        catch (TemplateException e)
        {
            return new SendOutcome(SendStatus.Rejected, e.Reason, e.Message);
        }
        catch (FormatException e)
        {
            return new SendOutcome(SendStatus.Rejected, "invalid_address", e.Message);
        }
        catch (JsonException e)
        {
            return SmtpAnswers.Unsendable(e.Message);
        }
        catch (StoreUnavailableException e)
        {
            return new SendOutcome(SendStatus.Unavailable, "store_unavailable", e.Message);
        }

        var outcome = await transport.Value.SendAsync(draft, cancellationToken);
        if (outcome is { Status: SendStatus.Unavailable, Reason: SmtpAnswers.SenderRefused } && delivery.Config.Policy.Email is not null)
        {
            // This tenant's own sender: the mail of the others goes on.
            return outcome with { Status = SendStatus.Retry, Error = $"{outcome.Error} Or change the tenant's email.from." };
        }

        if (outcome.Status == SendStatus.Unavailable)
        {
            LogUnavailable(outcome.Reason, outcome.Error ?? "");
        }

        return outcome;
    }

    [LoggerMessage(7100, LogLevel.Warning, "No mail can be sent ({Reason}): {Error}")]
    private partial void LogUnavailable(string reason, string error);
}
