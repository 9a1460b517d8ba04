using System.Text;
using System.Text.Json;
using Notifications.Templates;
using Notifications.Users;

namespace Notifications.Tests.Templates;

/// <summary>What comes out of a template.</summary>
public sealed class TemplateRenderingTests
{
    private const string Content = """
        {"type":"order.shipped","title":"Shipped","body":null,"url":"https://example.com/orders/42","imageUrl":null,
        "data":{"id":"A/42?x","name":"Zoë <b>*x*</b>","total":12.50,"count":0,"paid":true,"none":null,"lines":["one\ntwo","# three","[x](javascript:alert(1))"],
        "items":[{"sku":"a-1","qty":2},{"sku":"b_2","qty":1}],"empty":[]},"actions":[{"id":null,"label":"Track","url":null,"primary":true}],
        "category":"orders","priority":"normal"}
        """;

    private static readonly Guid EventId = Guid.Parse("01a20269c6867af99c4258b33f98e0d9");

    private static readonly Profile Alice = new() { UserId = "alice", Name = "Alice & Co", Email = "alice@example.com", Locale = "de-AT" };

    [Theory]
    [InlineData("{{event.title}}: {{data.id}}", "Shipped: A/42?x")]
    [InlineData("{{data.name}}", "Zoë <b>*x*</b>")]
    [InlineData("{{{data.name}}}", "Zoë <b>*x*</b>")]
    [InlineData("{{data.total}} {{data.paid}} {{data.none}}|{{data.missing.deeper}}|{{data.count}}", "12.50 true ||0")]
    [InlineData("{{#if data.count}}some{{else}}none{{/if}}", "none")]
    [InlineData("{{#if data.empty}}some{{else if data.paid}}paid{{else}}none{{/if}}", "paid")]
    [InlineData("{{#unless data.paid}}open{{else}}closed{{/unless}}", "closed")]
    [InlineData("{{#each data.items}}{{@index}}:{{sku}}x{{qty}}{{#unless @last}}, {{/unless}}{{/each}}", "0:a-1x2, 1:b_2x1")]
    [InlineData("{{#each data.items as |item at|}}{{at}}{{item.sku}}{{../event.category}} {{/each}}", "0a-1orders 1b_2orders")]
    [InlineData("{{#each data.empty}}x{{else}}nothing{{/each}}", "nothing")]
    [InlineData("{{#each data.name}}x{{else}}no list{{/each}}", "no list")]
    [InlineData("{{#with data.items.[0]}}{{sku}}{{/with}} {{data.items.1.sku}} {{data.items.length}}", "a-1 b_2 2")]
    [InlineData("{{lookup data \"id\"}} {{lookup (lookup data.items 1) 'sku'}}", "A/42?x b_2")]
    [InlineData("{{#if (eq data.total 12.5)}}no{{/if}}x", "line 1: 12.5 is not a value")]
    [InlineData("{{#if (and data.paid (gt data.total 12))}}dear{{/if}} {{#if (or data.none data.count)}}a{{else}}b{{/if}}", "dear b")]
    [InlineData("{{default data.missing data.none \"it's\"}}", "it's")]
    [InlineData("a{{!-- {{note}} --}}b{{! short }}c", "abc")]
    [InlineData("a {{~event.type~}} b", "aorder.shippedb")]
    [InlineData("{{data.name.Length}}{{data.name.length}}{{data.items.Count}}", "14")]
    [InlineData("{{event.createdAt}} {{event.id}} {{event.priority}}", "2026-11-22T08:40:16.262Z evt_01a20269c6867af99c4258b33f98e0d9 normal")]
    [InlineData("{{user.name}} {{user.id}} {{user.email}} {{user.locale}}", "Alice & Co alice alice@example.com de-AT")]
    [InlineData("two\nlines\tand  more ", "two lines and more")]
    public void A_title_shows_the_values_it_names(string template, string title)
    {
        string result;
        try
        {
            result = Member(Render(new InboxTemplate { Title = template }), "title")!;
        }
        catch (TemplateSyntaxException e)
        {
            result = e.Message;
        }

        Assert.Equal(title, result);
    }

    [Fact]
    public void Everything_but_title_body_and_url_stays_as_it_was()
    {
        var content = Render(new InboxTemplate { Title = "T", Body = "{{#each data.lines}}{{this}};\n{{/each}}", Url = "https://shop.example/{{data.id}}" });
        Assert.Equal("one\ntwo;\n# three;\n[x](javascript:alert(1));", Member(content, "body"));
        Assert.Equal("https://shop.example/A%2F42%3Fx", Member(content, "url"));
        using var before = JsonDocument.Parse(Content);
        using var after = JsonDocument.Parse(content);
        Assert.Equal(before.RootElement.EnumerateObject().Select(m => m.Name), after.RootElement.EnumerateObject().Select(m => m.Name));
        foreach (var name in new[] { "type", "imageUrl", "data", "actions", "category", "priority" })
        {
            Assert.Equal(before.RootElement.GetProperty(name).GetRawText(), after.RootElement.GetProperty(name).GetRawText());
        }

        var plain = Render(new InboxTemplate { Title = "T" });
        Assert.Equal("https://example.com/orders/42", Member(plain, "url"));
    }

