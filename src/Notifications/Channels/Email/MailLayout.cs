using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace Notifications.Channels.Email;

/// <summary>
/// The built-in look of a mail. Styles stand in the elements, because many mail programs read no others; what makes it dark stands in the head, where
/// those that can be dark read it. Everything that somebody sent is encoded.
/// </summary>
internal sealed class MailLayout
{
    private const string Font = "font-family:-apple-system,BlinkMacSystemFont,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";

    private const string Head =
        """
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width,initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="supported-color-schemes" content="light dark">
        <style>
        @media (prefers-color-scheme: dark) {
          .page { background: #15181d !important; }
          .card { background: #1f242b !important; border-color: #363d47 !important; }
          .title, .text { color: #f1f3f5 !important; }
          .quiet, .quiet a { color: #a9b1bb !important; }
          .line { border-color: #363d47 !important; }
          .link { color: #8ab8ff !important; }
          .button { background: #8ab8ff !important; color: #10141a !important; }
          .second { background: transparent !important; color: #8ab8ff !important; border-color: #8ab8ff !important; }
        }
        </style>
        """;

    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    private readonly StringBuilder _html = new(4_096);
    private readonly StringBuilder _text = new(1_024);

    /// <summary>Begins a mail.</summary>
    /// <param name="subject">Title of the document.</param>
    /// <param name="language">A BCP 47 tag, for screen readers.</param>
    public MailLayout(string subject, string language) => _html
        .Append("<!doctype html>\n<html lang=\"").Append(Encode(language)).Append("\" dir=\"auto\">\n<head>\n<title>").Append(Encode(subject)).Append("</title>\n")
        .Append(Head).Append("\n</head>\n<body class=\"page\" style=\"margin:0;padding:0;background:#f3f4f6;").Append(Font).Append("\">\n")
        .Append("<table role=\"presentation\" width=\"100%\" cellspacing=\"0\" cellpadding=\"0\" border=\"0\"><tr><td align=\"center\" style=\"padding:24px 12px\">\n")
        .Append("<table role=\"presentation\" width=\"100%\" cellspacing=\"0\" cellpadding=\"0\" border=\"0\" style=\"max-width:600px;text-align:start\"><tr>")
        .Append("<td class=\"card\" style=\"background:#ffffff;border:1px solid #dde1e6;border-radius:8px;padding:28px;overflow-wrap:anywhere\">\n");

    /// <summary>The heading of the whole mail.</summary>
    public MailLayout Heading(string text)
    {
        _html.Append("<h1 class=\"title\" style=\"margin:0 0 16px;font-size:22px;line-height:1.3;color:#16191d\">").Append(Encode(text)).Append("</h1>\n");
        _text.Append(text).Append("\n\n");
        return this;
    }

    /// <summary>The heading of a group.</summary>
    public MailLayout Group(string text)
    {
        _html.Append("<h2 class=\"quiet\" style=\"margin:24px 0 4px;font-size:14px;line-height:1.4;color:#5a626d\">").Append(Encode(text)).Append("</h2>\n");
        _text.Append("== ").Append(text).Append(" ==\n\n");
        return this;
    }

    /// <summary>One of several notifications: its title, as a link where it has one, when it came, and its text.</summary>
    public MailLayout Entry(MailContent content, DateTimeOffset at)
    {
        var when = at.UtcDateTime.ToString("yyyy-MM-dd HH:mm 'UTC'", System.Globalization.CultureInfo.InvariantCulture);
        _html.Append("<div class=\"line\" style=\"border-top:1px solid #dde1e6;padding:12px 0\">\n")
            .Append("<h3 class=\"title\" style=\"margin:0;font-size:16px;line-height:1.4;color:#16191d\">");
        if (content.Url is { } url)
        {
            _html.Append("<a class=\"link\" href=\"").Append(Encode(url)).Append("\" style=\"color:#1557b8\">").Append(Encode(content.Title)).Append("</a>");
        }
        else
        {
            _html.Append(Encode(content.Title));
        }

        _html.Append("</h3>\n<p class=\"quiet\" style=\"margin:2px 0 6px;font-size:13px;color:#5a626d\">").Append(when).Append("</p>\n");
        _text.Append("* ").Append(content.Title).Append("\n  ").Append(when).Append('\n');
        if (content.Url is { } link)
        {
            _text.Append("  ").Append(link).Append('\n');
        }

        _text.Append('\n');
        Body(content.Body);
        _html.Append("</div>\n");
        return this;
    }

    /// <summary>A picture, which says nothing that the text does not.</summary>
    public MailLayout Image(string? url)
    {
        if (url is not null)
        {
            _html.Append("<img src=\"").Append(Encode(url)).Append(
                "\" alt=\"\" style=\"display:block;max-width:100%;height:auto;border:0;border-radius:6px;margin:0 0 16px\">\n");
        }

        return this;
    }

    /// <summary>Plain text: empty lines divide paragraphs, other line ends stay.</summary>
    public MailLayout Body(string text)
    {
        foreach (var paragraph in text.Split("\n\n", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            _html.Append("<p class=\"text\" style=\"margin:0 0 14px;font-size:16px;line-height:1.5;color:#16191d\">")
                .Append(string.Join("<br>\n", paragraph.Split('\n').Select(Encode))).Append("</p>\n");
        }

        if (text.Length > 0)
        {
            _text.Append(text).Append("\n\n");
        }

        return this;
    }

    /// <summary>Buttons; the first one stands out.</summary>
    public MailLayout Buttons(IEnumerable<MailAction> actions)
    {
        const string Shape = "display:inline-block;margin:6px 8px 6px 0;padding:10px 18px;border-radius:6px;font-size:16px;font-weight:600;text-decoration:none;";
        var first = true;
        foreach (var action in actions)
        {
            _html.Append(first ? "<a class=\"button\" href=\"" : "<a class=\"second\" href=\"").Append(Encode(action.Url)).Append("\" style=\"").Append(Shape)
                .Append(first ? "background:#1557b8;color:#ffffff;border:1px solid transparent" : "background:transparent;color:#1557b8;border:1px solid #1557b8")
                .Append("\">").Append(Encode(action.Label)).Append("</a>\n");
            _text.Append(action.Label).Append(": ").Append(action.Url).Append('\n');
            first = false;
        }

        if (!first)
        {
            _text.Append('\n');
        }

        return this;
    }

    /// <summary>Ends the mail: why it came and how to stop it.</summary>
    /// <param name="why">A sentence.</param>
    /// <param name="link">How to stop it, or null.</param>
    public MailParts Footer(string why, MailAction? link)
    {
        _html.Append("</td></tr><tr><td class=\"quiet\" style=\"padding:16px 28px;font-size:13px;line-height:1.5;color:#5a626d\">\n<p style=\"margin:0\">")
            .Append(Encode(why));
        _text.Append("-- \n").Append(why).Append('\n');
        if (link is not null)
        {
            _html.Append(" <a href=\"").Append(Encode(link.Url)).Append("\" style=\"color:#5a626d\">").Append(Encode(link.Label)).Append("</a>");
            _text.Append(link.Label).Append(": ").Append(link.Url).Append('\n');
        }

        _html.Append("</p>\n</td></tr></table>\n</td></tr></table>\n</body>\n</html>\n");
        return new MailParts(_text.ToString(), _html.ToString());
    }

    private static string Encode(string text) => Encoder.Encode(text);
}

/// <summary>The two forms of a mail's text.</summary>
internal readonly record struct MailParts(string Text, string Html);
