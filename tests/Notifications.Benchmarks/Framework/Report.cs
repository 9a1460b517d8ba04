using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>What was measured, as a table for people and as JSON for machines.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A figure as people read it.</summary>
    public static string Number(double value) => Math.Abs(value) switch
    {
        >= 100 => value.ToString("#,0"),
        >= 10 => value.ToString("0.0"),
        _ => value.ToString("0.00"),
    };

    /// <summary>Prints a Markdown table, and what to think of it.</summary>
    public static void Print(string title, string machine, IReadOnlyList<Result> results)
    {
        Console.WriteLine($"\n## {title}\n\n{machine}\n");
        Console.WriteLine("| measure | ours, median (min to max) | floor, median (min to max) | ratio, median (min to max) | goal | met | remark |");
        Console.WriteLine("|---|---|---|---|---|---|---|");
        for (var i = 0; i < results.Count; i++)
        {
            // Lines that were measured together had the same processes at work.
            Console.WriteLine(Line(results[i], cores: i == 0 || results[i].OursCores != results[i - 1].OursCores));
        }

        var (failed, unclean) = (results.Where(r => r.Failure is not null).ToList(), results.Where(r => r.Unclean().Any()).ToList());
        Console.WriteLine($"\n{results.Count(r => r.IsMet == true)} of {results.Count(r => r.Row.Goal.IsMet is not null)} goals met. " + (unclean.Count == 0
            ? $"Everything was measured cleanly."
            : $"{unclean.Count} of {results.Count} rows could not be measured cleanly: {Ids(unclean)}."));
        if (failed.Count > 0)
        {
            Console.WriteLine($"{failed.Count} rows could not be measured at all: {Ids(failed)}.");
        }

        static string Ids(IEnumerable<Result> results) => string.Join(", ", results.Select(r => r.Row.Id));
    }

    /// <summary>Saves what was measured; lines that were measured before and not now stay as they were.</summary>
    /// <param name="name">Of the file, without an extension.</param>
    /// <param name="machine">On which machine.</param>
    /// <param name="results">What was measured now.</param>
    /// <param name="keep">Whether lines stay that were not measured now.</param>
    public static async Task SaveAsync(string name, JsonObject machine, IReadOnlyList<Result> results, bool keep)
    {
        var path = Path.Combine(Repository.Root, "tests", "Notifications.Benchmarks", "results", name + ".json");
        var rows = new List<JsonNode>();
        if (keep && File.Exists(path))
        {
            var before = (JsonNode.Parse(await File.ReadAllTextAsync(path)) as JsonObject)?["rows"] as JsonArray ?? [];
            rows.AddRange(before.Select(row => row!.DeepClone()));
        }

        foreach (var result in results.Where(r => r.Failure is null))
        {
            var at = rows.FindIndex(row => (string?)row["id"] == result.Row.Id);
            if (at >= 0)
            {
                rows[at] = Json(result);
            }
            else
            {
                rows.Add(Json(result));
            }
        }

        var all = new JsonObject { ["machine"] = machine.DeepClone(), ["rows"] = new JsonArray([.. rows]) };
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        await File.WriteAllTextAsync(path, all.ToJsonString(Indented) + "\n");
        Console.Error.WriteLine($"saved: {Path.GetRelativePath(Repository.Root, path)}");
    }

    private static string Line(Result result, bool cores)
    {
        var what = $"`{result.Row.Id}` {result.Row.What}, {result.Row.Unit}";
        if (result.Failure is not null)
        {
            return $"| {what} | could not be measured | | | {result.Row.Goal.Text} | | {result.Failure.Replace('|', '/')} |";
        }

        var met = result.IsMet switch { true => "yes", false => "NO", _ => "" };
        var compared = result.Row.Goal.IsDifference
            ? $"{Signed(result.Difference)} (ratio {Beside(result.Ratio)})"
            : Beside(result.Ratio);
        var remarks = result.Unclean().Concat(result.Remarks).Concat(cores ? [Cores("cores", result.OursCores), Cores("floor's", result.FloorCores)] : []);
        return $"| {what} | {Beside(result.Ours)} | {Beside(result.Floor)} | {compared} | {result.Row.Goal.Text} | {met} | {string.Join("; ", remarks.Where(r => r.Length > 0))} |";
    }

    private static string Beside(Spread? spread) => spread is { } s ? $"{Number(s.Median)} ({Number(s.Min)} to {Number(s.Max)})" : "";

    private static string Signed(Spread? spread) =>
        spread is { } s ? $"{s.Median:+0.00;-0.00;0.00} ({s.Min:+0.00;-0.00;0.00} to {s.Max:+0.00;-0.00;0.00})" : "";

    private static string Cores(string whose, IReadOnlyDictionary<string, double> cores)
    {
        var busy = cores.Where(c => c.Value >= 0.005).Select(c => $"{c.Key} {c.Value:0.00}").ToList();
        return busy.Count == 0 ? "" : $"{whose}: {string.Join(", ", busy)}";
    }

    private static JsonObject Json(Result result) => new()
    {
        ["id"] = result.Row.Id,
        ["what"] = result.Row.What,
        ["unit"] = result.Row.Unit,
        ["ours"] = Json(result.Ours),
        ["floor"] = Json(result.Floor),
        ["ratio"] = result.Ratio is { } ratio ? Rounded(ratio.Median) : null,
        ["ratios"] = Json(result.Ratio),
        ["difference"] = Json(result.Difference),
        ["goal"] = result.Row.Goal.Text.Length > 0 ? result.Row.Goal.Text : null,
        ["met"] = result.IsMet,
        ["clean"] = !result.Unclean().Any(),
        ["remarks"] = new JsonArray([.. result.Unclean().Concat(result.Remarks).Select(r => JsonValue.Create(r))]),
        ["turns"] = result.Turns,
        ["foreign"] = Rounded(result.Foreign),
        ["cores"] = Json(result.OursCores),
        ["floorCores"] = Json(result.FloorCores),
        ["date"] = result.Date.ToString("yyyy-MM-ddTHH:mm:ssZ"),
        ["commit"] = result.Commit,
    };

    private static JsonObject? Json(Spread? spread) =>
        spread is { } s ? new JsonObject { ["median"] = Rounded(s.Median), ["min"] = Rounded(s.Min), ["max"] = Rounded(s.Max) } : null;

    private static JsonObject Json(IReadOnlyDictionary<string, double> cores) => new(cores.Select(c => KeyValuePair.Create(c.Key, (JsonNode?)Rounded(c.Value))));

    private static double? Rounded(double value) => double.IsFinite(value) ? Math.Round(value, Math.Abs(value) >= 100 ? 0 : 3) : null;
}
