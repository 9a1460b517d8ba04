using System.Text;
using Notifications.Events;
using Notifications.Log;

namespace Notifications.Hosting;

/// <summary>Settings under <c>Notifications</c> that belong to no feature alone.</summary>
public sealed class NotificationsOptions
{
    /// <summary>
    /// The folder of the embedded engine: the database, its lock and its stamp. Relative paths start at the content root. Default:
    /// <c>data</c> under the content root, which is the project's folder under <c>dotnet run</c> and the working directory otherwise.
    /// </summary>
    public string DataPath { get; set; } = "data";

    /// <summary>
    /// What this process does, names separated by commas: <c>gateway</c> (the hub and <c>/v1/me</c>), <c>ingest</c> (the rest of <c>/v1</c>),
    /// <c>dispatch</c>, <c>channels</c>, <c>jobs</c>. The embedded engine needs all of them. Default: all.
    /// </summary>
    public string Roles { get; set; } = "";

    /// <summary>
    /// The name of this process among the others, 1 to 64 of A-Z, a-z, 0-9, point, underscore and hyphen; no two may run under one name. Default:
    /// the machine's name, the process id and four random digits.
    /// </summary>
    public string? Node { get; set; }

    /// <summary>Seconds to wait at start for servers that do not answer yet, 0 to 600; the embedded engine has none to wait for. Default: 60.</summary>
    public int StartupWaitSeconds { get; set; } = 60;

    /// <summary>
    /// The address under which people reach this service, such as <c>https://notify.example.com</c>, for links in mail; http or https, without a slash
    /// at its end. Default: none, and mail has no link to unsubscribe by; in Development where the service listens.
    /// </summary>
    public string? PublicUrl { get; set; }

    /// <summary>The event log.</summary>
    public LogOptions Log { get; set; } = new();

    /// <summary>What is kept for how long.</summary>
    public RetentionOptions Retention { get; set; } = new();

    /// <summary>Bounds on what is taken in.</summary>
    public LimitsOptions Limits { get; set; } = new();

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => Log.Validate().Concat(Retention.Validate()).Concat(Limits.Validate())
        .Concat(new[]
        {
            string.IsNullOrWhiteSpace(DataPath) ? "Notifications:DataPath is empty." : null,
            string.IsNullOrEmpty(Node) || Hosting.Node.IsId(Node)
                ? null
                : $"Notifications:Node is \"{Node}\"; it must be 1 to {Hosting.Node.MaxIdLength} of A-Z, a-z, 0-9, point, underscore and hyphen.",
            Bounds.Check("Notifications:StartupWaitSeconds", StartupWaitSeconds, 0, 600),
            string.IsNullOrEmpty(PublicUrl) || IsPublicUrl(PublicUrl)
                ? null
                : $"Notifications:PublicUrl is \"{PublicUrl}\"; it must be an absolute http or https address without query and without a slash at its end.",
        }.OfType<string>());

    private static bool IsPublicUrl(string url) =>
        Links.Fault(Encoding.UTF8.GetBytes(url), mail: false) is null && url[^1] != '/' && !url.Contains('?', StringComparison.Ordinal)
        && !url.Contains('#', StringComparison.Ordinal) && Ascii.IsValid(url) && url.Length <= 300;
}

/// <summary>Settings under <c>Notifications:Log</c>.</summary>
public sealed class LogOptions
{
    /// <summary>The partitions of the embedded engine where none are configured.</summary>
    private static readonly PartitionLayout Embedded = new(4, 1);

    /// <summary>Those of the server engine: what several dispatchers can share.</summary>
    private static readonly PartitionLayout Server = new(16, 4);

    /// <summary>Partitions for ordinary events, 1 to 128; changes only while the log is empty. Default: 4, on the server engine 16.</summary>
    public int? Partitions { get; set; }

    /// <summary>Partitions for critical events, 1 to 128; changes only while the log is empty. Default: 1, on the server engine 4.</summary>
    public int? CriticalPartitions { get; set; }

    /// <summary>Bytes that may wait in the log before producers get 503; at least 1 MiB. Default: 1 GiB.</summary>
    public long LimitBytes { get; set; } = 1L << 30;

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        Partitions is { } partitions ? Bounds.Check("Notifications:Log:Partitions", partitions, 1, 128) : null,
        CriticalPartitions is { } critical ? Bounds.Check("Notifications:Log:CriticalPartitions", critical, 1, 128) : null,
        Bounds.Check("Notifications:Log:LimitBytes", LimitBytes, 1 << 20, long.MaxValue),
    }.OfType<string>();

    /// <summary>The partitions: those that are configured, else the engine's.</summary>
    /// <param name="server">Whether it is the server engine.</param>
    public PartitionLayout Layout(bool server)
    {
        var engine = server ? Server : Embedded;
        return new PartitionLayout(Partitions ?? engine.Normal, CriticalPartitions ?? engine.Critical);
    }
}

/// <summary>Settings under <c>Notifications:Retention</c>.</summary>
public sealed class RetentionOptions
{
    /// <summary>Days for which an inbox item is kept, 1 to 3650. Default: 90.</summary>
    public int InboxDays { get; set; } = 90;

    /// <summary>How many of a user's newest items are kept however old they are, 0 to 1,000,000. Default: 10,000.</summary>
    public int InboxItems { get; set; } = 10_000;

    /// <summary>Days for which a delivery that has ended is kept, 1 to 3650; one that is dead as long as its dead letter. Default: 30.</summary>
    public int DeliveryDays { get; set; } = 30;

    /// <summary>Days for which a dead letter is kept, 1 to 3650. Default: 90.</summary>
    public int DeadLetterDays { get; set; } = 90;

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        Bounds.Check("Notifications:Retention:DeliveryDays", DeliveryDays, 1, 3650),
        Bounds.Check("Notifications:Retention:DeadLetterDays", DeadLetterDays, 1, 3650),
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
