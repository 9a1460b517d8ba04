using Notifications.Hosting;

namespace Notifications.Redis;

/// <summary>Settings under <c>Notifications:Redis</c>.</summary>
public sealed class RedisOptions
{
    /// <summary>
    /// What the names of all keys and channels begin with, so that several services can share a Redis; at most 64 characters, no braces. Default:
    /// <c>ntf:</c>.
    /// </summary>
    public string Prefix { get; set; } = "ntf:";

    /// <summary>
    /// How many replicas must have an event before it is accepted, 0 to 10: what a failover to one of them would lose otherwise. Default: 0.
    /// </summary>
    public int Replicas { get; set; }

    /// <summary>
    /// Runs on a Redis whose settings can lose accepted events, such as <c>appendfsync everysec</c>, or which does not tell its settings. Default:
    /// false.
    /// </summary>
    public bool AllowDataLoss { get; set; }

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => new[]
    {
        Bounds.Check("Notifications:Redis:Replicas", Replicas, 0, 10),
        Prefix is null || Prefix.Length > 64 || Prefix.AsSpan().IndexOfAny('{', '}') >= 0
            ? "Notifications:Redis:Prefix must have at most 64 characters and no braces, which Redis Cluster gives a meaning." : null,
    }.OfType<string>();
}
