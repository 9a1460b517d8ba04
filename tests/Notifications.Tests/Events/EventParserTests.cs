using System.Text;
using System.Text.Json;
using Notifications.Events;

namespace Notifications.Tests.Events;

/// <summary>What is taken, and what becomes of it.</summary>
public class EventParserTests
{
    [Fact]
    public void A_full_event_is_read()
    {
        var draft = Parsed("""
            {
              "id": "e-1", "type": "order.shipped", "to": ["user:ada", "topic:ops", "all"], "title": "T\u00e4st \ud83d\ude00", "body": "a\n\tb",
              "url": "https://shop.example/1?a=b#c", "imageUrl": "http://[::1]:8080/x.png", "data": { "b": [1.50, null], "a": "\u0041" },
              "actions": [{ "label": "Go", "primary": true }, { "url": "mailto:a@b.example", "label": "Mail", "id": "m" }],
              "category": "orders \"x\" \\ y", "priority": "critical", "orderingKey": "order-1", "channels": ["inbox"]
            }
            """);
        Assert.Equal("e-1", draft.ExternalId);
        Assert.Equal("", draft.Source);
        Assert.Equal("order.shipped", draft.Type);
        Assert.Equal(["user:ada", "topic:ops", "all"], draft.To.Select(r => r.ToString()));
        Assert.Equal(Priority.Critical, draft.Priority);
        Assert.Equal("orders \"x\" \\ y", draft.Category);
        Assert.Equal("order-1", draft.OrderingKey);
        Assert.Equal(32, draft.Fingerprint.Length);

        using var content = JsonDocument.Parse(draft.Content);
        Assert.Equal(
            ["type", "title", "body", "url", "imageUrl", "data", "actions", "category", "priority"],
            content.RootElement.EnumerateObject().Select(p => p.Name));
        Assert.Equal("Täst 😀", content.RootElement.GetProperty("title").GetString());
        Assert.Equal("orders \"x\" \\ y", content.RootElement.GetProperty("category").GetString());
        Assert.Equal("critical", content.RootElement.GetProperty("priority").GetString());
        Assert.Equal("""{ "b": [1.50, null], "a": "\u0041" }""", content.RootElement.GetProperty("data").GetRawText());
        Assert.Equal(
            """[{"id":null,"label":"Go","url":null,"primary":true},{"id":"m","label":"Mail","url":"mailto:a@b.example","primary":false}]""",
            content.RootElement.GetProperty("actions").GetRawText());
    }

    [Theory]
    [InlineData("")]
    [InlineData(",\"body\":null,\"url\":null,\"imageUrl\":null,\"data\":null,\"actions\":null,\"category\":null,\"priority\":null,\"orderingKey\":null")]
    [InlineData(",\"id\":null,\"template\":null,\"collapseKey\":null,\"sendAt\":null,\"expiresAt\":null,\"channels\":null")]
    public void What_is_left_out_or_null_is_absent(string members)
    {
        var draft = Parsed($$"""{"type":"t","to":["all"],"title":"x"{{members}}}""");
        Assert.Null(draft.ExternalId);
        Assert.True(draft.Fingerprint.IsEmpty);
        Assert.Equal(Priority.Normal, draft.Priority);
        Assert.Equal(
            """{"type":"t","title":"x","body":null,"url":null,"imageUrl":null,"data":null,"actions":null,"category":null,"priority":"normal"}""",
            Encoding.UTF8.GetString(draft.Content.Span));
    }

