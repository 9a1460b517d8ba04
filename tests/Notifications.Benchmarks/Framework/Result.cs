namespace Notifications.Benchmarks;

/// <summary>Middle and bounds of what was measured several times.</summary>
internal readonly record struct Spread(double Median, double Min, double Max)
{
    /// <summary>Of some values.</summary>
    public static Spread Of(IEnumerable<double> values)
    {
        var sorted = values.Order().ToArray();
        var half = sorted.Length / 2;
        return new Spread(sorted.Length % 2 == 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2, sorted[0], sorted[^1]);
    }
}

/// <summary>A line of the table, measured.</summary>
internal sealed record Result
{
    /// <summary>Foreign work up to this share of the machine, in the median turn, counts as clean.</summary>
    public const double MostForeign = 0.10;

    /// <summary>Ratios of which the largest is up to this many times the smallest count as clean.</summary>
    public const double MostSpread = 1.5;

    /// <summary>Which line.</summary>
    public required Row Row { get; init; }

    /// <summary>When it was measured.</summary>
    public required DateTimeOffset Date { get; init; }

    /// <summary>Of which commit; null where that is not known.</summary>
    public string? Commit { get; init; }

    /// <summary>Why it could not be measured; null where it was.</summary>
    public string? Failure { get; init; }

    /// <summary>How many turns each side had, the warm-up not counted.</summary>
    public int Turns { get; init; }

    /// <summary>What ours did.</summary>
    public Spread Ours { get; init; }

    /// <summary>What the floor did; null where there is none.</summary>
    public Spread? Floor { get; init; }

    /// <summary>Ours divided by the floor, turn by turn.</summary>
    public Spread? Ratio { get; init; }

    /// <summary>Ours less the floor, turn by turn.</summary>
    public Spread? Difference { get; init; }

    /// <summary>Share of the machine that other work had, in the median turn.</summary>
    public double Foreign { get; init; }

    /// <summary>How many cores each process of ours kept busy, in the median turn.</summary>
    public IReadOnlyDictionary<string, double> OursCores { get; init; } = new Dictionary<string, double>();

    /// <summary>The same while the floor was measured.</summary>
    public IReadOnlyDictionary<string, double> FloorCores { get; init; } = new Dictionary<string, double>();

    /// <summary>What a reader has to know.</summary>
    public IReadOnlyList<string> Remarks { get; init; } = [];

    /// <summary>Whether the goal is met; null where there is none.</summary>
    public bool? IsMet => Row.Goal.IsMet is { } isMet && Ratio is { } ratio && Difference is { } difference ? isMet(ratio.Median, difference.Median) : null;

    /// <summary>Why the figure should not be trusted; nothing where it was measured cleanly.</summary>
    public IEnumerable<string> Unclean()
    {
        if (Foreign > MostForeign)
        {
            yield return $"NOT CLEAN: {Foreign:0 %} of the machine was busy with other things";
        }

        // A difference near zero has no meaningful spread of ratios.
        if (Ratio is { } ratio && !Row.Goal.IsDifference && ratio.Max > MostSpread * ratio.Min)
        {
            yield return $"NOT CLEAN: ratios spread {ratio.Max / ratio.Min:0.0}x";
        }
    }
}