    [Theory]
    [InlineData("{{event.url}}", "https://example.com/orders/42")]
    [InlineData("{{event.url}}?from={{data.name}}", "https://example.com/orders/42?from=Zo%C3%AB%20%3Cb%3E%2Ax%2A%3C%2Fb%3E")]
    [InlineData("{{{event.url}}}/{{{data.id}}}", "https://example.com/orders/42/A/42?x")]
    [InlineData("{{data.missing}}", null)]
    public void A_link_is_made_of_encoded_values(string template, string? url) =>
        Assert.Equal(url, Member(Render(new InboxTemplate { Title = "T", Url = template }), "url"));

    [Theory]
    [InlineData("{{data.name}}")]
    [InlineData("javascript:alert(1)")]
    [InlineData("/orders/{{data.id}}")]
    [InlineData("https://{{{data.name}}}/")]
    public void A_link_that_is_not_safe_is_refused(string template)
    {
        var thrown = Assert.Throws<TemplateException>(() => Render(new InboxTemplate { Title = "T", Url = template }));
        Assert.Equal("template_invalid_url", thrown.Reason);
    }

    [Theory]
    [InlineData("{{data.missing}}", "template_no_title")]
    [InlineData("{{#each data.lines}}{{#each ../data.lines}}{{#each ../../data.lines}}{{#each ../../../data.lines}}{{#each ../../../../data.lines}}{{#each ../../../../../data.lines}}{{#each ../../../../../../data.lines}}{{#each ../../../../../../../data.lines}}{{#each ../../../../../../../../data.lines}}{{#each ../../../../../../../../../data.lines}}{{/each}}{{/each}}{{/each}}{{/each}}{{/each}}{{/each}}{{/each}}{{/each}}{{/each}}{{/each}}", "template_too_slow")]
    [InlineData("{{#each data.lines}}{{#each ../data.lines}}{{#each ../../data.lines}}{{#each ../../../data.lines}}1234567890{{/each}}{{/each}}{{/each}}{{/each}}", "template_too_large")]
    public void A_title_that_costs_too_much_or_is_empty_is_refused(string template, string reason)
    {
        var thrown = Assert.Throws<TemplateException>(() => Render(new InboxTemplate { Title = template }));
        Assert.Equal(reason, thrown.Reason);
    }

    [Theory]
    [InlineData("{{event.title}}", false)]
    [InlineData("{{user.name}}", true)]
    [InlineData("{{User.name}}", true)]
    [InlineData("{{[user].name}}", true)]
    [InlineData("{{@root.user.name}}", true)]
    [InlineData("{{#each data.items}}{{this}}{{.}}{{/each}}", false)]
    [InlineData("{{#each data.items}}{{../user.name}}{{/each}}", true)]
    [InlineData("{{#each this}}{{name}}{{/each}}", true)]
    [InlineData("{{#each @root}}{{name}}{{/each}}", true)]
    [InlineData("{{#each data.items}}{{#with ..}}{{lookup this data.key}}{{/with}}{{/each}}", true)]
    [InlineData("{{#with data.items}}{{else}}{{lookup this data.key}}{{/with}}", true)]
    [InlineData("{{#if (eq 'x' (lookup . data.key))}}x{{/if}}", true)]
    public void It_is_known_whether_a_template_looks_at_the_user(string template, bool uses) =>
        Assert.Equal(uses, Prepared(new InboxTemplate { Title = template }).UsesUser("en"));

    private static PreparedTemplate Prepared(InboxTemplate inbox) => new(
        "t", 1, new TemplateDocument { Locales = new Dictionary<string, LocaleTemplate> { ["en"] = new() { Inbox = inbox } } }, TimeProvider.System);

    private static byte[] Render(InboxTemplate inbox)
    {
        try
        {
            return Prepared(inbox).RenderInbox(Encoding.UTF8.GetBytes(Content), EventId, Alice, "en");
        }
        catch (Exception e) when (e.InnerException is TemplateSyntaxException syntax)
        {
            throw syntax;
        }
    }

    private static string? Member(byte[] content, string name)
    {
        using var json = JsonDocument.Parse(content);
        return json.RootElement.GetProperty(name).GetString();
    }
}
