using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Notifications.Events;

namespace Notifications.Tests.Events;

/// <summary>CloudEvents 1.0 in its three HTTP modes.</summary>
public class CloudEventsBindingTests
{
    // The example of the JSON event format, section 3.2, with what this service asks for beyond it.
    private const string Example = """
        {
            "specversion" : "1.0",
            "type" : "com.example.someevent",
            "source" : "/mycontext",
            "subject": null,
            "id" : "C234-1234-1234",
            "time" : "2018-04-05T17:31:00Z",
            "comexampleextension1" : "value",
            "comexampleothervalue" : 5,
            "datacontenttype" : "application/json",
            "recipients" : "user:ada, topic:ops,all",
            "data" : {
                "title" : "Something happened",
                "appinfoA" : "abc",
                "appinfoB" : 123,
                "appinfoC" : true
            }
        }
        """;

    [Fact]
    public void A_structured_event_is_read()
    {
        var draft = Structured(Example);
        Assert.Equal(("/mycontext", "C234-1234-1234", "com.example.someevent"), (draft.Source, draft.ExternalId, draft.Type));
        Assert.Equal(["user:ada", "topic:ops", "all"], draft.To.Select(r => r.ToString()));
        using var content = JsonDocument.Parse(draft.Content);
        Assert.Equal("Something happened", content.RootElement.GetProperty("title").GetString());
        Assert.Equal(
            ["title", "appinfoA", "appinfoB", "appinfoC"], content.RootElement.GetProperty("data").EnumerateObject().Select(p => p.Name));
    }

    [Fact]
    public void Every_field_of_the_data_is_taken_and_the_data_kept_whole()
    {
        const string Data = """{"title":"T","body":"B","url":"https://a/","imageUrl":"https://a/i","actions":[{"label":"L"}],"category":"C","priority":"high","orderingKey":"O","template":"free","to":"me"}""";
        var draft = Structured(Envelope(Data, "\"partitionkey\":\"P\""));
        Assert.Equal(("C", Priority.High, "O"), (draft.Category, draft.Priority, draft.OrderingKey));
        Assert.Equal(
            $$"""{"type":"t","title":"T","body":"B","url":"https://a/","imageUrl":"https://a/i","data":{{Data}},"actions":[{"id":null,"label":"L","url":null,"primary":false}],"category":"C","priority":"high"}""",
            Encoding.UTF8.GetString(draft.Content.Span));
    }

    [Fact]
    public void The_partition_key_orders_where_the_data_does_not() =>
        Assert.Equal("P", Structured(Envelope("""{"title":"T"}""", "\"partitionkey\":\"P\"")).OrderingKey);

    [Fact]
    public void Data_in_Base64_is_the_same_data()
    {
        var base64 = Convert.ToBase64String("""{ "title": "T", "x": 1 }"""u8);
        var plain = Structured(Envelope("""{"x":1,"title":"T"}"""));
        var encoded = Structured(Envelope(null, $"\"data_base64\":\"{base64}\""));
        Assert.Equal(plain.Fingerprint, encoded.Fingerprint, ByBytes);
    }

    [Fact]
    public void A_binary_event_is_the_same_as_the_structured_one()
    {
        // The example of the HTTP binding, section 3.1.4, and the attributes of the structured one.
        var headers = Headers(
            ("ce-specversion", "1.0"), ("ce-type", "com.example.someevent"), ("ce-time", "2018-04-05T03:56:24Z"), ("CE-ID", "C234-1234-1234"),
            ("ce-source", "/mycontext"), ("ce-recipients", "user:ada,topic:ops,all"), ("ce-comexampleextension1", "value"));
        var binary = Binary(headers, """{"appinfoA":"abc","appinfoB":123,"appinfoC":true,"title":"Something happened"}""", "application/json; charset=utf-8");
        var structured = Structured(Example);
        Assert.Equal((structured.Source, structured.ExternalId, structured.Type), (binary.Source, binary.ExternalId, binary.Type));
        Assert.Equal(structured.Fingerprint, binary.Fingerprint, ByBytes);
    }

