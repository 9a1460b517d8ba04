using System.Globalization;
using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Notifications.Events;

namespace Notifications.Tests.Events;

/// <summary>
/// Properties of any valid event: it is read as what it says, and its fingerprint depends on what it says and on nothing else.
/// </summary>
public class EventPropertyTests
{
    private static readonly Gen<string> Character = Gen.Elements(
        "a", "b", "Z", "0", " ", "\"", "\\", "/", "é", "ß", "\u2028", "😀", "漢", "<", "&", "'", "{", "}", ",", ":", "\u0301");

    private static readonly Gen<string> Letter = Gen.Elements("a", "b", "C", "1", "-", ".", "é", "😀", "\"", "\\", "/");

    private static readonly Gen<object?> Json = JsonOf(3);

    private static readonly Gen<Model> Events =
        from id in Text(Letter, 1, 20)
        from type in Text(Letter, 1, 20)
        from to in Gen.Choose(1, 30).SelectMany(n => Gen.Constant(Enumerable.Range(0, n).Select(i => (i % 3 == 0 ? "topic:" : "user:") + i).ToArray()))
        from title in Text(Character, 0, 40)
        from body in Optional(Text(Gen.OneOf(Character, Gen.Elements("\n", "\t", "\r")), 0, 60))
        from url in Optional(Gen.Elements("https://a.example/x?y=é", "http://b", "mailto:a@b.example"))
        from imageUrl in Optional(Gen.Elements("https://a.example/x.png", "http://[::1]/"))
        from data in Gen.OneOf(Gen.Constant<object?>(null), Json)
        from actions in Optional(Actions())
        from category in Optional(Text(Character, 0, 10).Select(t => "c" + t))
        from priority in Optional(Gen.Elements("low", "normal", "high", "critical"))
        from orderingKey in Optional(Text(Character, 1, 10))
        select new Model(id, type, to, "t" + title, body, url, imageUrl, data, actions, category, priority, orderingKey);

    [Fact]
    public void An_event_is_read_as_what_it_says() => Check((model, seed) =>
    {
        var draft = Parse(Render(model, seed));
        Assert.Equal((model.Id, model.Type, model.Category, model.OrderingKey), (draft.ExternalId, draft.Type, draft.Category, draft.OrderingKey));
        Assert.Equal(model.To, draft.To.Select(r => r.ToString()));
        Assert.Equal(model.Priority ?? "normal", draft.Priority.ToString().ToLowerInvariant());
        using var content = JsonDocument.Parse(draft.Content);
        var root = content.RootElement;
        Assert.Equal(
            (model.Type, model.Title, model.Body, model.Url, model.ImageUrl, model.Category),
            (root.GetProperty("type").GetString(), root.GetProperty("title").GetString(), root.GetProperty("body").GetString(),
                root.GetProperty("url").GetString(), root.GetProperty("imageUrl").GetString(), root.GetProperty("category").GetString()));
        using var data = JsonDocument.Parse(JsonSerializer.Serialize(model.Data));
        Assert.True(JsonElement.DeepEquals(data.RootElement, root.GetProperty("data")));
        Assert.Equal(model.Actions?.Length, root.GetProperty("actions") is { ValueKind: JsonValueKind.Array } a ? a.GetArrayLength() : null);
    });

    [Fact]
    public void A_fingerprint_ignores_white_space_order_escapes_and_transport() => Check((model, seed) =>
    {
        var expected = Parse(Render(model, seed)).Fingerprint.ToArray();
        var other = Render(model, seed + 1);
        Assert.Equal(expected, Parse(other).Fingerprint.ToArray());
        Assert.Equal(expected, Parse(Render(model with { Id = null }, seed + 2), model.Id).Fingerprint.ToArray());
        Assert.Equal(expected, Parse(other, model.Id).Fingerprint.ToArray());
        Assert.Equal(expected, EventBatch.ParseArray(Encoding.UTF8.GetBytes($" [ {other} ]"), out _)![0].Draft!.Fingerprint.ToArray());
        var line = Encoding.UTF8.GetBytes("\n" + other.Replace('\n', ' ').Replace('\r', ' ') + "\r\n");
        Assert.Equal(expected, EventBatch.ParseLines(line, out _)![0].Draft!.Fingerprint.ToArray());
    });

    [Fact]
    public void A_fingerprint_changes_with_any_field() => Check((model, seed) =>
    {
        Model[] others =
        [
            model,
            model with { Type = model.Type + "x" },
            model with { To = [.. model.To, "user:new"] },
            model with { To = [.. model.To.Select(t => t + "x")] },
            model with { Title = model.Title + " " },
            model with { Body = model.Body + "x" },
            model with { Body = model.Body is null ? "" : null },
            model with { Url = model.Url is null ? "https://new/" : null },
            model with { ImageUrl = model.ImageUrl is null ? "https://new/" : null },
            model with { Data = new object?[] { model.Data } },
            model with { Data = new Dictionary<string, object?> { ["k"] = model.Data } },
            model with { Actions = [new("new", model.Title, null, true)] },
            model with { Actions = [new("new", model.Title, null, false)] },
            model with { Actions = [new(null, model.Title, "https://new/", false)] },
            model with { Category = model.Category + "x" },
            model with { Priority = model.Priority == "high" ? "low" : "high" },
            model with { OrderingKey = model.OrderingKey + "x" },
        ];
        var prints = others.Select(m => Convert.ToHexString(Parse(Render(m, seed)).Fingerprint.Span)).ToList();
        Assert.Equal(prints.Count, prints.Distinct().Count());
    });

