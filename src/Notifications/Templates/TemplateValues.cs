using System.Collections;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json;
using HandlebarsDotNet;
using HandlebarsDotNet.IO;
using HandlebarsDotNet.Iterators;
using HandlebarsDotNet.MemberAccessors;
using HandlebarsDotNet.ObjectDescriptors;
using HandlebarsDotNet.PathStructure;

namespace Notifications.Templates;

/// <summary>An object as a template sees it: its own members and nothing of .NET.</summary>
internal sealed class TemplateMap : IReadOnlyDictionary<string, object?>
{
    private readonly TemplateBudget _budget;
    private readonly JsonElement _json;
    private Dictionary<string, object?>? _members;

    public TemplateMap(JsonElement json, TemplateBudget budget)
    {
        _json = json;
        _budget = budget;
    }

    public TemplateMap(Dictionary<string, object?> members, TemplateBudget budget)
    {
        _members = members;
        _budget = budget;
    }

    /// <summary>The members; read when they are first asked for.</summary>
    private Dictionary<string, object?> Members => _members ??= Read();

    public IEnumerable<string> Keys => Members.Keys;

    public IEnumerable<object?> Values => Members.Values;

    public int Count => Members.Count;

    public object? this[string key] => Members[key];

    public bool ContainsKey(string key) => Members.ContainsKey(key);

    public bool TryGetValue(string key, out object? value) => Members.TryGetValue(key, out value);

    public IEnumerator<KeyValuePair<string, object?>> GetEnumerator()
    {
        foreach (var member in Members)
        {
            _budget.Step();
            yield return member;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Written into a text: its JSON.</summary>
    public override string ToString() => _json.ValueKind == JsonValueKind.Object ? _json.GetRawText() : "";

    private Dictionary<string, object?> Read()
    {
        var members = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var property in _json.EnumerateObject())
        {
            members[property.Name] = TemplateValue.Of(property.Value, _budget);
        }

        return members;
    }
}

/// <summary>An array as a template sees it.</summary>
internal sealed class TemplateList(JsonElement json, TemplateBudget budget) : IReadOnlyList<object?>
{
    private object?[]? _items;

    private object?[] Items => _items ??= [.. json.EnumerateArray().Select(item => TemplateValue.Of(item, budget))];

    public int Count => Items.Length;

    public object? this[int index]
    {
        get
        {
            budget.Step();
            return Items[index];
        }
    }

    public IEnumerator<object?> GetEnumerator()
    {
        foreach (var item in Items)
        {
            budget.Step();
            yield return item;
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Written into a text: its JSON.</summary>
    public override string ToString() => json.GetRawText();
}

/// <summary>Values of templates.</summary>
internal static class TemplateValue
{
    /// <summary>A JSON value as a template sees it.</summary>
    public static object? Of(JsonElement json, TemplateBudget budget) => json.ValueKind switch
    {
        JsonValueKind.Object => new TemplateMap(json, budget),
        JsonValueKind.Array => new TemplateList(json, budget),
        JsonValueKind.String => json.GetString(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        JsonValueKind.Number => json.TryGetDecimal(out var number) ? number : json.GetDouble(),
        _ => null,
    };

    /// <summary>As it is written.</summary>
    public static string Text(object? value) => value switch
    {
        null or UndefinedBindingResult => "",
        string text => text,
        bool flag => flag ? "true" : "false",
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        TemplateMap or TemplateList => value.ToString()!,
        _ => "",
    };

    /// <summary>A member of an object, an entry of a list, or a <c>length</c>.</summary>
    public static bool TryGet(object? instance, string name, out object? value)
    {
        value = null;
        switch (instance)
        {
            case TemplateMap map:
                return map.TryGetValue(name, out value);
            case TemplateList list when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < list.Count:
                value = list[index];
                return true;
            case TemplateList list when name == "length":
                value = list.Count;
                return true;
            case string text when name == "length":
                value = text.Length;
                return true;
            default:
                return false;
        }
    }
}

/// <summary>Stands in for what the template engine knows of .NET's types, so that a template reaches no member that is not data.</summary>
internal sealed class TemplateDescriptors : IObjectDescriptorProvider, IMemberAccessor, IFormatterProvider, IFormatter
{
    public static readonly TemplateDescriptors Instance = new();

    private static readonly object[] NoProperties = [];

    private static readonly ObjectDescriptor List = new(
        typeof(TemplateList), Instance, static (_, _) => NoProperties, static _ => new ReadOnlyListIterator<TemplateList, object?>());

    private static readonly ObjectDescriptor Map = new(
        typeof(TemplateMap), Instance, static (_, instance) => ((TemplateMap)instance).Keys, static _ => new ReadOnlyDictionaryIterator<TemplateMap, string, object?>());

    private static readonly ObjectDescriptor Opaque = new(typeof(object), Instance, static (_, _) => NoProperties, static _ => new NoIterator());

    public bool TryGetDescriptor(Type type, [NotNullWhen(true)] out ObjectDescriptor? value)
    {
        value = type == typeof(TemplateMap) ? Map : type == typeof(TemplateList) ? List : Opaque;
        return true;
    }

    public bool TryGetValue(object instance, ChainSegment memberName, out object? value) => TemplateValue.TryGet(instance, memberName.TrimmedValue, out value);

    public bool TryCreateFormatter(Type type, [NotNullWhen(true)] out IFormatter? formatter)
    {
        formatter = this;
        return true;
    }

    public void Format<T>(T value, in EncodedTextWriter writer) => writer.Write(TemplateValue.Text(value), encode: true);

    /// <summary>A text or a number has no parts to go through.</summary>
    private sealed class NoIterator : IIterator
    {
        public void Iterate(
            in EncodedTextWriter writer, BindingContext context, ChainSegment[] blockParamsVariables, object input, HandlebarsDotNet.Compiler.TemplateDelegate template,
            HandlebarsDotNet.Compiler.TemplateDelegate ifEmpty) => ifEmpty(writer, context);
    }
}
