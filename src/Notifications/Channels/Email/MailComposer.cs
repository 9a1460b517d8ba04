using System.Globalization;
using Notifications.Preferences;
using Notifications.Templates;

namespace Notifications.Channels.Email;

/// <summary>Makes mail of deliveries.</summary>
/// <param name="options">Who mail is from where a tenant does not say.</param>
/// <param name="links">Links to unsubscribe by.</param>
/// <param name="templates">Renders tenants' templates; null for the built-in look alone.</param>
public sealed class MailComposer(SmtpOptions options, UnsubscribeLinks links, TemplateRenderer? templates = null)
{
    private const int MaxSubject = 200;
    private const int MaxName = 100;

    /// <summary>Items of a digest that are shown with their text; of more, the number is told.</summary>
    private const int MaxEntries = 100;

    private static readonly TextInfo Letters = CultureInfo.InvariantCulture.TextInfo;

    /// <summary>Composes the mail of a delivery, the same at every attempt.</summary>
    /// <exception cref="TemplateException">Its template cannot be rendered.</exception>
    /// <exception cref="FormatException">An address is none; the message says which.</exception>
    public async ValueTask<MailDraft> ComposeAsync(Outgoing delivery, CancellationToken cancellationToken)
    {
        var sender = Sender(delivery);
        var link = await UnsubscribeLinkAsync(delivery);
        var (subject, parts) = await RenderAsync(delivery, sender, link, cancellationToken);
        var domain = sender.Address[(sender.Address.IndexOf('@', StringComparison.Ordinal) + 1)..];
        return new MailDraft
        {
            From = sender,
            To = Party(delivery.Target, delivery.Recipient?.Name, "The recipient's address"),
            ReplyTo = delivery.Config.Policy.Email?.ReplyTo is { Length: > 0 } replyTo ? Party(replyTo, null, "The policy's email.replyTo") : null,
            Subject = MailAddressRules.HeaderText(subject, MaxSubject),
            Text = parts.Text,
            Html = parts.Html,
            MessageId = $"<{delivery.Id:N}@{domain}>",
            Date = delivery.CreatedAt,
            Headers = [.. UnsubscribeLinks.Headers(link), new("Auto-Submitted", "auto-generated")],
        };
    }

    private static MailParty Party(string address, string? name, string what) => new(
        MailAddressRules.Wire(address) ?? throw new FormatException($"{what} is not one that mail can be sent to."),
        MailAddressRules.HeaderText(name?.Replace('"', '\'').Replace('\\', '/'), MaxName));

    private static string CategoryName(Policy policy, string? category) => category is null
        ? "Other"
        : policy.Categories.GetValueOrDefault(category)?.Name is { Length: > 0 } name ? MailAddressRules.HeaderText(name, MaxName)
        : Readable(category);

    /// <summary>A category's key as people write: <c>order-updates</c> is "Order updates".</summary>
    private static string Readable(string key)
    {
        var words = MailAddressRules.HeaderText(key.Replace('_', ' ').Replace('-', ' '), MaxName);
        return words.Length == 0 ? key : Letters.ToUpper(words[0]) + words[1..];
    }

    private static (string Subject, MailParts Parts) Event(Outgoing delivery, MailParty sender, string? link, string language)
    {
        var content = MailContent.Read(delivery.Items[0].Content);
        IEnumerable<MailAction> buttons = content.Url is { } url && !content.Actions.Any(action => action.Url == url)
            ? [new MailAction("Open", url, Primary: true), .. content.Actions]
            : content.Actions;
        var layout = new MailLayout(content.Title, language).Heading(content.Title).Image(content.ImageUrl).Body(content.Body).Buttons(buttons);
        return (content.Title, layout.Footer(Why(delivery, sender), Unsubscribe(delivery, link)));
    }

