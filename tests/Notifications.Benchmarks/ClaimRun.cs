using System.Diagnostics;

namespace Notifications.Benchmarks;

/// <summary>How quickly a queue was emptied.</summary>
/// <param name="Taken">How many were taken.</param>
/// <param name="PerSecond">Each second.</param>
/// <param name="First">The same for the first of them.</param>
/// <param name="Last">The same for the last of them.</param>
internal sealed record ClaimRun(int Taken, double PerSecond, double First, double Last)
{
    /// <summary>How many wait in the beginning.</summary>
    public const int Rows = 100_000;

    private const int Edge = 10_000;

    /// <summary>Nobody waits for longer; what was taken by then counts.</summary>
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(60);

    /// <summary>Takes until nothing is left.</summary>
    /// <param name="next">Takes and settles some, and says how many.</param>
    public static async Task<ClaimRun> MeasureAsync(Func<Task<int>> next)
    {
        var started = Stopwatch.GetTimestamp();
        var marks = new List<(int Taken, TimeSpan At)> { (0, TimeSpan.Zero) };
        while (marks[^1].Taken < Rows && marks[^1].At < Longest)
        {
            var taken = await next();
            if (taken == 0)
            {
                throw new InvalidOperationException($"Only {marks[^1].Taken:#,0} of {Rows:#,0} were there.");
            }

            marks.Add((marks[^1].Taken + taken, Stopwatch.GetElapsedTime(started)));
        }

        var end = marks[^1];
        var (early, late) = (marks.First(m => m.Taken >= Math.Min(Edge, end.Taken)), marks.Last(m => m.Taken <= Math.Max(0, end.Taken - Edge)));
        return new ClaimRun(end.Taken, Rate(marks[0], end), Rate(marks[0], early), Rate(late, end));

        static double Rate((int Taken, TimeSpan At) from, (int Taken, TimeSpan At) to) => (to.Taken - from.Taken) / (to.At - from.At).TotalSeconds;
    }

    /// <summary>Measures both in turns and adds two rows.</summary>
    public static async Task AddAsync(Table table, string what, string meaning, int count, Func<Task<ClaimRun>> measure, Func<Task<ClaimRun>> bare)
    {
        var (measured, floor) = (new List<ClaimRun>(), new List<ClaimRun>());
        var turns = await Turns.MeasureAsync(() => KeepAsync(measure, measured), () => KeepAsync(bare, floor), count);
        table.Add($"queue of {Rows:#,0}, {what}", turns.ToString(), meaning);
        table.Add($"queue of {Rows:#,0}, {what}: first and last {Edge:#,0}", $"{Ends(measured)}; bare {Ends(floor)}", "much less at the end: what was deleted is in the way");

        static async Task<double> KeepAsync(Func<Task<ClaimRun>> run, List<ClaimRun> all)
        {
            all.Add(await run());
            return all[^1].PerSecond;
        }

        static string Ends(List<ClaimRun> runs) => $"{Turns.Median(runs.Select(r => r.First)):#,0}/s and {Turns.Median(runs.Select(r => r.Last)):#,0}/s" +
            (runs.Min(r => r.Taken) is var taken and < Rows ? $" ({taken:#,0} taken in {Longest.TotalSeconds} s)" : "");
    }
}
