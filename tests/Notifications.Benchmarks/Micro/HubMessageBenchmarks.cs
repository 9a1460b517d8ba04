using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.DependencyInjection;
using Notifications.Inbox;
using Notifications.Realtime;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// What a step of a user's log is made into for the user's connections, once for all of them: the bytes of a hub message, by the JSON protocol as the
/// service sets it up. Each user of an event has a message of their own, because place and counts are the user's.
/// </summary>
[MemoryDiagnoser]
public class HubMessageBenchmarks
{
    private const int Many = 50;
    private static readonly UserKey Key = new(Samples.Tenant, Samples.UserId(1));

    private readonly IHubProtocol _protocol = Protocol();
    private readonly InboxItem _typical = Item(1, Samples.Typical());
    private readonly InboxItem _large = Item(1, Samples.Large());
    private readonly InboxItem[] _changed = [.. Enumerable.Range(1, Many).Select(i => Item(i, Samples.Typical()) with { SeenAt = Samples.AcceptedAt })];

    /// <summary>The JSON protocol that the service registers.</summary>
    public static IHubProtocol Protocol()
    {
        using var services = new ServiceCollection().AddLogging().AddRealtime().BuildServiceProvider();
        return services.GetServices<IHubProtocol>().Single(p => p.Name == "json");
    }

    [Benchmark(Description = "notification, 300 B")]
    public int Notification() => Write(UserPush.New(Key, _typical, new Counts(3, 5)));

    [Benchmark(Description = "notification, 200 KiB")]
    public int LargeNotification() => Write(UserPush.New(Key, _large, new Counts(3, 5)));

    [Benchmark(Description = "change of 50 items")]
    public int Updated() => Write(UserPush.Updated(Key, _changed, new Counts(3, 5)));

    [Benchmark(Description = "counts")]
    public int CountsOnly() => Write(UserPush.CountsOnly(Key, new Counts(3, 5)));

    private int Write(UserPush push) => push.Message.GetSerializedMessage(_protocol).Length;

    private static InboxItem Item(int seq, byte[] json) => Samples.Item(Key.User, seq, Samples.EventId(seq), Samples.Record(json).Content);
}
