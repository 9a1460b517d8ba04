using System.Text;
using Notifications.Events;

namespace Notifications.Templates;

/// <summary>Makes what was rendered fit for where it goes.</summary>
internal static class RenderedText
{
    /// <summary>One line: line breaks and tabs become spaces, other control characters go.</summary>
    public static string Line(string text, int max, string field)
    {
        var line = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            var white = char.IsWhiteSpace(c);
            if (white ? line.Length > 0 && line[^1] != ' ' : !char.IsControl(c))
            {
                line.Append(white ? ' ' : c);
            }
        }

        return Bounded(line.ToString().TrimEnd(), max, field);
    }

    /// <summary>Text of several lines: control characters other than tabs and line breaks go, and white space around it.</summary>
    public static string Lines(string text, int max, string field) =>
        Bounded(string.Concat(text.Where(c => c is '\n' or '\r' or '\t' || !char.IsControl(c))).Trim(), max, field);

    /// <summary>A link, or null where nothing is left of it.</summary>
    public static string? Link(string text, string field)
    {
        var link = Bounded(text.Trim(), EventLimits.MaxUrl, field);
        return link.Length == 0 ? null
            : Links.Fault(Encoding.UTF8.GetBytes(link), mail: true) is { } fault ? throw new TemplateException("template_invalid_url", $"{field}: {fault}")
            : link;
    }

    /// <summary>The text, where it is short enough.</summary>
    /// <exception cref="TemplateException">It is not.</exception>
    public static string Bounded(string text, int max, string field) => text.Length > max && JsonText.Length(Encoding.UTF8.GetBytes(text)) > max
        ? throw new TemplateException("template_too_large", $"{field}: it is longer than {max} characters.")
        : text;
}
