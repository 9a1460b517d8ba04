using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Notifications.Events;
using Notifications.Users;

namespace Notifications.Templates;

/// <summary>What a template makes of an event for the inbox; null is: as the event has it.</summary>
/// <param name="Title">Text.</param>
/// <param name="Body">Text.</param>
/// <param name="Url">A link that was checked.</param>
internal sealed record InboxParts(string Title, Maybe<string?> Body, Maybe<string?> Url);

/// <summary>What a template makes of an event as an email.</summary>
/// <param name="Subject">One line.</param>
/// <param name="Text">For readers without HTML.</param>
/// <param name="Html">The body, without the page around it.</param>
public sealed record EmailParts(string Subject, string Text, string Html);

/// <summary>A version of a template, ready to be rendered. Fields are compiled when they are first needed, once.</summary>
public sealed class PreparedTemplate
{
    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly Dictionary<string, CompiledLocale> _locales = new(StringComparer.OrdinalIgnoreCase);
    private readonly string _default;
    private readonly TimeProvider _time;

    internal PreparedTemplate(string key, long version, TemplateDocument document, TimeProvider time)
    {
        Key = key;
        Version = version;
        _time = time;
        _default = document.Default;
        foreach (var (tag, locale) in document.Locales)
        {
            _locales[tag] = new CompiledLocale(tag, locale);
        }
    }

    /// <summary>Its key.</summary>
    public string Key { get; }

    /// <summary>Its version, from 1; 0 is one that is not saved.</summary>
    public long Version { get; }

    /// <summary>Whether it has an email part.</summary>
    public bool HasEmail => _locales.Values.Any(locale => locale.Email is not null);

    /// <summary>
    /// The locale of this template that a user gets: the nearest to theirs (<c>de-AT</c>, then <c>de</c>), else the template's default. What is
    /// rendered for two users of the same event and locale is the same, unless <see cref="UsesUser"/>.
    /// </summary>
    public string LocaleFor(Profile? user, string fallbackLocale) => Nearest(user?.Locale ?? fallbackLocale);

    /// <summary>Whether what the inbox gets in a locale (of <see cref="LocaleFor"/>) depends on who it is for.</summary>
    public bool UsesUser(string locale) => Chain(locale).First(l => l.Inbox is not null).Inbox!.Value.UsesUser;

    /// <summary>Renders what the inbox shows.</summary>
    /// <param name="content">The event's: see <see cref="EventDraft.Content"/>.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="user">Who it is for, or null.</param>
    /// <param name="fallbackLocale">The locale of users who have none.</param>
    /// <returns>The content with title, body and url of the template; the rest as it was.</returns>
    /// <exception cref="TemplateException">It cannot be rendered with this event.</exception>
    public byte[] RenderInbox(ReadOnlyMemory<byte> content, Guid eventId, Profile? user, string fallbackLocale)
    {
        using var json = JsonDocument.Parse(content);
        var budget = new TemplateBudget(_time);
        var parts = Inbox(TemplateInput.Of(json.RootElement, eventId, null, user, budget), budget, LocaleFor(user, fallbackLocale));
        var result = new ArrayBufferWriter<byte>(content.Length + 256);
        using (var writer = new Utf8JsonWriter(result, Relaxed))
        {
            writer.WriteStartObject();
            foreach (var member in json.RootElement.EnumerateObject())
            {
                var rendered = member.Name switch
                {
                    "title" => new Maybe<string?>(parts.Title),
                    "body" => parts.Body,
                    "url" => parts.Url,
                    _ => default,
                };
                writer.WritePropertyName(member.Name);
                if (rendered.IsSet)
                {
                    writer.WriteStringValue(rendered.Value);
                }
                else
                {
                    writer.WriteRawValue(System.Runtime.InteropServices.JsonMarshal.GetRawUtf8Value(member.Value), skipInputValidation: true);
                }
            }

            writer.WriteEndObject();
        }

        return result.WrittenSpan.ToArray();
    }