    [Fact]
    public void A_batch_is_read_item_by_item()
    {
        var items = EventBatch.ParseCloudEvents(Encoding.UTF8.GetBytes($"[{Example},{{}},{Envelope("""{"title":"T"}""")}]"), out _)!;
        Assert.Equal([true, false, true], items.Select(i => i.Draft is not null));
        Assert.Equal(Structured(Example).Fingerprint, items[0].Draft!.Fingerprint, ByBytes);
        Assert.Null(EventBatch.ParseCloudEvents("[]"u8, out var refusal));
        Assert.Equal("empty_batch", refusal!.Code);
    }

    [Theory]
    [InlineData("Euro%20%E2%82%AC%20%F0%9F%98%80", "Euro € 😀")]
    [InlineData("\"a b\"", "a b")]
    [InlineData("\"a \\\"b\\\" %25\"", "a \"b\" %")]
    [InlineData("%2541", "%41")]
    [InlineData("%c3%a9", "é")]
    [InlineData("é", "é")]
    [InlineData("", "")]
    [InlineData("%", null)]
    [InlineData("%4", null)]
    [InlineData("%zz", null)]
    [InlineData("%+1", null)]
    [InlineData("%E2%82", null)]
    [InlineData("%ED%A0%80", null)]
    [InlineData("\"open", null)]
    [InlineData("\"a\\", null)]
    public void Header_values_are_decoded(string header, string? expected)
    {
        Assert.Equal(expected is not null, CloudEventsBinding.TryDecode(header, out var decoded));
        Assert.Equal(expected, decoded);
    }

    [Theory]
    [InlineData("\"id\":null", "id")]
    [InlineData("\"id\":\"\"", "id")]
    [InlineData("\"id\":5", "id")]
    [InlineData("\"id\":\"a\\nb\"", "id")]
    [InlineData("\"id\":\"\\ud800\"", "id")]
    [InlineData("\"source\":null", "source")]
    [InlineData("\"source\":\"\"", "source")]
    [InlineData("\"source\":\"a b\"", "source")]
    [InlineData("\"source\":\"a<b>\"", "source")]
    [InlineData("\"source\":\"%zz\"", "source")]
    [InlineData("\"source\":true", "source")]
    [InlineData("\"specversion\":null", "specversion")]
    [InlineData("\"specversion\":\"0.3\"", "specversion")]
    [InlineData("\"specversion\":1.0", "specversion")]
    [InlineData("\"type\":null", "type")]
    [InlineData("\"type\":\"a b\"", "type")]
    [InlineData("\"time\":\"yesterday\"", "time")]
    [InlineData("\"time\":\"2018-04-05\"", "time")]
    [InlineData("\"time\":\"2018-02-30T00:00:00Z\"", "time")]
    [InlineData("\"time\":\"2018-04-05T17:31:00\"", "time")]
    [InlineData("\"time\":\"2018-04-05T25:31:00Z\"", "time")]
    [InlineData("\"time\":1522949460", "time")]
    [InlineData("\"recipients\":null", "recipients")]
    [InlineData("\"recipients\":\"\"", "recipients")]
    [InlineData("\"recipients\":[\"user:a\"]", "recipients")]
    [InlineData("\"recipients\":\"user:a,,user:b\"", "recipients[1]")]
    [InlineData("\"recipients\":\"user:a,user:a\"", "recipients[1]")]
    [InlineData("\"recipients\":\"user:a,email:b\"", "recipients[1]")]
    [InlineData("\"datacontenttype\":\"text/plain\"", "datacontenttype")]
    [InlineData("\"datacontenttype\":\"application/json; charset=latin1\"", "datacontenttype")]
    [InlineData("\"datacontenttype\":\"\"", "datacontenttype")]
    [InlineData("\"subject\":\"\"", "subject")]
    [InlineData("\"partitionkey\":\"\"", "partitionkey")]
    [InlineData("\"Ext\":\"x\"", "Ext")]
    [InlineData("\"my_ext\":\"x\"", "my_ext")]
    [InlineData("\"ext\":{}", "ext")]
    [InlineData("\"ext\":\"a\\u0007\"", "ext")]
    [InlineData("\"ext\":1,\"ext\":1", "ext")]
    [InlineData("\"\\ud800\":1", "$")]
    [InlineData("\"data\":null", "data.title")]
    [InlineData("\"data\":\"text\"", "data")]
    [InlineData("\"data\":[]", "data")]
    [InlineData("\"data\":{}", "data.title")]
    [InlineData("\"data\":{\"title\":5}", "data.title")]
    [InlineData("\"data\":{\"title\":\"a\\u0000\"}", "data.title")]
    [InlineData("\"data\":{\"title\":\"x\",\"title\":\"x\"}", "data.title")]
    [InlineData("\"data\":{\"title\":\"x\",\"url\":\"javascript:x\"}", "data.url")]
    [InlineData("\"data\":{\"title\":\"x\",\"actions\":[{\"label\":\"x\",\"url\":\"/x\"}]}", "data.actions[0].url")]
    [InlineData("\"data\":{\"title\":\"x\",\"priority\":\"asap\"}", "data.priority")]
    [InlineData("\"data\":{\"title\":\"x\",\"k\":{\"a\":1,\"a\":1}}", "data.k.a")]
    [InlineData("\"data\":{\"title\":\"x\",\"\\udc00\":1}", "data")]
    [InlineData("\"data_base64\":\"e30=\"", "data_base64")]
    [InlineData("\"data\":null,\"data_base64\":\"***\"", "data_base64")]
    [InlineData("\"data\":null,\"data_base64\":{}", "data_base64")]
    [InlineData("\"data\":null,\"data_base64\":\"\\ud800\"", "data_base64")]
    public void A_bad_attribute_is_refused_by_name(string member, string field)
    {
        var name = member[1..member.IndexOf('"', 1)];
        Assert.False(CloudEventsBinding.TryParseStructured(Encoding.UTF8.GetBytes(Without(name) + "," + member + "}"), null, out _, out var refusal));
        Assert.Equal((400, "invalid_event"), (refusal.Status, refusal.Code));
        Assert.Contains(field, refusal.Errors!.Keys);
    }

    [Theory]
    [InlineData("{", "malformed_json")]
    [InlineData("{} {}", "malformed_json")]
    [InlineData("[]", "invalid_event")]
    [InlineData("{\"data_base64\":\"ew==\"}", "malformed_json")]
    public void A_text_that_is_no_event_is_refused(string json, string code)
    {
        Assert.False(CloudEventsBinding.TryParseStructured(Encoding.UTF8.GetBytes(json), null, out _, out var refusal));
        Assert.Equal(code, refusal.Code);
    }

    [Theory]
    [InlineData("ce-id", null, "id")]
    [InlineData("ce-specversion", "1.1", "specversion")]
    [InlineData("ce-source", "%20", "source")]
    [InlineData("ce-source", "%ff", "source")]
    [InlineData("ce-my_ext", "x", "my_ext")]
    [InlineData("ce-recipients", "user:a%2C,user:b", "recipients[1]")]
    public void A_bad_header_is_refused_by_attribute(string header, string? value, string field)
    {
        var headers = Headers(("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-recipients", "user:a"));
        headers.Remove(header);
        if (value is not null)
        {
            headers[header] = value;
        }

        Assert.False(CloudEventsBinding.TryParseBinary(headers, "application/json", """{"title":"x"}"""u8, null, out _, out var refusal));
        Assert.Contains(field, refusal.Errors!.Keys);
    }

    [Fact]
    public void A_repeated_header_is_refused()
    {
        var headers = Headers(("ce-specversion", "1.0"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-recipients", "user:a"));
        headers["ce-id"] = new(["1", "2"]);
        Assert.False(CloudEventsBinding.TryParseBinary(headers, "application/json", """{"title":"x"}"""u8, null, out _, out var refusal));
        Assert.Contains("id", refusal.Errors!.Keys);
    }

    [Theory]
    [InlineData("text/plain")]
    [InlineData("application/octet-stream")]
    [InlineData(null)]
    public void Binary_data_has_to_be_JSON(string? contentType)
    {
        var headers = Headers(("ce-specversion", "1.0"), ("ce-id", "1"), ("ce-source", "/s"), ("ce-type", "t"), ("ce-recipients", "user:a"));
        Assert.False(CloudEventsBinding.TryParseBinary(headers, contentType, """{"title":"x"}"""u8, null, out _, out var refusal));
        Assert.Contains("datacontenttype", refusal.Errors!.Keys);
    }

    [Theory]
    [InlineData("2018-04-05T17:31:00.123456789Z")]
    [InlineData("2024-02-29t23:59:60+05:30")]
    public void Timestamps_of_RFC_3339_are_taken(string time) => Structured(Envelope("""{"title":"T"}""", $"\"time\":\"{time}\""));

    [Theory]
    [InlineData("https://github.com/cloudevents/spec/pull")]
    [InlineData("mailto:cncf-wg-serverless@lists.cncf.io")]
    [InlineData("urn:uuid:6e8bc430-9c3a-11d9-9669-0800200c9a66")]
    [InlineData("/cloudevents/spec/pull/123")]
    [InlineData("1-555-123-4567")]
    public void Sources_of_the_specification_are_taken(string source) =>
        Assert.Equal(source, Structured(Without("source") + $",\"source\":\"{source}\"}}").Source);

    [Fact]
    public void The_idempotency_key_has_to_be_the_id()
    {
        var json = Encoding.UTF8.GetBytes(Example);
        Assert.True(CloudEventsBinding.TryParseStructured(json, "C234-1234-1234", out _, out _));
        Assert.False(CloudEventsBinding.TryParseStructured(json, "other", out _, out var refusal));
        Assert.Contains(IdempotencyKey.Header, refusal.Errors!.Keys);
    }

    [Fact]
    public void Data_may_be_as_deep_as_in_a_native_event()
    {
        string Data(int depth) => $$"""{"title":"T","d":{{new string('[', depth - 1)}}{{new string(']', depth - 1)}}}""";
        Structured(Envelope(Data(EventLimits.MaxDepth - 1)));
        Assert.False(CloudEventsBinding.TryParseStructured(Encoding.UTF8.GetBytes(Envelope(Data(EventLimits.MaxDepth))), null, out _, out var refusal));
        Assert.Contains("data", refusal.Errors!.Keys);
    }

    private static bool ByBytes(ReadOnlyMemory<byte> a, ReadOnlyMemory<byte> b) => !a.IsEmpty && a.Span.SequenceEqual(b.Span);

    private static string Without(string name)
    {
        var members = new Dictionary<string, string>
        {
            ["specversion"] = "\"1.0\"",
            ["id"] = "\"1\"",
            ["source"] = "\"/s\"",
            ["type"] = "\"t\"",
            ["recipients"] = "\"user:a\"",
            ["data"] = "{\"title\":\"T\"}",
        };
        members.Remove(name);
        return "{" + string.Join(',', members.Select(m => $"\"{m.Key}\":{m.Value}"));
    }

    private static string Envelope(string? data, string? member = null) =>
        Without("data") + (data is null ? "" : ",\"data\":" + data) + (member is null ? "" : "," + member) + "}";

    private static HeaderDictionary Headers(params (string Name, string Value)[] headers)
    {
        var dictionary = new HeaderDictionary();
        foreach (var (name, value) in headers)
        {
            dictionary[name] = value;
        }

        return dictionary;
    }

    private static EventDraft Structured(string json)
    {
        Assert.True(CloudEventsBinding.TryParseStructured(Encoding.UTF8.GetBytes(json), null, out var draft, out var refusal), refusal?.Detail);
        return draft!;
    }

    private static EventDraft Binary(HeaderDictionary headers, string body, string contentType)
    {
        Assert.True(
            CloudEventsBinding.TryParseBinary(headers, contentType, Encoding.UTF8.GetBytes(body), null, out var draft, out var refusal), refusal?.Detail);
        return draft!;
    }
}
