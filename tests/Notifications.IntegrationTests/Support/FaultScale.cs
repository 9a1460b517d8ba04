using System.Globalization;
using System.Text;

namespace Notifications.IntegrationTests.Support;

/// <summary>How much the fault tests do: a little in every test run, a lot under <c>tests/faults</c>, which says for how long.</summary>
public static class FaultScale
{
    private static readonly int Seconds =
        int.TryParse(Environment.GetEnvironmentVariable("NOTIFICATIONS_FAULT_SECONDS"), out var seconds) ? seconds : 0;

    /// <summary>Whether this is the long version.</summary>
    public static bool IsLong => Seconds > 0;

    /// <summary>How long faults are repeated at least; zero in the quick version, where they happen a fixed number of times.</summary>
    public static TimeSpan Duration => TimeSpan.FromSeconds(Seconds);

    /// <summary>One number for the quick version and one for the long one.</summary>
    public static int Pick(int inEveryRun, int inLongRuns) => IsLong ? inLongRuns : inEveryRun;
}

/// <summary>One line of the table of figures.</summary>
/// <param name="Fault">What was done.</param>
/// <param name="Accepted">How many events were accepted.</param>
/// <param name="Seconds">In how long.</param>
/// <param name="P50">Milliseconds from sending an event to showing it, in the middle.</param>
/// <param name="P99">The same, for all but one in a hundred.</param>
/// <param name="Longest">The same, for the one that waited longest: how long a handover took.</param>
/// <param name="Resends">Requests that were sent again.</param>
/// <param name="Reconnects">Connections that clients made anew.</param>
/// <param name="Note">What else there is to say.</param>
public sealed record FaultFigures(
    string Fault, int Accepted, double Seconds, double P50, double P99, double Longest, int Resends, int Reconnects, string Note = "")
{
    private static readonly Lock Gate = new();
    private static bool _begun;

    /// <summary>The names of the columns.</summary>
    public static string Header { get; } = Line("fault", "accepted", "per s", "p50 ms", "p99 ms", "longest s", "resends", "reconnects", "");

    private static string FilePath => Environment.GetEnvironmentVariable("NOTIFICATIONS_FAULT_FIGURES")
        ?? Path.Combine(Repository.Root, "artifacts", "test-results", "faults.txt");

    /// <summary>Adds it to the table of this run.</summary>
    public void Write()
    {
        lock (Gate)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
            if (!_begun)
            {
                File.WriteAllText(FilePath, Header + "\n");
                _begun = true;
            }

            File.AppendAllText(FilePath, this + "\n");
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Line(
        Fault, Number(Accepted), Number(Accepted / Math.Max(Seconds, 0.001)), Number(P50), Number(P99),
        (Longest / 1_000).ToString("0.0", CultureInfo.InvariantCulture), Number(Resends), Number(Reconnects), Note);

    private static string Number(double value) => value.ToString("#,##0", CultureInfo.InvariantCulture);

    private static string Line(params string[] cells)
    {
        var line = new StringBuilder(cells[0].PadRight(48));
        foreach (var cell in cells[1..^1])
        {
            line.Append(' ').Append(cell.PadLeft(10));
        }

        return line.Append("  ").Append(cells[^1]).ToString().TrimEnd();
    }
}
