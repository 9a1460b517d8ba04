namespace Notifications.Benchmarks;

/// <summary>Measures ours and the floor in turns, so that what else the machine does meets both.</summary>
internal static class Runner
{
    /// <summary>How many turns there are where nothing else is asked for.</summary>
    public const int Turns = 5;

    private const double QuietCores = 0.1;
    private static readonly TimeSpan Glance = TimeSpan.FromMilliseconds(500), MostPatience = TimeSpan.FromSeconds(5);

    /// <summary>Measures; what fails is noted as such.</summary>
    /// <param name="measure">What.</param>
    /// <param name="turns">How often each side is measured, after the warm-up turns of each, which do not count.</param>
    /// <param name="commit">Of which commit.</param>
    public static async Task<IReadOnlyList<Result>> RunAsync(Measure measure, int turns, string? commit)
    {
        Console.Error.WriteLine($"{measure.Id} …");
        try
        {
            await using var sides = await measure.OpenAsync();
            var (ours, floor) = (new List<Side>(), new List<Side>());
            for (var i = -measure.WarmUps; i < turns; i++)
            {
                // Whoever goes second finds caches warm and disks busy: each does so every other time.
                if (i % 2 == 0)
                {
                    await MeasureAsync(measure, sides, sides.Ours, ours, "ours", i);
                    await MeasureAsync(measure, sides, sides.Floor, floor, "floor", i);
                }
                else
                {
                    await MeasureAsync(measure, sides, sides.Floor, floor, "floor", i);
                    await MeasureAsync(measure, sides, sides.Ours, ours, "ours", i);
                }
            }

            var (oursCores, floorCores) = (MedianCores(ours), MedianCores(floor));
            return [.. measure.Rows.Select((row, i) => Sum(row, i, ours, floor) with { Commit = commit, OursCores = oursCores, FloorCores = floorCores })];
        }
        catch (Exception e)
        {
            Console.Error.WriteLine(e);
            return [.. measure.Rows.Select(row => new Result { Row = row, Date = TimeProvider.System.GetUtcNow(), Commit = commit, Failure = e.Message.Split('\n')[0] })];
        }
    }

    private static async Task MeasureAsync(
        Measure measure, Sides sides, Func<Turn, Task<double[]>>? side, List<Side> results, string name, int number)
    {
        if (side is null)
        {
            return;
        }

        var turn = new Turn(sides.Processes);
        if (!await IsQuietAsync(sides))
        {
            turn.Remark("what the turn before had left to do went on");
        }

        turn.Begin();
        var values = await side(turn);
        if (!turn.HasEnded)
        {
            turn.End();
        }

        var told = string.Join(", ", measure.Rows.Zip(values, (row, value) => $"{Report.Number(value)} {row.Unit}"));
        Console.Error.WriteLine($"  {(number < 0 ? "warm-up" : $"turn {number + 1}")}, {name}: {told}; {Cores(turn)}, foreign {turn.Foreign:0 %}");
        if (number >= 0)
        {
            results.Add(new Side(values, turn));
        }
    }

    /// <summary>Waits until what the turn before left to do is done, such as compiling again what turned out to be hot.</summary>
    private static async Task<bool> IsQuietAsync(Sides sides)
    {
        var started = TimeProvider.System.GetTimestamp();
        do
        {
            var turn = new Turn(sides.Processes);
            turn.Begin();
            await Task.Delay(Glance, TimeProvider.System);
            turn.End();
            if (turn.CpuWithout() < QuietCores * turn.Took.TotalSeconds)
            {
                return true;
            }
        }
        while (TimeProvider.System.GetElapsedTime(started) < MostPatience);
        return false;
    }

    private static string Cores(Turn turn) => string.Join(", ", turn.Cpu.Select(c => $"{c.Key} {c.Value / turn.Took.TotalSeconds:0.00}"));

    private static Result Sum(Row row, int index, List<Side> ours, List<Side> floor)
    {
        var turns = ours.Concat(floor).Select(s => s.Turn).ToList();
        return new Result
        {
            Row = row,
            Date = TimeProvider.System.GetUtcNow(),
            Turns = ours.Count,
            Ours = Spread.Of(ours.Select(s => s.Values[index])),
            Floor = floor.Count > 0 ? Spread.Of(floor.Select(s => s.Values[index])) : null,
            Ratio = floor.Count > 0 ? Spread.Of(ours.Zip(floor, (o, f) => o.Values[index] / f.Values[index])) : null,
            Difference = floor.Count > 0 ? Spread.Of(ours.Zip(floor, (o, f) => o.Values[index] - f.Values[index])) : null,
            Foreign = Spread.Of(turns.Select(t => t.Foreign)).Median,
            Remarks = [.. turns.SelectMany(t => t.Remarks).Distinct()],
        };
    }

    private static Dictionary<string, double> MedianCores(List<Side> sides) => sides
        .SelectMany(s => s.Turn.Cpu.Select(c => (c.Key, Cores: c.Value / s.Turn.Took.TotalSeconds)))
        .GroupBy(c => c.Key, c => c.Cores)
        .ToDictionary(g => g.Key, g => Spread.Of(g).Median);

    private sealed record Side(double[] Values, Turn Turn);
}
