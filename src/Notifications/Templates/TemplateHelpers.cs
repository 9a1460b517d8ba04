using System.Globalization;
using HandlebarsDotNet;

namespace Notifications.Templates;

/// <summary>A helper as templates know it.</summary>
/// <param name="Name">Its name for the template engine, which no value has.</param>
/// <param name="Min">Fewest arguments.</param>
/// <param name="Max">Most arguments.</param>
/// <param name="Run">What it does: pure, of its arguments alone.</param>
internal sealed record TemplateHelper(string Name, int Min, int Max, Func<Arguments, object?> Run)
{
    /// <summary>How many values it takes, in words.</summary>
    public string Arity => Min == Max ? Min.ToString(CultureInfo.InvariantCulture) : $"{Min} to {Max}";
}

/// <summary>The helpers there are. None reaches anything but its arguments.</summary>
internal static class TemplateHelpers
{
    private const int Many = 8;

    /// <summary>By the name that templates use.</summary>
    public static readonly IReadOnlyDictionary<string, TemplateHelper> Names = new Dictionary<string, TemplateHelper>(StringComparer.Ordinal)
    {
        ["eq"] = new("fn_eq", 2, 2, a => Same(a[0], a[1])),
        ["ne"] = new("fn_ne", 2, 2, a => !Same(a[0], a[1])),
        ["gt"] = new("fn_gt", 2, 2, a => Number(a[0]) > Number(a[1])),
        ["lt"] = new("fn_lt", 2, 2, a => Number(a[0]) < Number(a[1])),
        ["and"] = new("fn_and", 2, Many, a => a.All(Holds)),
        ["or"] = new("fn_or", 2, Many, a => a.FirstOrDefault(Holds)),
        ["not"] = new("fn_not", 1, 1, a => !Holds(a[0])),
        ["default"] = new("fn_default", 2, Many, a => a.FirstOrDefault(v => v is not (null or "" or UndefinedBindingResult))),
        ["lookup"] = new("fn_lookup", 2, 2, a => TemplateValue.TryGet(a[0], TemplateValue.Text(a[1]), out var value) ? value : null),
    };

    /// <summary>Names that the template engine gives a meaning of its own.</summary>
    public static readonly IReadOnlySet<string> Reserved =
        new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "if", "unless", "each", "with", "else", "log", "helperMissing", "blockHelperMissing" };

    /// <summary>Makes the helpers known to an engine.</summary>
    public static void Register(IHandlebars engine)
    {
        foreach (var helper in Names.Values)
        {
            engine.RegisterHelper(helper.Name, (Context _, Arguments arguments) => helper.Run(arguments));
        }
    }

    private static bool Holds(object? value) => HandlebarsUtils.IsTruthyOrNonEmpty(value);

    /// <summary>Numbers by their value, everything else by what is written.</summary>
    private static bool Same(object? left, object? right) => Number(left) is { } a && Number(right) is { } b
        ? a == b
        : string.Equals(TemplateValue.Text(left), TemplateValue.Text(right), StringComparison.Ordinal);

    private static double? Number(object? value) => value switch
    {
        decimal or double or int or long => Convert.ToDouble(value, CultureInfo.InvariantCulture),
        string text when double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) => number,
        _ => null,
    };
}
