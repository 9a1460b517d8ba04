namespace Notifications.Benchmarks;

/// <summary>Something beside its floor, in turns, so that what else the machine does meets both.</summary>
/// <param name="Each">What was measured, each second, and the floor of the same turn.</param>
internal sealed record Turns(IReadOnlyList<(double Measured, double Floor)> Each)
{
    /// <summary>How often each is measured.</summary>
    public const int Count = 3;

    /// <summary>Measures both, one after the other.</summary>
    public static async Task<Turns> MeasureAsync(Func<Task<double>> measure, Func<Task<double>> floor, int count = Count)
    {
        var each = new List<(double, double)>();
        for (var i = 0; i < count; i++)
        {
            var measured = await measure();
            each.Add((measured, await floor()));
        }

        return new Turns(each);
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        var ratios = Each.Select(e => e.Measured / e.Floor).Order().ToArray();
        var spread = ratios.Length > 1 ? $" ({ratios[0]:0.00} to {ratios[^1]:0.00})" : " (one turn)";
        return $"{Median(Each.Select(e => e.Measured)):#,0}/s, bare {Median(Each.Select(e => e.Floor)):#,0}/s: {Median(ratios):0.00} of it{spread}";
    }

    /// <summary>The one in the middle.</summary>
    public static double Median(IEnumerable<double> values) => Table.Percentile(values, 0.5);
}