    /// <summary>All items of a digest, by category, newest first; the category with the newest one comes first.</summary>
    private static (string Subject, MailParts Parts) Digest(Outgoing delivery, MailParty sender, string? link, string language)
    {
        var items = delivery.Items.OrderByDescending(item => item.AcceptedAt).Select(item => (Content: MailContent.Read(item.Content), item.AcceptedAt)).ToList();
        var count = items.Count == 1 ? "1 notification" : string.Create(CultureInfo.InvariantCulture, $"{items.Count} notifications");
        var subject = MailAddressRules.HeaderText($"{count}: {string.Join(", ", items.Take(3).Select(item => item.Content.Title))}", MaxSubject);
        var layout = new MailLayout(subject, language).Heading(count);
        foreach (var group in items.Take(MaxEntries).GroupBy(item => item.Content.Category))
        {
            layout.Group(CategoryName(delivery.Config.Policy, group.Key));
            foreach (var (content, at) in group)
            {
                layout.Entry(content, at);
            }
        }

        if (items.Count > MaxEntries)
        {
            layout.Body(string.Create(CultureInfo.InvariantCulture, $"… and {items.Count - MaxEntries} earlier ones."));
        }

        return (subject, layout.Footer(Why(delivery, sender), Unsubscribe(delivery, link)));
    }

    private static (string Subject, MailParts Parts) Test(Outgoing delivery, MailParty sender, string language)
    {
        const string Subject = "Test message";
        var layout = new MailLayout(Subject, language).Heading(Subject)
            .Body($"Email works: this message went from {sender.Address} through the mail server that is configured.\n\nNobody needs to do anything.");
        return (Subject, layout.Footer(Why(delivery, sender), null));
    }

    private static string Why(Outgoing delivery, MailParty sender)
    {
        var from = sender.Name.Length > 0 ? sender.Name : sender.Address;
        return delivery.Kind switch
        {
            "test" => $"You get this because somebody at {from} sent a test message to {delivery.Target}.",
            "digest" => $"You get this because {from} gathers notifications for {delivery.Target}.",
            _ when delivery.Category is { } category =>
                $"You get this because {from} sends notifications about “{CategoryName(delivery.Config.Policy, category)}” to {delivery.Target}.",
            _ => $"You get this because {from} sends notifications to {delivery.Target}.",
        };
    }

    private static MailAction? Unsubscribe(Outgoing delivery, string? link) => link is null
        ? null
        : new MailAction(delivery.Category is null ? "Unsubscribe from all email" : "Unsubscribe", link, Primary: false);

    private MailParty Sender(Outgoing delivery) => delivery.Config.Policy.Email is { } own
        ? Party(own.From, own.Name, "The policy's email.from")
        : Party(options.From ?? "", options.FromName, "Notifications:Smtp:From");

    private async ValueTask<(string Subject, MailParts Parts)> RenderAsync(
        Outgoing delivery, MailParty sender, string? link, CancellationToken cancellationToken)
    {
        var policy = delivery.Config.Policy;
        var language = delivery.Recipient?.Locale is { Length: > 0 } locale ? locale : policy.Locale;
        switch (delivery.Kind)
        {
            case "test":
                return Test(delivery, sender, language);
            case "digest":
                return Digest(delivery, sender, link, language);
            default:
                var item = delivery.Items[0];
                return templates is not null && item.Template is not null && await templates.EmailAsync(delivery, item, cancellationToken) is { } mail
                    ? (mail.Subject, new MailParts(mail.Text, mail.Html))
                    : Event(delivery, sender, link, language);
        }
    }

    private ValueTask<string?> UnsubscribeLinkAsync(Outgoing delivery)
    {
        var mandatory = delivery.Category is { } category && delivery.Config.Policy.Categories.GetValueOrDefault(category)?.Mandatory == true;
        if (delivery.Kind == "test" || mandatory)
        {
            return ValueTask.FromResult<string?>(null);
        }

        return links.CreateAsync(delivery.Recipient is { } user
            ? new MailSubscription(delivery.Tenant, IsUser: true, user.UserId, delivery.Category)
            : new MailSubscription(delivery.Tenant, IsUser: false, delivery.Target.ToLowerInvariant(), delivery.Category));
    }
}