    /// <summary>Renders the email; null where the template has no part for it.</summary>
    /// <exception cref="TemplateException">It cannot be rendered with this event.</exception>
    public EmailParts? RenderEmail(
        ReadOnlyMemory<byte> content, Guid eventId, DateTimeOffset? acceptedAt, Profile? user, string fallbackLocale)
    {
        using var json = JsonDocument.Parse(content);
        var budget = new TemplateBudget(_time);
        return Email(TemplateInput.Of(json.RootElement, eventId, acceptedAt, user, budget), budget, LocaleFor(user, fallbackLocale));
    }

    internal InboxParts Inbox(TemplateMap input, TemplateBudget budget, string locale)
    {
        var fields = Chain(locale).First(l => l.Inbox is not null).Inbox!.Value;
        var title = RenderedText.Line(fields.Title.Render(input, budget, "inbox.title"), EventLimits.MaxTitle, "inbox.title");
        if (JsonText.IsBlank(Encoding.UTF8.GetBytes(title)))
        {
            throw new TemplateException("template_no_title", "inbox.title: with this event nothing is left of it.");
        }

        return new InboxParts(
            title,
            fields.Body is { } body
                ? new(RenderedText.Lines(body.Render(input, budget, "inbox.body"), EventLimits.MaxBody, "inbox.body") is { Length: > 0 } text ? text : null)
                : default,
            fields.Url is { } url ? new(RenderedText.Link(url.Render(input, budget, "inbox.url"), "inbox.url")) : default);
    }

    internal EmailParts? Email(TemplateMap input, TemplateBudget budget, string locale)
    {
        if (Chain(locale).FirstOrDefault(l => l.Email is not null)?.Email!.Value is not { } fields)
        {
            return null;
        }

        var markdown = fields.Body.Render(input, budget, "email.body");
        return new EmailParts(
            RenderedText.Line(fields.Subject.Render(input, budget, "email.subject"), EventLimits.MaxTitle, "email.subject"),
            RenderedText.Lines(fields.Text?.Render(input, budget, "email.text") ?? MarkdownBody.Text(markdown), TemplateBudget.MaxLength, "email.text"),
            RenderedText.Bounded(MarkdownBody.Html(markdown), TemplateBudget.MaxLength, "email.body"));
    }

    internal string Nearest(string? wanted)
    {
        for (var tag = wanted; !string.IsNullOrEmpty(tag);)
        {
            if (_locales.TryGetValue(tag, out var locale))
            {
                return locale.Tag;
            }

            var end = tag.LastIndexOf('-');
            tag = end < 0 ? null : tag[..end];
        }

        return _locales[_default].Tag;
    }

    /// <summary>A locale, the ones above it, and the template's default.</summary>
    private IEnumerable<CompiledLocale> Chain(string wanted)
    {
        for (var tag = wanted; !string.IsNullOrEmpty(tag);)
        {
            if (_locales.TryGetValue(tag, out var locale))
            {
                yield return locale;
            }

            var end = tag.LastIndexOf('-');
            tag = end < 0 ? null : tag[..end];
        }

        yield return _locales[_default];
    }

    private sealed class CompiledLocale(string tag, LocaleTemplate source)
    {
        public string Tag => tag;

        public Lazy<InboxFields>? Inbox { get; } = source.Inbox is { } inbox ? new(() => new InboxFields(inbox)) : null;

        public Lazy<EmailFields>? Email { get; } = source.Email is { } email ? new(() => new EmailFields(email)) : null;
    }

    private sealed class InboxFields(InboxTemplate source)
    {
        public CompiledField Title { get; } = new(source.Title, FieldKind.Text);

        public CompiledField? Body { get; } = source.Body is { } body ? new(body, FieldKind.Text) : null;

        public CompiledField? Url { get; } = source.Url is { } url ? new(url, FieldKind.Link) : null;

        public bool UsesUser => Title.UsesUser || Body is { UsesUser: true } || Url is { UsesUser: true };
    }

    private sealed class EmailFields(EmailTemplate source)
    {
        public CompiledField Subject { get; } = new(source.Subject, FieldKind.Text);

        public CompiledField Body { get; } = new(source.Body, FieldKind.Markdown);

        public CompiledField? Text { get; } = source.Text is { } text ? new(text, FieldKind.Text) : null;
    }
}
