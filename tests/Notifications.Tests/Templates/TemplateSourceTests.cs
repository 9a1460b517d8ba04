using Notifications.Templates;

namespace Notifications.Tests.Templates;

/// <summary>What a template may say.</summary>
public sealed class TemplateSourceTests
{
    [Theory]
    [InlineData("{{> header}}")]
    [InlineData("{{>header}}")]
    [InlineData("{{#> layout}}x{{/layout}}")]
    [InlineData("{{#*inline \"x\"}}x{{/inline}}")]
    [InlineData("{{*decorator}}")]
    [InlineData("{{{{raw}}}}x{{{{/raw}}}}")]
    [InlineData("{{!< layout}}{{log \"x\"}}")]
    [InlineData("{{&data.x}}")]
    [InlineData("{{log data.x}}")]
    [InlineData("{{shout data.x}}")]
    [InlineData("{{#data.items}}x{{/data.items}}")]
    [InlineData("{{^data.items}}x{{/data.items}}")]
    [InlineData("{{#shout}}x{{/shout}}")]
    [InlineData("{{#if}}x{{/if}}")]
    [InlineData("{{#if a b}}x{{/if}}")]
    [InlineData("{{#if a includeZero=true}}x{{/if}}")]
    [InlineData("{{#if a}}x")]
    [InlineData("{{#if a}}x{{/each}}")]
    [InlineData("{{#if a}}{{#each b}}{{/if}}{{/each}}")]
    [InlineData("x{{/if}}")]
    [InlineData("{{else}}")]
    [InlineData("{{#if a}}{{else}}{{else}}{{/if}}")]
    [InlineData("{{#if a}}{{else}}{{else if b}}{{/if}}")]
    [InlineData("{{#each a}}{{else if b}}{{/each}}")]
    [InlineData("{{#if a as |b|}}x{{/if}}")]
    [InlineData("{{#each a as |b c d|}}x{{/each}}")]
    [InlineData("{{#each a as b}}x{{/each}}")]
    [InlineData("{{a")]
    [InlineData("{{a}")]
    [InlineData("{{a}}}")]
    [InlineData("{{{a}}")]
    [InlineData("{{}}")]
    [InlineData("{{ }}")]
    [InlineData("{{!-- never ends }}")]
    [InlineData("\\{{a}}")]
    [InlineData("\\\\{{a}}")]
    [InlineData("{{a b=c}}")]
    [InlineData("{{eq a}}")]
    [InlineData("{{eq a b c}}")]
    [InlineData("{{eq (a) b}}")]
    [InlineData("{{eq (not a b}}")]
    [InlineData("{{eq a b))}}")]
    [InlineData("{{lookup}}")]
    [InlineData("{{Lookup a b}}")]
    [InlineData("{{if}}")]
    [InlineData("{{a.b()}}")]
    [InlineData("{{a->b}}")]
    [InlineData("{{'text'")]
    [InlineData("{{a..b}}")]
    [InlineData("{{a.[b}}")]
    [InlineData("{{a.'b'}}")]
    [InlineData("{{a|b}}")]
    [InlineData("{{@partial-block}}{{> @partial-block}}")]
    public void What_is_not_understood_is_refused(string template) => Assert.Throws<TemplateSyntaxException>(() => new CompiledField(template, FieldKind.Text));

    [Theory]
    [InlineData("no expressions, { braces } and }} too")]
    [InlineData("\\ \\\\ \\n")]
    [InlineData("{{a}} {{a.b}} {{a/b}} {{./a}} {{../a}} {{../../a.b}} {{this}} {{this.a}} {{.}} {{..}}")]
    [InlineData("{{a.[b c]}} {{[a-b].c}} {{a.0.b}} {{a-b}} {{größe}} {{@root.a}}")]
    [InlineData("{{ a }} {{~a~}} {{{a}}} {{\"text\"}} {{'it is \"so\"'}} {{\"it's\"}}")]
    [InlineData("{{#if a}}1{{else if b}}2{{else if (eq c 3)}}3{{^}}4{{/if}}")]
    [InlineData("{{#each a as |item index|}}{{@index}}{{@key}}{{@first}}{{@last}}{{item.b}}{{/each}}")]
    [InlineData("{{#with a as |b|}}{{b.c}}{{else}}none{{/with}}")]
    [InlineData("{{~#if a~}} x {{~else~}} y {{~/if~}}")]
    [InlineData("{{# if a}}x{{/ if }}")]
    [InlineData("{{default (lookup a \"b\") (default c -1) true}}")]
    [InlineData("{{!}}{{! short }}{{!-- {{long}} --}}")]
    public void What_is_understood_compiles(string template) => _ = new CompiledField(template, FieldKind.Text);

    [Fact]
    public void A_mistake_is_told_with_its_line()
    {
        var thrown = Assert.Throws<TemplateSyntaxException>(() => TemplateSource.Parse("one\ntwo\n{{#if a}}\nthree{{/each}}", raw: true));
        Assert.StartsWith("line 4: ", thrown.Message);
        thrown = Assert.Throws<TemplateSyntaxException>(() => TemplateSource.Parse("one\n{{#if a}}\nthree", raw: true));
        Assert.StartsWith("line 2: ", thrown.Message);
    }

    [Fact]
    public void Nesting_is_bounded_so_that_no_template_exhausts_the_stack()
    {
        _ = new CompiledField(Nested(TemplateSource.MaxDepth), FieldKind.Text);
        Assert.Throws<TemplateSyntaxException>(() => new CompiledField(Nested(TemplateSource.MaxDepth + 1), FieldKind.Text));
        Assert.Throws<TemplateSyntaxException>(() => new CompiledField(Nested(5_000), FieldKind.Text));
        Assert.Throws<TemplateSyntaxException>(() => new CompiledField("{{#if a}}" + Repeat("{{else if b}}", 1_000) + "{{/if}}", FieldKind.Text));
        Assert.Throws<TemplateSyntaxException>(() => new CompiledField("{{" + Repeat("not (", 50) + "a" + Repeat(")", 50) + "}}", FieldKind.Text));
        Assert.Throws<TemplateSyntaxException>(() => new CompiledField(Repeat("{{a}}", TemplateSource.MaxExpressions + 1), FieldKind.Text));
        _ = new CompiledField(Repeat("{{a}}", TemplateSource.MaxExpressions), FieldKind.Text);

        static string Nested(int depth) => Repeat("{{#if a}}", depth) + Repeat("{{/if}}", depth);
    }

    [Fact]
    public void A_document_is_bounded_as_a_whole()
    {
        var locale = new LocaleTemplate { Inbox = new InboxTemplate { Title = Repeat("{{a}}", 300), Body = Repeat("{{a}}", 300) } };
        var document = new TemplateDocument { DefaultLocale = "en", Locales = new[] { "en", "de", "fr" }.ToDictionary(tag => tag, _ => locale) };
        Assert.Empty(document.Validate());
        document = document with { Locales = new[] { "en", "de", "fr", "it" }.ToDictionary(tag => tag, _ => locale) };
        Assert.Equal("locales", Assert.Single(document.Validate()).Key);
    }

    [Fact]
    public void Unescaped_values_are_refused_in_Markdown()
    {
        Assert.Throws<TemplateSyntaxException>(() => new CompiledField("{{{data.html}}}", FieldKind.Markdown));
        _ = new CompiledField("{{data.html}}", FieldKind.Markdown);
    }

    private static string Repeat(string text, int count) => string.Concat(Enumerable.Repeat(text, count));
}
