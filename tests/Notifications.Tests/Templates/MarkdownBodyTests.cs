using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using FsCheck;
using FsCheck.Fluent;
using Notifications.Templates;
using Notifications.Tests.Storage;

namespace Notifications.Tests.Templates;

/// <summary>What values become in the Markdown of an email.</summary>
public sealed partial class MarkdownBodyTests
{
    [Theory]
    [InlineData("<script>alert(1)</script>")]
    [InlineData("<img src=x onerror=alert(1)>")]
    [InlineData("**bold** _it_ `code` ~~gone~~")]
    [InlineData("# heading")]
    [InlineData("- item")]
    [InlineData("1. item")]
    [InlineData("> quote")]
    [InlineData("| a | b |\n|---|---|\n| 1 | 2 |")]
    [InlineData("[click](https://evil.example)")]
    [InlineData("[x]: https://evil.example")]
    [InlineData("![x](https://evil.example/x.png)")]
    [InlineData("<https://evil.example>")]
    [InlineData("https://evil.example")]
    [InlineData("&lt;b&gt; &#60; &amp;")]
    [InlineData("a\n\n    code\n\n```\nfence\n```")]
    [InlineData("---")]
    [InlineData("text\n===")]
    [InlineData("\\*\\_\\<")]
    [InlineData("{{data.x}} {.class onclick=alert(1)}")]
    [InlineData("\uE03Cb\uE03E")]
    public void A_value_is_text_and_nothing_else(string value)
    {
        foreach (var template in new[] { "{{data.v}}", "Dear {{data.v}}, hi", "**{{data.v}}**", "- {{data.v}}", "# {{data.v}}", "`{{data.v}}`", "> {{data.v}}" })
        {
            var html = Html(template, value);
            var expected = Html(template, "word");
            Assert.Equal(Tags().Matches(expected).Select(m => m.Value), Tags().Matches(html).Select(m => m.Value).Where(t => t != "<br />"));
            Assert.Contains(Squeezed(value.Replace("\uE03C", "\uFFFD").Replace("\uE03E", "\uFFFD")), Squeezed(WebUtility.HtmlDecode(Tags().Replace(html, " "))));
        }
    }

    [Fact]
    public void Whatever_a_value_is_it_adds_no_tags() => Prop.ForAll(
        Gen.Zip(Texts.Any, Gen.Elements("{{data.v}}", "*{{data.v}}*", "[{{data.v}}](https://example.com)", "- {{data.v}}\n- x", "|a|b|\n|-|-|\n|{{data.v}}|x|", "`{{data.v}}`"), (value, template) => (value, template)).ToArbitrary(),
        t =>
        {
            var expected = Tags().Matches(Html(t.template, "word")).Select(m => m.Value);
            Assert.Equal(expected, Tags().Matches(Html(t.template, t.value + "x")).Select(m => m.Value).Where(tag => tag != "<br />"));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    [Theory]
    [InlineData("[x]({{data.v}})", "https://example.com/a_b?c=1&d=(2)", "<a href=\"https://example.com/a_b?c=1&amp;d=(2)\">x</a>")]
    [InlineData("[{{data.v}}]({{data.v}})", "https://example.com/", "<a href=\"https://example.com/\">https://example.com/</a>")]
    [InlineData("[x](https://example.com/{{data.v}})", "a b\"c", "x")]
    [InlineData("[x]({{data.v}})", "javascript:alert(1)", "x")]
    [InlineData("[x]({{data.v}})", "JaVaScRiPt:alert(1)", "x")]
    [InlineData("[x]({{data.v}})", "data:text/html,x", "x")]
    [InlineData("[x]({{data.v}})", "//evil.example", "x")]
    [InlineData("[x]({{data.v}})", "https://a@evil.example/", "x")]
    [InlineData("[x]({{data.v}})", "https://example.com/) [y](javascript:1", "x")]
    [InlineData("[x]({{data.v}} \"t\")", "https://example.com/", "<a href=\"https://example.com/\" title=\"t\">x</a>")]
    [InlineData("[x](https://example.com \"{{data.v}}\")", "a\" onclick=\"b\n<c>", "<a href=\"https://example.com\" title=\"a&quot; onclick=&quot;b &lt;c&gt;\">x</a>")]
    [InlineData("![{{data.v}}](https://example.com/x.png)", "a\"<b>\nc", "<img src=\"https://example.com/x.png\" alt=\"a&quot;&lt;b&gt; c\" />")]
    [InlineData("![x]({{data.v}})", "mailto:a@example.com", "x")]
    [InlineData("[x]({{data.v}})", "mailto:a@example.com", "<a href=\"mailto:a@example.com\">x</a>")]
    [InlineData("[x](javascript:alert(1)) <javascript:alert(1)> <https://example.com/>{{data.v}}", "", "x javascript:alert(1) <a href=\"https://example.com/\">https://example.com/</a>")]
    [InlineData("[x][r] {{data.v}}\n\n[r]: javascript:alert(1)", "y", "x y")]
    [InlineData("<b onclick=x>{{data.v}}</b>", "y", "&lt;b onclick=x&gt;y&lt;/b&gt;")]
    [InlineData("one {{data.v}}", "line\ntwo", "one line<br />\ntwo")]
    public void Links_go_where_they_may(string template, string value, string html) => Assert.Equal($"<p>{html}</p>", Html(template, value).Trim());

    [Fact]
    public void What_is_written_in_Markdown_is_formatted()
    {
        var html = Html("# Hi\n\n{{#each data.v}}- **{{this}}**\n{{/each}}\n\n| a | b |\n|---|---|\n| 1 | ~~2~~ |", "x", list: true);
        Assert.Contains("<h1>Hi</h1>", html);
        Assert.Contains("<li><strong>x</strong></li>\n<li><strong>x</strong></li>", html);
        Assert.Contains("<td><del>2</del></td>", html);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("![")]
    [InlineData("*a ")]
    [InlineData("_a_")]
    [InlineData("`")]
    [InlineData("[a](")]
    [InlineData("<")]
    [InlineData("|")]
    [InlineData("> ")]
    [InlineData("- ")]
    [InlineData("a**b")]
    [InlineData("[a]: b\n")]
    [InlineData("&")]
    [InlineData("~")]
    public void Markdown_that_is_hard_to_parse_is_rendered_or_refused(string part)
    {
        try
        {
            Assert.NotEmpty(MarkdownBody.Html(string.Concat(Enumerable.Repeat(part, 65_536 / part.Length))));
        }
        catch (TemplateException e)
        {
            Assert.Contains(e.Reason, (string[])["template_too_slow", "template_failed"]);
        }
    }

    private static string Html(string template, string value, bool list = false)
    {
        var document = new TemplateDocument
        {
            Locales = new Dictionary<string, LocaleTemplate>
            {
                ["en"] = new() { Inbox = new InboxTemplate { Title = "t" }, Email = new EmailTemplate { Subject = "s", Body = template } },
            },
        };
        var content = JsonSerializer.SerializeToUtf8Bytes(new { type = "t", data = new { v = list ? new[] { value, value } : (object)value } });
        return new PreparedTemplate("t", 1, document, TimeProvider.System)
            .RenderEmail(content, Guid.CreateVersion7(), null, null, "en")!.Html;
    }

    private static string Squeezed(string text) => string.Concat(text.Where(c => !char.IsWhiteSpace(c)));

    [GeneratedRegex("<[^>]*>")]
    private static partial Regex Tags();
}
