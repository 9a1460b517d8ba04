namespace Notifications.Benchmarks;

/// <summary>What ours is to be beside the floor, as the table of goals says it.</summary>
/// <param name="Text">For people.</param>
/// <param name="IsMet">Of the medians of the ratio and of the difference, ours less the floor; null where there is no goal.</param>
/// <param name="IsDifference">Whether the difference is what counts, not the ratio.</param>
internal sealed record Goal(string Text, Func<double, double, bool>? IsMet, bool IsDifference = false)
{
    /// <summary>Reported without a goal.</summary>
    public static Goal None { get; } = new("", null);

    /// <summary>Ours is at least this many times the floor: rates, where more is better.</summary>
    public static Goal AtLeast(double ratio) => new($"≥ {ratio:0.0#}", (actual, _) => actual >= ratio);

    /// <summary>Ours is at most this many times the floor: times and bytes, where less is better.</summary>
    public static Goal AtMost(double ratio) => new($"≤ {ratio:0.0#}", (actual, _) => actual <= ratio);

    /// <summary>Ours is this many times the floor, within bounds.</summary>
    public static Goal Between(double least, double most) => new($"{least:0.0#} to {most:0.0#}", (actual, _) => actual >= least && actual <= most);

    /// <summary>Ours is at most this much more than the floor, in the row's unit.</summary>
    public static Goal Within(double difference, string unit) => new($"+{difference:0.#} {unit}", (_, actual) => actual <= difference, IsDifference: true);
}

/// <summary>A line of the table.</summary>
/// <param name="Id">Its name, for machines; stays the same for ever.</param>
/// <param name="What">What is measured, and beside what.</param>
/// <param name="Unit">Of both values.</param>
/// <param name="Goal">What is aimed at.</param>
internal sealed record Row(string Id, string What, string Unit, Goal Goal);

/// <summary>What is measured together: one or more lines of the table.</summary>
/// <param name="Id">Its name, for <c>--only</c>.</param>
/// <param name="Rows">Its lines.</param>
/// <param name="OpenAsync">Starts what both sides need; disposed of when all turns are done.</param>
internal sealed record Measure(string Id, IReadOnlyList<Row> Rows, Func<Task<Sides>> OpenAsync)
{
    /// <summary>
    /// How often each side goes before it counts. A service runs for weeks; here the runtime would otherwise still compile what turns out to be hot, for which
    /// it needs a quarter of a minute of load and more on two cores. Where a turn is that long itself, one is enough.
    /// </summary>
    public int WarmUps { get; init; } = 3;

    /// <summary>A measure of one line, which has its name.</summary>
    public Measure(string id, string what, string unit, Goal goal, Func<Task<Sides>> openAsync)
        : this(id, [new Row(id, what, unit, goal)], openAsync)
    {
    }
}

/// <summary>Ours and the floor, ready to be measured as often as is asked.</summary>
internal sealed class Sides : IAsyncDisposable
{
    private readonly Stack<IAsyncDisposable> _owned = [];

    /// <summary>Measures ours once. One value per line of the table.</summary>
    public required Func<Turn, Task<double[]>> Ours { get; init; }

    /// <summary>Measures the floor once; null where there is none. One value per line of the table.</summary>
    public Func<Turn, Task<double[]>>? Floor { get; init; }

    /// <summary>Whose processor time is told apart: a name, and the ids of processes, whose children count as them. Asked again each time.</summary>
    public IReadOnlyList<(string Name, Func<IEnumerable<int>> Ids)> Processes { get; init; } = [];

    /// <summary>Disposes of something in the end; what was added last goes first.</summary>
    public Sides Owning(params IEnumerable<IAsyncDisposable> owned)
    {
        foreach (var one in owned)
        {
            _owned.Push(one);
        }

        return this;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        while (_owned.TryPop(out var one))
        {
            await one.DisposeAsync();
        }
    }
}