    [Theory]
    [InlineData("""{"a":"b"}""", """{"a":["b"]}""")]
    [InlineData("""{"a":"b","c":"d"}""", """{"a":"bc","":"d"}""")]
    [InlineData("""["a","b"]""", """["a\",\"b"]""")]
    [InlineData("""[["a"],"b"]""", """[["a","b"]]""")]
    [InlineData("""{"a":{"b":1},"c":2}""", """{"a":{"b":1,"c":2}}""")]
    [InlineData("1", "\"1\"")]
    [InlineData("1", "1.0")]
    [InlineData("true", "\"true\"")]
    [InlineData("[]", "{}")]
    [InlineData("[null]", "[]")]
    [InlineData("false", "null")]
    public void Data_that_differs_has_another_fingerprint(string one, string other) => Assert.NotEqual(
        Parse($$"""{"id":"1","type":"t","to":["all"],"title":"x","data":{{one}}}""").Fingerprint.ToArray(),
        Parse($$"""{"id":"1","type":"t","to":["all"],"title":"x","data":{{other}}}""").Fingerprint.ToArray());

    /// <summary>Whatever is done to the bytes of an event, the answer is an event or a refusal that says why.</summary>
    [Fact]
    public void Mutated_bytes_give_a_draft_or_a_refusal()
    {
        var random = new Random(4711);
        var samples = Events.Sample(60).Select(m => Encoding.UTF8.GetBytes(Render(m, random.Next()))).ToArray();
        var envelope = """{"specversion":"1.0","id":"1","source":"/s","type":"t","recipients":"user:a,all","time":"2018-04-05T17:31:00Z","data_base64":"e30=","data":{"title":"x\ud83d\ude00","url":"https://a.example/"}}"""u8.ToArray();
        var taken = 0;
        for (var round = 0; round < 20_000; round++)
        {
            var bytes = Mutate(round % 5 == 0 ? envelope : samples[random.Next(samples.Length)], samples, random);
            taken += Outcome(EventParser.TryParse(bytes, null, out var draft, out var refusal), draft, refusal);
            taken += Outcome(CloudEventsBinding.TryParseStructured(bytes, null, out draft, out refusal), draft, refusal);
            if (EventBatch.ParseLines(bytes, out refusal) is null)
            {
                Assert.NotNull(refusal);
            }
        }

        Assert.NotEqual(0, taken);
    }

    private static int Outcome(bool valid, EventDraft? draft, EventRefusal? refusal)
    {
        Assert.Equal(valid, draft is not null);
        Assert.Equal(valid, refusal is null);
        if (draft is not null)
        {
            // What is taken must be readable further on, to the last text.
            using var content = JsonDocument.Parse(draft.Content, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = EventLimits.MaxDepth });
            ReadAll(content.RootElement);
        }

