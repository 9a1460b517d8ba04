namespace Notifications.Jobs;

/// <summary>Something that is done again and again, by one node at a time.</summary>
/// <param name="Name">Stable: it is stored, and stands in URLs.</param>
/// <param name="Description">What it does, for operators.</param>
/// <param name="Schedule">How often.</param>
/// <param name="Run">
/// Does it and says in a few words what was done. It may be run again after it broke off anywhere, so a repetition does no harm. What it throws is
/// its failure.
/// </param>
public sealed record Job(string Name, string Description, Schedule Schedule, Func<IServiceProvider, CancellationToken, Task<string>> Run)
{
    /// <summary>How long a run may take before it is cancelled and counts as failed. Default: 10 minutes.</summary>
    public TimeSpan Limit { get; init; } = TimeSpan.FromMinutes(10);
}

/// <summary>
/// How often a job runs: every so many minutes or hours, at whole multiples of them, in UTC. Both clocks understand no more than this.
/// </summary>
public sealed record Schedule
{
    private readonly int _count;
    private readonly bool _hours;

    private Schedule(int count, bool hours)
    {
        (_count, _hours) = (count, hours);
        Period = hours ? TimeSpan.FromHours(count) : TimeSpan.FromMinutes(count);
    }

    /// <summary>The time from one run to the next.</summary>
    public TimeSpan Period { get; }

    /// <summary>As a cron expression of five fields.</summary>
    public string Cron => _hours ? FormattableString.Invariant($"0 */{_count} * * *") : FormattableString.Invariant($"*/{_count} * * * *");

    /// <summary>Every so many minutes; a divisor of 60 below it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not one.</exception>
    public static Schedule Minutes(int count) => count is > 0 and < 60 && 60 % count == 0
        ? new Schedule(count, hours: false)
        : throw new ArgumentOutOfRangeException(nameof(count), count, "Minutes must divide the hour.");

    /// <summary>Every so many hours; a divisor of 24 below it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is not one.</exception>
    public static Schedule Hours(int count) => count is > 0 and < 24 && 24 % count == 0
        ? new Schedule(count, hours: true)
        : throw new ArgumentOutOfRangeException(nameof(count), count, "Hours must divide the day.");

    /// <summary>As it is shown: <c>every 10 minutes</c>.</summary>
    public override string ToString() => (_count, _hours) switch
    {
        (1, true) => "every hour",
        (1, false) => "every minute",
        _ => FormattableString.Invariant($"every {_count} {(_hours ? "hours" : "minutes")}"),
    };
}
