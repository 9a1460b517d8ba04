using Notifications.Hosting;

namespace Notifications.Channels;

/// <summary>Settings under <c>Notifications:Channels</c>: how deliveries are sent and tried again.</summary>
public sealed class ChannelOptions
{
    /// <summary>Attempts before a delivery is given up and becomes a dead letter, 1 to 100. Default: 15, which take about two days.</summary>
    public int Attempts { get; set; } = 15;

    /// <summary>Seconds before the second attempt, 1 to 3600; each later one waits three times as long. Default: 5.</summary>
    public int RetrySeconds { get; set; } = 5;

    /// <summary>The longest wait between two attempts in seconds, 1 to 86400. Default: 21600 (6 hours).</summary>
    public int MaxRetrySeconds { get; set; } = 21_600;

    /// <summary>Webhook requests under way at once on a node, 1 to 2000. Default: 128.</summary>
    public int WebhookRequests { get; set; } = 128;

    /// <summary>Of those, to one host that is slow or has just begun to fail, 1 to 2000; a host that answers quickly may have half of all. Default: 8.</summary>
    public int PerSlowHost { get; set; } = 8;

    /// <summary>The longest seconds for which a host, or our own mail server, that does not answer is left alone before the next try, 1 to 3600. Default: 60.</summary>
    public int MaxRestSeconds { get; set; } = 60;

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        Bounds.Check("Notifications:Channels:Attempts", Attempts, 1, 100),
        Bounds.Check("Notifications:Channels:RetrySeconds", RetrySeconds, 1, 3_600),
        Bounds.Check("Notifications:Channels:MaxRetrySeconds", MaxRetrySeconds, 1, 86_400),
        Bounds.Check("Notifications:Channels:WebhookRequests", WebhookRequests, 1, 2_000),
        Bounds.Check("Notifications:Channels:PerSlowHost", PerSlowHost, 1, 2_000),
        Bounds.Check("Notifications:Channels:MaxRestSeconds", MaxRestSeconds, 1, 3_600),
    }.OfType<string>();

    /// <summary>How long to wait after an attempt that failed: exponential, with a jitter of a quarter, so that what failed together does not come together.</summary>
    /// <param name="attempt">Which attempt it was, from 1.</param>
    /// <param name="chance">0 to 1.</param>
    public TimeSpan Backoff(int attempt, double chance) =>
        TimeSpan.FromSeconds(Math.Min(RetrySeconds * Math.Pow(3, Math.Min(attempt, 20) - 1), MaxRetrySeconds) * (0.75 + (0.5 * chance)));
}
