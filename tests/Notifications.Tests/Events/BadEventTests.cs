using System.Text;
using Notifications.Events;

namespace Notifications.Tests.Events;

/// <summary>What is refused, with which code, and which field is named.</summary>
public class BadEventTests
{
    private const string Lone = @"\ud800";

    /// <summary>A member that spoils an otherwise valid event, and the field that is named for it.</summary>
    public static TheoryData<string, string> BadMembers() => new()
    {
        // Types.
        { "\"id\":1", "id" },
        { "\"id\":{}", "id" },
        { "\"body\":[]", "body" },
        { "\"url\":true", "url" },
        { "\"imageUrl\":{\"a\":1}", "imageUrl" },
        { "\"category\":5", "category" },
        { "\"priority\":1", "priority" },
        { "\"priority\":[\"low\"]", "priority" },
        { "\"orderingKey\":false", "orderingKey" },
        { "\"actions\":{}", "actions" },
        { "\"actions\":\"x\"", "actions" },
        { "\"actions\":[1]", "actions[0]" },
        { "\"actions\":[null]", "actions[0]" },
        { "\"channels\":\"inbox\"", "channels" },

        // Limits.
        { $"\"id\":\"{new string('i', 201)}\"", "id" },
        { "\"id\":\"\"", "id" },
        { $"\"body\":\"{new string('b', 10_001)}\"", "body" },
        { $"\"url\":\"https://a/{new string('u', 2_048)}\"", "url" },
        { $"\"imageUrl\":\"https://a/{new string('u', 2_048)}\"", "imageUrl" },
        { $"\"category\":\"{new string('c', 101)}\"", "category" },
        { "\"category\":\"\"", "category" },
        { "\"category\":\"  \"", "category" },
        { $"\"orderingKey\":\"{new string('o', 201)}\"", "orderingKey" },
        { "\"orderingKey\":\"\"", "orderingKey" },
        { "\"priority\":\"urgent\"", "priority" },
        { "\"priority\":\"High\"", "priority" },
        { "\"priority\":\"\"", "priority" },
        { "\"actions\":[{\"label\":\"1\"},{\"label\":\"2\"},{\"label\":\"3\"},{\"label\":\"4\"},{\"label\":\"5\"},{\"label\":\"6\"}]", "actions" },
        { $"\"actions\":[{{\"label\":\"{new string('l', 101)}\"}}]", "actions[0].label" },
        { "\"actions\":[{}]", "actions[0].label" },
        { "\"actions\":[{\"label\":null}]", "actions[0].label" },
        { "\"actions\":[{\"label\":\" \"}]", "actions[0].label" },
        { "\"actions\":[{\"label\":\"a\"},{\"label\":7}]", "actions[1].label" },
        { "\"actions\":[{\"label\":\"a\",\"primary\":\"yes\"}]", "actions[0].primary" },
        { "\"actions\":[{\"label\":\"a\",\"id\":\"\"}]", "actions[0].id" },
        { "\"data\":" + Nested(32), "data" },
        { "\"data\":" + Nested(5_000), "data" },
        { "\"data\":" + string.Concat(Enumerable.Repeat("{\"a\":", 32)) + "1" + new string('}', 32), "data" },

        // Unknown and repeated.
        { "\"titel\":\"x\"", "titel" },
        { "\"Title\":\"x\"", "Title" },
        { "\"\":1", "" },
        { "\"seq\":{\"a\":[1,2]}", "seq" },
        { "\"title\":\"again\"", "title" },
        { "\"t\\u0069tle\":\"again\"", "title" },
        { "\"to\":[\"all\"]", "to" },
        { "\"data\":1,\"data\":1", "data" },
        { "\"body\":null,\"body\":\"x\"", "body" },
        { "\"actions\":[{\"label\":\"a\",\"lable\":\"b\"}]", "actions[0].lable" },
        { "\"actions\":[{\"label\":\"a\",\"label\":\"a\"}]", "actions[0].label" },
        { "\"data\":{\"a\":1,\"a\":2}", "data.a" },
        { "\"data\":{\"a\":1,\"b\":2,\"\\u0061\":2}", "data.a" },
        { "\"data\":{\"x\":{\"y\":[0,{\"b\":1,\"c\":2,\"b\":3}]}}", "data.x.y[1].b" },
        { "\"data\":[[{\"b\":1,\"b\":1}]]", "data[0][0].b" },
        { "\"data\":{\"\":1,\"\":1}", "data." },

        // What an event asks for beyond being shown.
        { "\"template\":\"two words\"", "template" },
        { "\"template\":1", "template" },
        { "\"collapseKey\":\"\"", "collapseKey" },
        { "\"sendAt\":\"tomorrow\"", "sendAt" },
        { "\"sendAt\":\"2030-01-01T00:00:00\"", "sendAt" },
        { "\"sendAt\":\"2030-01-01\"", "sendAt" },
        { "\"sendAt\":1893456000", "sendAt" },
        { "\"sendAt\":\"2030-02-30T00:00:00Z\"", "sendAt" },
        { "\"expiresAt\":\"2030-13-01T00:00:00Z\"", "expiresAt" },
        { "\"sendAt\":\"2030-01-02T00:00:00Z\",\"expiresAt\":\"2030-01-02T00:00:00Z\"", "expiresAt" },
        { "\"channels\":\"email\"", "channels" },
        { "\"channels\":[\"sms\"]", "channels[0]" },
        { "\"channels\":[\"inbox\",\"inbox\"]", "channels[1]" },
        { "\"channels\":[\"email\",{\"channel\":\"email\"}]", "channels[1]" },
        { "\"channels\":[{\"channel\":\"inbox\",\"ifNotSeenAfter\":5}]", "channels[0]" },
        { "\"channels\":[{\"channel\":\"email\",\"ifNotSeenAfter\":0}]", "channels[0].ifNotSeenAfter" },
        { "\"channels\":[{\"channel\":\"email\",\"ifNotSeenAfter\":\"10m\"}]", "channels[0].ifNotSeenAfter" },
        { "\"channels\":[{\"channel\":\"email\",\"after\":5}]", "channels[0].after" },
        { "\"channels\":[{\"ifNotSeenAfter\":5}]", "channels[0].channel" },
        { $"\"channels\":[\"{Lone}\"]", "channels[0]" },
        { "\"channels\":[]", "channels" },

        // Text that does not survive.
        { $"\"body\":\"a{Lone}\"", "body" },
        { $"\"body\":\"{Lone}x\"", "body" },
        { @"""body"":""\udc00""", "body" },
        { @"""body"":""\udc00\ud800""", "body" },
        { @"""body"":""\ud800\ud800\udc00""", "body" },
        { @"""body"":""\ud800\n""", "body" },
        { @"""body"":""a\u0000""", "body" },
        { $"\"id\":\"{Lone}\"", "id" },
        { $"\"priority\":\"{Lone}\"", "priority" },
        { $"\"{Lone}\":1", "$" },
        { @"""a\u0000"":1", "$" },
        { $"\"data\":\"{Lone}\"", "data" },
        { $"\"data\":{{\"{Lone}\":1}}", "data" },
        { @"""data"":{""k"":{""\u0000"":1}}", "data.k" },
        { @"""data"":{""k"":[1,""\u0000""]}", "data.k[1]" },
        { $"\"data\":{{\"k\":\"\\udbff{Lone}\"}}", "data.k" },
        { $"\"actions\":[{{\"label\":\"{Lone}\"}}]", "actions[0].label" },
        { $"\"actions\":[{{\"label\":\"a\",\"{Lone}\":1}}]", "actions[0]" },

        // Control characters.
        { @"""id"":""a\nb""", "id" },
        { @"""category"":""a\tb""", "category" },
        { @"""orderingKey"":""a\u001e""", "orderingKey" },
        { "\"category\":\"a\u007f\"", "category" },
        { "\"category\":\"\u0085\"", "category" },
        { "\"category\":\"\u00e9\u009f\"", "category" },
        { @"""body"":""a\u0008b""", "body" },
        { @"""body"":""a\u001b[31m""", "body" },
        { @"""actions"":[{""label"":""a\nb""}]", "actions[0].label" },
    };

    /// <summary>Links that are refused wherever a link may be.</summary>
    public static TheoryData<string> BadLinks() =>
    [
        "javascript:alert(1)", "JavaScript:alert(1)", @"java\tscript:alert(1)", " javascript:alert(1)", "data:text/html,x", "vbscript:x", "file:///etc/passwd",
        "ftp://a/b", "blob:https://a/1", "//host/path", "/path", "path", "", "https:", "https:/a", "https://", "https:///a", "https://?q", "https:a.example",
        @"https://a\tb", @"https://a\nb/", "https://a b/", "https://a/b c", @"https:\\\\a.example", @"https://good.example\\@evil.example",
        "https://user@a.example/", "https://good.example@evil.example/", "https://user:pass@a.example/", "https://a.example:99999/", "https://a.example:x/",
        "https://a.example:/", "https://a..b/", "https://.a/", "https://a%2eexample/", "https://a.example%00.evil.example/", "https://[::1", "https://[x]/",
        "https://a\u3000b/", "https://a.example/\u202egpj.exe", "https://good.example\uff0fevil.example", "https://a.example/<script>", "https://a/\u200bx",
        @"https://a.example/\u0000", "mailto:", "mailto:ada", "mailto:@a", "mailto:a@", "mailto:a b@c.example", @"mailto:a@b.example\r\nBcc: c@d.example", "tel:+491",
    ];

    /// <summary>Whole texts that are no event.</summary>
    public static TheoryData<string, string, string?> BadTexts() => new()
    {
        { "", "malformed_json", null },
        { " ", "malformed_json", null },
        { "{", "malformed_json", null },
        { "nul", "malformed_json", null },
        { "{'a':1}", "malformed_json", null },
        { Valid()[..^1], "malformed_json", null },
        { Valid()[..^1] + ",}", "malformed_json", null },
        { Valid() + "x", "malformed_json", null },
        { Valid() + Valid(), "malformed_json", null },
        { Valid() + "// comment", "malformed_json", null },
        { "/* c */" + Valid(), "malformed_json", null },
        { Valid("\"data\":01"), "malformed_json", null },
        { Valid("\"data\":NaN"), "malformed_json", null },
        { Valid("\"data\":[1,]"), "malformed_json", null },
        { Valid("\"data\":\"\\x\""), "malformed_json", null },
        { Valid("\"data\":\"\\u12g4\""), "malformed_json", null },
        { Valid("\"body\":\"line\nbreak\""), "malformed_json", null },
        { Valid("\"data\":" + new string('[', 100_000)), "malformed_json", null },
        { "\uFEFF\uFEFF" + Valid(), "malformed_json", null },
        { "[]", "invalid_event", "$" },
        { $"[{Valid()}]", "invalid_event", "$" },
        { "null", "invalid_event", "$" },
        { "\"event\"", "invalid_event", "$" },
        { "{}", "invalid_event", "type" },
        { "{\"type\":\"t\",\"to\":[\"all\"]}", "invalid_event", "title" },
        { "{\"type\":\"t\",\"title\":\"x\"}", "invalid_event", "to" },
        { "{\"to\":[\"all\"],\"title\":\"x\"}", "invalid_event", "type" },
        { With("type", "null"), "invalid_event", "type" },
        { With("type", "7"), "invalid_event", "type" },
        { With("type", "\"\""), "invalid_event", "type" },
        { With("type", "\"a b\""), "invalid_event", "type" },
        { With("type", "\"a\u00a0b\""), "invalid_event", "type" },
        { With("type", "\"a\\nb\""), "invalid_event", "type" },
        { With("type", $"\"{Lone}\""), "invalid_event", "type" },
        { With("type", $"\"{new string('t', 201)}\""), "invalid_event", "type" },
        { With("title", "null"), "invalid_event", "title" },
        { With("title", "{}"), "invalid_event", "title" },
        { With("title", "\"\""), "invalid_event", "title" },
        { With("title", "\" \u3000\u200b\""), "invalid_event", "title" },
        { With("title", "\"a\\nb\""), "invalid_event", "title" },
        { With("title", "\"a\\u0000b\""), "invalid_event", "title" },
        { With("title", $"\"a{Lone}b\""), "invalid_event", "title" },
        { With("title", $"\"{new string('t', 501)}\""), "invalid_event", "title" },
        { With("to", "null"), "invalid_event", "to" },
        { With("to", "\"user:a\""), "invalid_event", "to" },
        { With("to", "{}"), "invalid_event", "to" },
        { With("to", "[]"), "invalid_event", "to" },
        { With("to", "[1]"), "invalid_event", "to[0]" },
        { With("to", "[\"user:a\",null]"), "invalid_event", "to[1]" },
        { With("to", "[[\"user:a\"]]"), "invalid_event", "to[0]" },
        { With("to", "[\"ada\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"user:\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"topic:\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"User:a\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"all:\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"All\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"user:a b\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"user:a,b\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"user:a\\u0007\"]"), "invalid_event", "to[0]" },
        { With("to", $"[\"user:{Lone}\"]"), "invalid_event", "to[0]" },
        { With("to", $"[\"user:{new string('u', 129)}\"]"), "invalid_event", "to[0]" },
        { With("to", $"[\"user:{new string('u', 20_000)}\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"email:a@b@example.com\"]"), "invalid_event", "to[0]" },
        { With("to", "[\"all\",\"user:a\",\"all\"]"), "invalid_event", "to[2]" },
        { With("to", "[\"user:a\",\"topic:a\",\"user:\\u0061\"]"), "invalid_event", "to[2]" },
        { With("to", $"[{Users(40)},\"user:3\"]"), "invalid_event", "to[40]" },
        { With("to", $"[{Users(1_001)}]"), "too_many_recipients", "to" },
        { With("to", $"[{Users(9_000)}]"), "too_many_recipients", "to" },
        { Valid($"\"data\":\"{new string('x', 256 * 1024)}\""), "payload_too_large", null },
    };

    [Theory]
    [MemberData(nameof(BadMembers))]
    public void A_bad_member_is_refused_by_name(string member, string field) => AssertRefused(Utf8(Valid(member)), "invalid_event", field);

    [Theory]
    [MemberData(nameof(BadTexts))]
    public void A_bad_text_is_refused(string text, string code, string? field) => AssertRefused(Utf8(text), code, field);

    [Theory]
    [MemberData(nameof(BadLinks))]
    public void A_link_that_could_mislead_is_refused(string link)
    {
        AssertRefused(Utf8(Valid($"\"url\":\"{link}\"")), "invalid_event", "url");
        AssertRefused(Utf8(Valid($"\"imageUrl\":\"{link}\"")), "invalid_event", "imageUrl");
        AssertRefused(Utf8(Valid($"\"actions\":[{{\"label\":\"x\",\"url\":\"{link}\"}}]")), "invalid_event", "actions[0].url");
    }

    [Fact]
    public void An_image_cannot_be_a_mail() => AssertRefused(Utf8(Valid("\"imageUrl\":\"mailto:a@b.example\"")), "invalid_event", "imageUrl");

    [Theory]
    [InlineData(new byte[] { 0xFF })]
    [InlineData(new byte[] { 0xC3 })]
    [InlineData(new byte[] { 0xC0, 0x80 })]
    [InlineData(new byte[] { 0xED, 0xA0, 0x80 })]
    [InlineData(new byte[] { 0xF4, 0x90, 0x80, 0x80 })]
    public void What_is_not_UTF8_is_refused(byte[] bytes)
    {
        var json = Utf8(Valid("\"data\":{\"k\":\"@\"}"));
        var at = Array.IndexOf(json, (byte)'@');
        AssertRefused([.. json[..at], .. bytes, .. json[(at + 1)..]], "malformed_json", null);
    }

    [Fact]
    public void Every_fault_is_reported_at_once()
    {
        var refusal = Refused(Utf8("""{"type":"a b","to":["user:","all"],"titel":"x","url":"/x","data":{"a":1,"a":2},"actions":[{"url":"x:"}]}"""));
        Assert.Equal(
            ["actions[0].label", "actions[0].url", "data.a", "titel", "title", "to[0]", "type", "url"],
            refusal.Errors!.Keys.Order(StringComparer.Ordinal));
        Assert.Equal("unknown property 'titel'", refusal.Errors["titel"].Single());
        Assert.Equal("is required", refusal.Errors["title"].Single());
    }

    [Fact]
    public void Malformed_JSON_is_located()
    {
        var refusal = Refused(Utf8("{\n  \"type\": oops\n}"));
        Assert.StartsWith("Malformed JSON at line 2, byte 11:", refusal.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public void A_hopeless_event_does_not_earn_a_long_answer()
    {
        var refusal = Refused(Utf8(Valid(string.Join(',', Enumerable.Range(0, 5_000).Select(i => $"\"{new string('x', 30)}{i}\":1")))));
        Assert.Equal(EventLimits.MaxReportedFields, refusal.Errors!.Count);
        Assert.True(Refused(Utf8(Valid($"\"{new string('é', 5_000)}\":1"))).Errors!.Keys.Single().Length < 100);
    }

    private static void AssertRefused(byte[] json, string code, string? field)
    {
        var refusal = Refused(json);
        Assert.Equal(code, refusal.Code);
        Assert.Equal(code == "payload_too_large" ? 413 : 400, refusal.Status);
        if (field is null)
        {
            Assert.Null(refusal.Errors);
        }
        else
        {
            Assert.Contains(field, refusal.Errors!.Keys);
            Assert.All(refusal.Errors!, e => Assert.All(e.Value, m => Assert.False(string.IsNullOrWhiteSpace(m))));
        }
    }

    private static EventRefusal Refused(byte[] json)
    {
        Assert.False(EventParser.TryParse(json, null, out var draft, out var refusal));
        Assert.Null(draft);
        Assert.False(string.IsNullOrWhiteSpace(refusal.Detail));
        return refusal;
    }

    private static string Valid(string? member = null) =>
        $$"""{"type":"t","to":["user:a"],"title":"x"{{(member is null ? "" : "," + member)}}}""";

    private static string With(string field, string value)
    {
        var fields = new Dictionary<string, string> { ["type"] = "\"t\"", ["to"] = "[\"user:a\"]", ["title"] = "\"x\"" };
        fields[field] = value;
        return "{" + string.Join(',', fields.Select(f => $"\"{f.Key}\":{f.Value}")) + "}";
    }

    private static string Users(int count) => string.Join(',', Enumerable.Range(0, count).Select(i => $"\"user:{i}\""));

    private static string Nested(int depth) => new string('[', depth) + new string(']', depth);

    private static byte[] Utf8(string text) => Encoding.UTF8.GetBytes(text);
}
