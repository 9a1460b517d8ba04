using BenchmarkDotNet.Attributes;
using Notifications.Events;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// Which partition an event belongs to: asked once for each event when it is accepted. The hash alone is also what notifications' ids are derived
/// with, once for each message to a client.
/// </summary>
[MemoryDiagnoser]
public class PartitioningBenchmarks
{
    private static readonly PartitionLayout Layout = new(16, 4);

    private readonly string _user = Samples.UserId(4711);
    private readonly string _key = "user:" + Samples.UserId(4711);
    private readonly string _longKey = new('k', EventLimits.MaxOrderingKey);
    private readonly Guid _event = Samples.EventId(1);

    [Benchmark(Description = "hash, 11 characters")]
    public ulong Hash() => StableHash.Of(_user);

    [Benchmark(Description = "partition, 16 characters")]
    public int Partition() => EventIntake.Partition(Layout, Samples.Tenant, _key, Priority.Normal);

    [Benchmark(Description = "partition, 200 characters")]
    public int PartitionOfLongKey() => EventIntake.Partition(Layout, Samples.Tenant, _longKey, Priority.Critical);

    [Benchmark(Description = "id of a notification")]
    public Guid NotificationId() => Ids.ForNotification(Samples.AcceptedAt, 4711, _event, _user);
}
