using System.Buffers;
using System.Net;
using System.Text;
using Markdig;
using Markdig.Renderers;
using Markdig.Renderers.Html.Inlines;
using Markdig.Syntax.Inlines;
using Notifications.Events;

namespace Notifications.Templates;

/// <summary>
/// Email bodies. Values are put into the Markdown with everything that is not a letter or digit replaced by private-use characters, which mean
/// nothing to Markdown whatever its rules, and get their characters back, HTML-encoded, in what it was turned into. So a value is never markup:
/// not in text, code, a table or the target of a link. Links other than <c>https</c>, <c>http</c> and <c>mailto</c> become text.
/// </summary>
internal static class MarkdownBody
{
    /// <summary>The stand-in of U+0000; U+E000 and U+E07F are in Unicode's private-use area.</summary>
    private const char First = '\uE000';
    private const char Last = '\uE07F';

    private static readonly SearchValues<char> Letters = SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");

    private static readonly MarkdownPipeline Pipeline = new MarkdownPipelineBuilder().DisableHtml().UsePipeTables().UseEmphasisExtras().Build();

    /// <summary>A value as it goes into the Markdown.</summary>
    public static string Encode(string value)
    {
        if (!value.AsSpan().ContainsAnyExcept(Letters))
        {
            return value;
        }

        var text = new StringBuilder(value.Length);
        foreach (var c in value)
        {
            if (c is >= First and <= Last)
            {
                text.Append('\uFFFD');
            }
            else if (c >= 0x80)
            {
                // Beyond ASCII: white space and line separators would split a link or a line.
                text.Append(char.IsControl(c) || char.IsWhiteSpace(c) ? (char)(First + ' ') : c);
            }
            else if (char.IsAsciiLetterOrDigit(c))
            {
                text.Append(c);
            }
            else if (c is '\n' or '\t' or >= ' ' and < (char)0x7F)
            {
                text.Append((char)(First + c));
            }
        }

        return text.ToString();
    }

    /// <summary>The Markdown as plain text.</summary>
    public static string Text(string markdown) => string.Create(markdown.Length, markdown, static (text, source) =>
    {
        for (var i = 0; i < text.Length; i++)
        {
            text[i] = Plain(source[i]);
        }
    });

    /// <summary>The Markdown as HTML.</summary>
    /// <exception cref="TemplateException">It nests too deeply.</exception>
    public static string Html(string markdown)
    {
        using var writer = new StringWriter();
        var renderer = new HtmlRenderer(writer);
        Pipeline.Setup(renderer);
        renderer.ObjectRenderers.ReplaceOrAdd<LinkInlineRenderer>(new SafeLinks());
        renderer.ObjectRenderers.ReplaceOrAdd<AutolinkInlineRenderer>(new SafeAutolinks());
        try
        {
            renderer.Render(Markdown.Parse(markdown, Pipeline));
        }
        catch (ArgumentException e)
        {
            throw new TemplateException("template_failed", $"email.body: {e.Message}");
        }

        return Restore(writer.ToString());
    }

    /// <summary>Gives the values' characters back, HTML-encoded; a line break is one in text and a space in an attribute.</summary>
    private static string Restore(string html)
    {
        if (!html.AsSpan().ContainsAnyInRange(First, Last))
        {
            return html;
        }

        var text = new StringBuilder(html.Length);
        var inTag = false;
        foreach (var c in html)
        {
            // The renderer has encoded every < and > that is not its own.
            inTag = c switch { '<' => true, '>' => false, _ => inTag };
            _ = c switch
            {
                < First or > Last => text.Append(c),
                (char)(First + '\n') => text.Append(inTag ? " " : "<br />\n"),
                _ => text.Append(WebUtility.HtmlEncode(Plain(c).ToString())),
            };
        }

        return text.ToString();
    }

    private static char Plain(char c) => c is >= First and <= Last ? (char)(c - First) : c;

    private static bool IsSafe(string? url, bool mail) =>
        url is { Length: > 0 and <= EventLimits.MaxUrl } && Links.Fault(Encoding.UTF8.GetBytes(url), mail) is null;

    private sealed class SafeLinks : LinkInlineRenderer
    {
        protected override void Write(HtmlRenderer renderer, LinkInline link)
        {
            var url = Text(link.GetDynamicUrl?.Invoke() ?? link.Url ?? "");
            if (IsSafe(url, mail: !link.IsImage))
            {
                link.GetDynamicUrl = null;
                link.Url = url;
                base.Write(renderer, link);
            }
            else
            {
                renderer.WriteChildren(link);
            }
        }
    }

    private sealed class SafeAutolinks : AutolinkInlineRenderer
    {
        protected override void Write(HtmlRenderer renderer, AutolinkInline link)
        {
            if (IsSafe(link.IsEmail ? "mailto:" + link.Url : link.Url, mail: true))
            {
                base.Write(renderer, link);
            }
            else
            {
                renderer.WriteEscape(link.Url);
            }
        }
    }
}
