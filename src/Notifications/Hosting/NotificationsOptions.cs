namespace Notifications.Hosting;

/// <summary>Settings under <c>Notifications</c> that belong to no feature alone.</summary>
public sealed class NotificationsOptions
{
    /// <summary>
    /// The folder of the embedded engine: the database, its lock and its stamp. Relative paths start at the content root. Default:
    /// <c>data</c> under the content root, which is the project's folder under <c>dotnet run</c> and the working directory otherwise.
    /// </summary>
    public string DataPath { get; set; } = "data";

    /// <summary>The event log.</summary>
    public LogOptions Log { get; set; } = new();

    /// <summary>What is kept for how long.</summary>
    public RetentionOptions Retention { get; set; } = new();

    /// <summary>Bounds on what is taken in.</summary>
    public LimitsOptions Limits { get; set; } = new();

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => Log.Validate().Concat(Retention.Validate()).Concat(Limits.Validate())
        .Concat(string.IsNullOrWhiteSpace(DataPath) ? ["Notifications:DataPath is empty."] : []);
}

/// <summary>Settings under <c>Notifications:Log</c>.</summary>
public sealed class LogOptions
{
    /// <summary>Partitions for ordinary events, 1 to 128; changes only while the log is empty. Default: 4.</summary>
    public int Partitions { get; set; } = 4;

    /// <summary>Partitions for critical events, 1 to 128; changes only while the log is empty. Default: 1.</summary>
    public int CriticalPartitions { get; set; } = 1;

    /// <summary>Bytes that may wait in the log before producers get 503; at least 1 MiB. Default: 1 GiB.</summary>
    public long LimitBytes { get; set; } = 1L << 30;

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        Bounds.Check("Notifications:Log:Partitions", Partitions, 1, 128),
        Bounds.Check("Notifications:Log:CriticalPartitions", CriticalPartitions, 1, 128),
        Bounds.Check("Notifications:Log:LimitBytes", LimitBytes, 1 << 20, long.MaxValue),
    }.OfType<string>();
}

/// <summary>Settings under <c>Notifications:Retention</c>.</summary>
public sealed class RetentionOptions
{
    /// <summary>Days for which an inbox item is kept, 1 to 3650. Default: 90.</summary>
    public int InboxDays { get; set; } = 90;

    /// <summary>How many of a user's newest items are kept however old they are, 0 to 1,000,000. Default: 10,000.</summary>
    public int InboxItems { get; set; } = 10_000;

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        Bounds.Check("Notifications:Retention:InboxDays", InboxDays, 1, 3650),
        Bounds.Check("Notifications:Retention:InboxItems", InboxItems, 0, 1_000_000),
    }.OfType<string>();
}

/// <summary>Settings under <c>Notifications:Limits</c>.</summary>
public sealed class LimitsOptions
{
    /// <summary>Bytes of the largest request body, which is a batch of events; 256 KiB to 64 MiB. Default: 16 MiB.</summary>
    public long RequestBytes { get; set; } = 16 << 20;

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        Bounds.Check("Notifications:Limits:RequestBytes", RequestBytes, 256 << 10, 64 << 20),
    }.OfType<string>();
}

/// <summary>Checks numbers.</summary>
internal static class Bounds
{
    /// <summary>Null where the value lies within the bounds, both included.</summary>
    public static string? Check(string setting, long value, long min, long max) => value >= min && value <= max
        ? null
        : FormattableString.Invariant($"{setting} is {value}; it must be {(max == long.MaxValue ? $"at least {min}" : $"{min} to {max}")}.");
}
