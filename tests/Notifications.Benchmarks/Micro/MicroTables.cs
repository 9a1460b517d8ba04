using System.Globalization;
using System.Text;
using BenchmarkDotNet.Reports;

namespace Notifications.Benchmarks.Micro;

/// <summary>All that was measured in one run, as one Markdown text: the machine, and a table for each class.</summary>
internal static class MicroTables
{
    private const string Suffix = "Benchmarks";

    /// <summary>Above this ratio of median and minimum too much else ran on the machine for the median to say much.</summary>
    private const double Clean = 1.5;

    /// <summary>How much ran on the machine in the last minute, as the system counts it; 0 is best.</summary>
    public static string Load() => File.Exists("/proc/loadavg") ? File.ReadAllText("/proc/loadavg").Split(' ')[0] : "unknown";

    /// <summary>Writes the text.</summary>
    /// <param name="summaries">What was measured, by class.</param>
    /// <param name="load">See <see cref="Load"/>, before the run.</param>
    public static string Write(IEnumerable<Summary> summaries, string load)
    {
        var text = new StringBuilder();
        foreach (var summary in summaries)
        {
            if (text.Length == 0)
            {
                var processor = summary.HostEnvironmentInfo.CpuInfo.Value?.ProcessorName ?? "unknown processor";
                text.Append(CultureInfo.InvariantCulture, $"{processor}, {Table.Machine}; load {load} before; processor time and memory for each\n");
            }

            text.Append(CultureInfo.InvariantCulture, $"\n## {Name(summary)}\n\n");
            Append(text, summary.Table);
            if (Unclean(summary) is { Length: > 0 } unclean)
            {
                text.Append(CultureInfo.InvariantCulture, $"\nNot measured cleanly (the median is more than {Clean} times the minimum): {unclean}.\n");
            }
        }

        return text.ToString();
    }

    private static string Name(Summary summary)
    {
        var name = summary.BenchmarksCases[0].Descriptor.Type.Name;
        return name.EndsWith(Suffix, StringComparison.Ordinal) ? name[..^Suffix.Length] : name;
    }

    private static string Unclean(Summary summary) => string.Join(", ", summary.Reports
        .Where(r => r.ResultStatistics is { } result && result.Median > Clean * result.Min)
        .Select(r => $"{r.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'')} {r.BenchmarkCase.Parameters.DisplayInfo}".TrimEnd()));

    private static void Append(StringBuilder text, SummaryTable table)
    {
        var columns = table.Columns.Where(c => c.NeedToShow).ToArray();
        Append(text, columns, c => c.Header);
        Append(text, columns, c => c.Justify == SummaryTable.SummaryTableColumn.TextJustification.Right ? "---:" : "---");
        for (var row = 0; row < table.FullContent.Length; row++)
        {
            Append(text, columns, c => c.Content[row].Trim('\'').Replace("|", "\\|", StringComparison.Ordinal));
        }
    }

    private static void Append(
        StringBuilder text, SummaryTable.SummaryTableColumn[] columns, Func<SummaryTable.SummaryTableColumn, string> cell) =>
        text.Append("| ").AppendJoin(" | ", columns.Select(cell)).Append(" |\n");
}