    [Fact]
    public void Every_limit_can_be_reached()
    {
        var emoji = "😀";
        var title = string.Concat(Enumerable.Repeat(emoji, EventLimits.MaxTitle));
        var url = "https://a.example/";
        url += new string('u', EventLimits.MaxUrl - url.Length);
        var actions = string.Join(',', Enumerable.Repeat($$"""{"label":"{{new string('l', 100)}}"}""", EventLimits.MaxActions));
        var to = string.Join(',', Enumerable.Range(0, EventLimits.MaxRecipients).Select(i => $"\"user:{i}\""));
        var draft = Parsed($$"""
            {"id":"{{new string('i', 200)}}","type":"{{new string('t', 200)}}","to":[{{to}}],"title":"{{title}}","body":"{{new string('b', 10_000)}}",
             "url":"{{url}}","imageUrl":"{{url}}","actions":[{{actions}}],"category":"{{new string('c', 100)}}","orderingKey":"{{new string('o', 200)}}",
             "data":{{new string('[', 31)}}{{new string(']', 31)}}}
            """);
        Assert.Equal(EventLimits.MaxRecipients, draft.To.Count);
        using var content = JsonDocument.Parse(draft.Content, new JsonDocumentOptions { MaxDepth = EventLimits.MaxDepth });
        Assert.Equal(title, content.RootElement.GetProperty("title").GetString());
    }

    [Fact]
    public void An_event_may_have_exactly_256_KiB()
    {
        var frame = """{"type":"t","to":["all"],"title":"x","data":""}""";
        var json = frame.Replace("\"\"}", $"\"{new string('x', EventLimits.MaxBytes - frame.Length)}\"}}", StringComparison.Ordinal);
        Assert.Equal(EventLimits.MaxBytes, json.Length);
        Parsed(json);
    }

    [Theory]
    [InlineData("https://a")]
    [InlineData("HTTPS://A.Example:443/")]
    [InlineData("http://localhost:8080?x")]
    [InlineData("https://192.0.2.1#f")]
    [InlineData("https://[2001:db8::1]/")]
    [InlineData("https://bücher.example/ä?ö=ü")]
    [InlineData("https://under_score.example./a@b/c:d")]
    [InlineData("https://a.example/?next=https://user@b/")]
    [InlineData("mailto:ada@a.example?subject=Hi%20there")]
    public void Ordinary_links_are_taken(string link) => Parsed($$"""{"type":"t","to":["all"],"title":"x","url":"{{link}}"}""");

    [Fact]
    public void A_byte_order_mark_is_ignored() => Parsed("\uFEFF{\"type\":\"t\",\"to\":[\"all\"],\"title\":\"x\"}");

    [Fact]
    public void The_draft_does_not_hold_on_to_the_request()
    {
        var json = Encoding.UTF8.GetBytes("""{"type":"t","to":["all"],"title":"x","data":{"k":"v"}}""");
        Assert.True(EventParser.TryParse(json, null, out var draft, out _));
        var before = Encoding.UTF8.GetString(draft.Content.Span);
        Array.Clear(json);
        Parsed("""{"type":"u","to":["all"],"title":"another that is longer","data":{"k":"v"}}""");
        Assert.Equal(before, Encoding.UTF8.GetString(draft.Content.Span));
    }

    [Theory]
    [InlineData(null, null, null)]
    [InlineData(null, "k", "k")]
    [InlineData("k", null, "k")]
    [InlineData("k", "k", "k")]
    public void The_id_may_be_in_the_body_the_header_or_both(string? id, string? key, string? expected)
    {
        var json = id is null ? """{"type":"t","to":["all"],"title":"x"}""" : $$"""{"type":"t","to":["all"],"title":"x","id":"{{id}}"}""";
        Assert.True(EventParser.TryParse(Encoding.UTF8.GetBytes(json), key, out var draft, out _));
        Assert.Equal(expected, draft.ExternalId);
        Assert.Equal(expected is null, draft.Fingerprint.IsEmpty);
    }

    [Fact]
    public void Two_different_ids_are_refused()
    {
        Assert.False(EventParser.TryParse("""{"type":"t","to":["all"],"title":"x","id":"a"}"""u8, "b", out _, out var refusal));
        Assert.Contains(IdempotencyKey.Header, refusal.Errors!.Keys);
    }

    private static EventDraft Parsed(string json)
    {
        Assert.True(EventParser.TryParse(Encoding.UTF8.GetBytes(json), null, out var draft, out var refusal), refusal?.Detail);
        return draft!;
    }
}