        return valid ? 1 : 0;
    }

    private static void ReadAll(JsonElement element)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                foreach (var property in element.EnumerateObject())
                {
                    Assert.DoesNotContain('\0', property.Name);
                    ReadAll(property.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (var item in element.EnumerateArray())
                {
                    ReadAll(item);
                }

                break;
            case JsonValueKind.String:
                Assert.DoesNotContain('\0', element.GetString()!);
                break;
        }
    }

    private static byte[] Mutate(byte[] sample, byte[][] samples, Random random)
    {
        var bytes = sample.ToList();
        string[] inserts = ["\"", "\\", "\\ud800", "\\u0000", "{", "}", "[", "]", ",", ":", "null", "1e999", "\0", "\n", "\u001e", "\uFEFF", "//", "true"];
        for (var i = random.Next(1, 4); i > 0 && bytes.Count > 1; i--)
        {
            var at = random.Next(bytes.Count);
            var length = Math.Min(random.Next(1, 12), bytes.Count - at);
            switch (random.Next(6))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveRange(at, length); break;
                case 2: bytes.InsertRange(at, bytes.GetRange(at, length)); break;
                case 3: bytes.InsertRange(at, Encoding.UTF8.GetBytes(inserts[random.Next(inserts.Length)])); break;
                case 4: bytes.RemoveRange(at, bytes.Count - at); break;
                default:
                    var other = samples[random.Next(samples.Length)];
                    bytes.InsertRange(at, other.AsSpan(random.Next(other.Length)).ToArray().Take(length));
                    break;
            }
        }

        return [.. bytes];
    }

    private static void Check(Action<Model, int> property) =>
        Prop.ForAll(Events.ToArbitrary(), Gen.Choose(0, int.MaxValue - 10).ToArbitrary(), property).QuickCheckThrowOnFailure();

    private static EventDraft Parse(string json, string? key = null)
    {
        Assert.True(EventParser.TryParse(Encoding.UTF8.GetBytes(json), key, out var draft, out var refusal), refusal?.Detail + "\n" + json);
        return draft!;
    }

    /// <summary>Writes an event in one of the many ways in which it can be written.</summary>
    private static string Render(Model model, int seed)
    {
        var random = new Random(seed);
        var fields = new Dictionary<string, object?>
        {
            ["id"] = model.Id,
            ["type"] = model.Type,
            ["to"] = model.To,
            ["title"] = model.Title,
            ["body"] = model.Body,
            ["url"] = model.Url,
            ["imageUrl"] = model.ImageUrl,
            ["data"] = model.Data,
            ["actions"] = model.Actions?.Select(a => Some(
                random, new() { ["id"] = a.Id, ["label"] = a.Label, ["url"] = a.Url, ["primary"] = a.Primary ? true : null })).ToArray(),
            ["category"] = model.Category,
            ["priority"] = model.Priority,
            ["orderingKey"] = model.OrderingKey,
        };
        var json = new StringBuilder();
        Write(json, Some(random, fields), random);
        return json.ToString();
    }

    private static Dictionary<string, object?> Some(Random random, Dictionary<string, object?> fields) =>
        fields.Where(f => f.Value is not null || random.Next(2) == 0).ToDictionary();

    private static void Write(StringBuilder json, object? value, Random random)
    {
        Space(json, random);
        switch (value)
        {
            case null: json.Append("null"); break;
            case bool b: json.Append(b ? "true" : "false"); break;
            case int n: json.Append(n.ToString(CultureInfo.InvariantCulture)); break;
            case string text: WriteText(json, text, random); break;
            case Dictionary<string, object?> members:
                json.Append('{');
                var first = true;
                foreach (var (name, member) in members.OrderBy(_ => random.Next()))
                {
                    json.Append(first ? "" : ",");
                    first = false;
                    Space(json, random);
                    WriteText(json, name, random);
                    Space(json, random);
                    json.Append(':');
                    Write(json, member, random);
                }

                json.Append('}');
                break;
            case System.Collections.IEnumerable items:
                json.Append('[');
                var separator = "";
                foreach (var item in items)
                {
                    json.Append(separator);
                    separator = ",";
                    Write(json, item, random);
                }

                json.Append(']');
                break;
        }

        Space(json, random);
    }

    private static void WriteText(StringBuilder json, string text, Random random)
    {
        json.Append('"');
        foreach (var unit in text)
        {
            // Surrogates are escaped both or not at all: which of them, their high part decides.
            var escape = unit is '"' or '\\' || char.IsControl(unit) || (!char.IsSurrogate(unit) && random.Next(4) == 0) || (char.IsSurrogate(unit) && text.Length % 2 == 0);
            if (escape)
            {
                json.Append("\\u").Append(((int)unit).ToString(random.Next(2) == 0 ? "x4" : "X4", CultureInfo.InvariantCulture));
            }
            else
            {
                json.Append(unit);
            }
        }

        json.Append('"');
    }

    private static void Space(StringBuilder json, Random random) => json.Append(random.Next(6) switch { 0 => " ", 1 => "\n\t", 2 => "\r\n", _ => "" });

    private static Gen<string> Text(Gen<string> characters, int min, int max) =>
        Gen.Choose(min, max).SelectMany(n => characters.ArrayOf(n)).Select(string.Concat);

    private static Gen<T?> Optional<T>(Gen<T> gen)
        where T : class => Gen.OneOf(Gen.Constant<T?>(null), gen.Select(v => (T?)v));

    private static Gen<ModelAction[]> Actions() =>
        Gen.Choose(0, 5).SelectMany(n => (
            from id in Optional(Text(Character, 1, 5))
            from label in Text(Character, 0, 10)
            from url in Optional(Gen.Elements("https://a.example/go", "mailto:a@b.example"))
            from primary in Gen.Elements(true, false)
            select new ModelAction(id, "l" + label, url, primary)).ArrayOf(n));

    private static Gen<object?> JsonOf(int depth)
    {
        var leaf = Gen.OneOf(
            Gen.Elements<object?>(null, true, false), Gen.Choose(-1_000, 1_000).Select(n => (object?)n), Text(Character, 0, 8).Select(t => (object?)t));
        if (depth == 0)
        {
            return leaf;
        }

        var inner = JsonOf(depth - 1);
        var list = Gen.Choose(0, 4).SelectMany(n => inner.ArrayOf(n)).Select(items => (object?)items);
        var members =
            from names in Gen.Choose(0, 5).SelectMany(n => Text(Character, 0, 3).ArrayOf(n))
            from values in inner.ArrayOf(names.Length)
            select (object?)names.Zip(values).DistinctBy(m => m.First).ToDictionary(m => m.First, m => m.Second);
        return Gen.OneOf(leaf, list, members);
    }

    public sealed record Model(
        string? Id, string Type, string[] To, string Title, string? Body, string? Url, string? ImageUrl, object? Data, ModelAction[]? Actions,
        string? Category, string? Priority, string? OrderingKey);

    public sealed record ModelAction(string? Id, string Label, string? Url, bool Primary);
}
