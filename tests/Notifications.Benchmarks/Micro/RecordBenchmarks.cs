using BenchmarkDotNet.Attributes;
using Notifications.Log;
using Notifications.Routing;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// The event's way through the log: written once by the node that accepts it, read once by the node that owns its partition. And the trail of
/// decisions, which is written once into the event's row.
/// </summary>
[MemoryDiagnoser]
public class RecordBenchmarks
{
    private readonly EventRecord _typical = Samples.Record(Samples.Typical());
    private readonly EventRecord _typicalWithId = Samples.Record(Samples.Typical("order-4711-shipped"));
    private readonly EventRecord _large = Samples.Record(Samples.Large());
    private readonly EventRecord _toHundred = Samples.Record(Samples.ToUsers(100));
    private readonly LogEntry _typicalEntry = Samples.Entry(Samples.Typical());
    private readonly LogEntry _largeEntry = Samples.Entry(Samples.Large());
    private readonly LogEntry _toHundredEntry = Samples.Entry(Samples.ToUsers(100));
    private readonly IReadOnlyList<Decision> _decisions = Router.Route(Samples.Record(Samples.Typical()), RoutingContext.Empty).Decisions;

    [Benchmark(Description = "write, 300 B")]
    public ReadOnlyMemory<byte> Write() => _typical.Write();

    [Benchmark(Description = "write, 300 B with id")]
    public ReadOnlyMemory<byte> WriteWithId() => _typicalWithId.Write();

    [Benchmark(Description = "write, to 100 users")]
    public ReadOnlyMemory<byte> WriteToHundred() => _toHundred.Write();

    [Benchmark(Description = "write, 200 KiB")]
    public ReadOnlyMemory<byte> WriteLarge() => _large.Write();

    [Benchmark(Description = "read, 300 B")]
    public EventRecord? Read() => Read(_typicalEntry);

    [Benchmark(Description = "read, to 100 users")]
    public EventRecord? ReadToHundred() => Read(_toHundredEntry);

    [Benchmark(Description = "read, 200 KiB")]
    public EventRecord? ReadLarge() => Read(_largeEntry);

    [Benchmark(Description = "write the decision")]
    public byte[] WriteDecisions() => Decision.Write(_decisions);

    private static EventRecord? Read(LogEntry entry) =>
        EventRecord.TryRead(entry, out var record) == RecordState.Valid ? record : throw new FormatException("The sample is no event.");
}
