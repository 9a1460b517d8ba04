using BenchmarkDotNet.Attributes;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Preferences;
using Notifications.Routing;
using Notifications.Users;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// Who gets an event, decided once by the node that owns its partition, after all that has to be known was read. A tenant that has configured
/// nothing (<c>plain</c>) takes the short way; one with a policy, and with profiles in which every third user has wishes of their own
/// (<c>profiles</c>), has each user's channels gone through. Figures are per event; more than 500 users are routed in steps of 500.
/// </summary>
[MemoryDiagnoser]
public class RoutingBenchmarks
{
    private const int Step = Router.MaxInlineUsers;
    private const int TopicUsers = 1_000;

    private readonly EventRecord _toOne = Samples.Record(Samples.Typical());
    private readonly EventRecord _toHundred = Samples.Record(Samples.ToUsers(100));
    private readonly EventRecord _toTopic = Samples.Record(Samples.ToTopic("news"));
    private readonly EventRecord _toLongTopic = Samples.Record(Samples.ToTopic("long"));
    private readonly string[][] _steps = [.. Enumerable.Range(0, TopicUsers).Select(Samples.UserId).Chunk(Step)];
    private RoutingContext _context = RoutingContext.Empty;

    /// <summary>What the tenant has configured.</summary>
    [Params("plain", "profiles")]
    public string Tenant { get; set; } = "plain";

    /// <summary>Makes the world that events are routed in.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        _context = RoutingContext.Empty with
        {
            Now = DateTimeOffset.FromUnixTimeMilliseconds(Samples.AcceptedAt),
            Subscribers = new Dictionary<(string, string), IReadOnlyList<string>>
            {
                [(Samples.Tenant, "news")] = _steps[0],
                [(Samples.Tenant, "long")] = [.. Enumerable.Range(0, Router.MaxInlineUsers + 1).Select(Samples.UserId)],
            },
        };
        if (Tenant != "plain")
        {
            _context = _context with
            {
                Configs = new Dictionary<string, TenantConfig> { [Samples.Tenant] = new(1, true, Policy(), TenantConfig.Empty.Webhooks) },
                Profiles = Enumerable.Range(0, TopicUsers).ToDictionary(i => new UserKey(Samples.Tenant, Samples.UserId(i)), Profile),
            };
        }
    }

    [Benchmark(Description = "one user")]
    public Plan One() => Router.Route(_toOne, _context);

    [Benchmark(Description = "100 users")]
    public Plan Hundred() => Router.Route(_toHundred, _context);

    [Benchmark(Description = "topic of 500")]
    public Plan Topic() => Router.Route(_toTopic, _context);

    [Benchmark(Description = "topic of 1,000, in steps")]
    public int LongTopic()
    {
        var routed = Router.Route(_toLongTopic, _context).Users.Count;
        foreach (var step in _steps)
        {
            routed += Router.RouteStep(_toLongTopic, step, inbox: true, _context).Users.Count;
        }

        return routed;
    }

    private static Policy Policy() => new()
    {
        Channels = new Dictionary<string, ChannelSetting> { [ChannelNames.Email] = ChannelSetting.Digest },
        Categories = new Dictionary<string, CategoryPolicy>
        {
            ["orders"] = new() { Channels = new Dictionary<string, ChannelSetting> { [ChannelNames.Email] = ChannelSetting.On } },
        },
        TimeZone = "Europe/Vienna",
    };

    private static Profile Profile(int number) => new()
    {
        UserId = Samples.UserId(number),
        Email = Samples.UserId(number) + "@example.com",
        Locale = "de-AT",
        TimeZone = "Europe/Vienna",
        Preferences = number % 3 != 0 ? PreferenceDocument.Empty : new PreferenceDocument
        {
            Channels = new Dictionary<string, ChannelSetting> { [ChannelNames.Email] = ChannelSetting.Off },
            Categories = new Dictionary<string, IReadOnlyDictionary<string, ChannelSetting>>
            {
                ["offers"] = new Dictionary<string, ChannelSetting> { [ChannelNames.Inbox] = ChannelSetting.Off },
            },
            QuietHours = new QuietHours(new TimeOnly(22, 0), new TimeOnly(7, 0)),
        },
    };
}
