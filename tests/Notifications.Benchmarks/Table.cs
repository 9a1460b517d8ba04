using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Notifications.Benchmarks;

/// <summary>A table of figures: each is shown when it is there, and all together in the end.</summary>
internal sealed class Table(string title)
{
    private readonly List<(string What, string Value, string Meaning)> _rows = [];

    /// <summary>Whether everything that was tried was measured.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>Processors, system and runtime.</summary>
    public static string Machine => $"{Environment.ProcessorCount} cores, {RuntimeInformation.RuntimeIdentifier}, .NET {Environment.Version}";

    /// <summary>Adds a figure.</summary>
    /// <param name="what">What was measured.</param>
    /// <param name="value">What came out.</param>
    /// <param name="meaning">How to read it.</param>
    public void Add(string what, string value, string meaning = "")
    {
        Console.Error.WriteLine($"{what}: {value}");
        _rows.Add((what, value, meaning));
    }

    /// <summary>Measures something; what fails is noted, and the rest is measured all the same.</summary>
    public async Task TryAsync(string what, Func<Task> measure)
    {
        try
        {
            await measure();
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            Add(what, $"could not be measured: {e.Message.Split('\n')[0]}");
            IsComplete = false;
        }
    }

    /// <summary>Prints it all.</summary>
    public void Print()
    {
        var what = _rows.Max(r => r.What.Length);
        var value = _rows.Max(r => r.Value.Length);
        var explained = _rows.Any(r => r.Meaning.Length > 0);
        Console.WriteLine($"\n{title}\n");
        foreach (var row in _rows)
        {
            Console.WriteLine(explained
                ? $"| {row.What.PadRight(what)} | {row.Value.PadRight(value)} | {row.Meaning} |"
                : $"| {row.What.PadRight(what)} | {row.Value} |");
        }
    }

    /// <summary>The value that a share of all do not exceed.</summary>
    public static double Percentile(IEnumerable<double> values, double p)
    {
        var sorted = values.Order().ToList();
        return sorted[(int)Math.Min(sorted.Count - 1, Math.Ceiling(sorted.Count * p) - 1)];
    }

    /// <summary>How long it takes to have a page on the disk of a folder: the median, in milliseconds.</summary>
    public static double Fsync(string folder)
    {
        var path = Path.Combine(folder, $"fsync-{Environment.ProcessId}");
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        var page = new byte[4096];
        var times = new List<double>();
        for (var i = 0; i < 50; i++)
        {
            var started = Stopwatch.GetTimestamp();
            file.Write(page);
            file.Flush(flushToDisk: true);
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
        }

        return Percentile(times, 0.5);
    }
}
