using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using Notifications.Events;

namespace Notifications.Templates;

/// <summary>What a notification looks like in the inbox. All of it is plain text with <c>{{…}}</c>.</summary>
public sealed record InboxTemplate
{
    /// <summary>Takes the place of the event's title.</summary>
    public required string Title { get; init; }

    /// <summary>Takes the place of the event's body; absent leaves that.</summary>
    public string? Body { get; init; }

    /// <summary>Takes the place of the event's url; absent leaves that.</summary>
    public string? Url { get; init; }
}

/// <summary>What a notification looks like as an email.</summary>
public sealed record EmailTemplate
{
    /// <summary>Plain text.</summary>
    public required string Subject { get; init; }

    /// <summary>Markdown.</summary>
    public required string Body { get; init; }

    /// <summary>The part for readers without HTML; absent is made of the body.</summary>
    public string? Text { get; init; }
}

/// <summary>A template in one language. A part that is absent is taken from the next locale in line.</summary>
public sealed record LocaleTemplate
{
    /// <summary>For the inbox.</summary>
    public InboxTemplate? Inbox { get; init; }

    /// <summary>For email.</summary>
    public EmailTemplate? Email { get; init; }
}

/// <summary>A template: what events that name it look like, by locale and channel.</summary>
public sealed partial record TemplateDocument
{
    /// <summary>Bytes of the largest document.</summary>
    public const int MaxBytes = 64 * 1024;

    private const int MaxLocales = 50;
    private const int MaxErrors = 20;

    /// <summary>The locale of whoever has none that is in here; may be left out where there is only one.</summary>
    public string? DefaultLocale { get; init; }

    /// <summary>By BCP 47 tag, such as <c>de</c> or <c>de-AT</c>.</summary>
    public required IReadOnlyDictionary<string, LocaleTemplate> Locales { get; init; }

    /// <summary><see cref="DefaultLocale"/>, or the only one.</summary>
    [JsonIgnore]
    public string Default => DefaultLocale ?? Locales.Keys.First();

    /// <summary>What is wrong with the document, by field; empty where nothing is. Compiles every field of it.</summary>
    public Dictionary<string, string[]> Validate()
    {
        var errors = new Dictionary<string, string[]>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        if (Locales.Count is 0 or > MaxLocales)
        {
            errors["locales"] = [$"must hold 1 to {MaxLocales} locales"];
            return errors;
        }

        if (DefaultLocale is null && Locales.Count > 1)
        {
            errors["defaultLocale"] = ["is required where there are several locales"];
            return errors;
        }

        foreach (var (tag, locale) in Locales)
        {
            if (!IsLocale(tag) || !seen.Add(tag))
            {
                errors["locales"] = [$"\"{(tag.Length > 40 ? tag[..40] : tag)}\" is no language tag such as en or de-AT, or is given twice"];
                return errors;
            }

            if (locale is null)
            {
                errors[$"locales.{tag}"] = ["must not be null"];
                continue;
            }

            Check(locale, $"locales.{tag}", errors);
            if (errors.Count >= MaxErrors)
            {
                return errors;
            }
        }

        var standard = Locales.FirstOrDefault(l => l.Key.Equals(Default, StringComparison.OrdinalIgnoreCase)).Value;
        if (!seen.Contains(Default))
        {
            errors["defaultLocale"] = ["must be one of the locales"];
        }
        else if (standard is { Inbox: null })
        {
            errors.TryAdd($"locales.{Default}.inbox", ["is required in the default locale"]);
        }

        return errors;
    }

    /// <summary>Whether a text may be the tag of a locale.</summary>
    public static bool IsLocale(string tag) => tag.Length <= 35 && LocaleTag().IsMatch(tag);

    private static void Check(LocaleTemplate locale, string path, Dictionary<string, string[]> errors)
    {
        if (locale.Inbox is { } inbox)
        {
            Check(inbox.Title, FieldKind.Text, $"{path}.inbox.title", errors);
            Check(inbox.Body, FieldKind.Text, $"{path}.inbox.body", errors, mayBeEmpty: true);
            Check(inbox.Url, FieldKind.Link, $"{path}.inbox.url", errors, mayBeEmpty: true);
        }

        if (locale.Email is { } email)
        {
            Check(email.Subject, FieldKind.Text, $"{path}.email.subject", errors);
            Check(email.Body, FieldKind.Markdown, $"{path}.email.body", errors);
            Check(email.Text, FieldKind.Text, $"{path}.email.text", errors, mayBeEmpty: true);
        }

        if (locale is { Inbox: null, Email: null })
        {
            errors[path] = ["must hold inbox, email or both"];
        }
    }

    private static void Check(string? text, FieldKind kind, string path, Dictionary<string, string[]> errors, bool mayBeEmpty = false)
    {
        if (text is null)
        {
            return;
        }

        if (string.IsNullOrWhiteSpace(text) && !mayBeEmpty)
        {
            errors[path] = ["must not be blank"];
            return;
        }

        if (!JsonText.IsSound(text))
        {
            errors[path] = [JsonText.Unsound];
            return;
        }

        try
        {
            _ = new CompiledField(text, kind);
        }
        catch (TemplateSyntaxException e)
        {
            errors[path] = [e.Message];
        }
    }

    [GeneratedRegex("^[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,4}$")]
    private static partial Regex LocaleTag();
}
