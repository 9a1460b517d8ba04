using BenchmarkDotNet.Attributes;
using Notifications.Inbox;
using Notifications.Realtime;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// What tells a gateway on another node of steps that were committed, on the server engine: written once for each batch and gateway, read once by that
/// gateway. Figures are per step, in messages of 500: of one event to 500 users, which carries its content once, or of 500 events to a user each.
/// </summary>
[MemoryDiagnoser]
public class DoorbellBenchmarks
{
    private const int Pushes = 500;

    private readonly DoorbellMessage _oneEvent, _manyEvents;
    private readonly byte[] _oneEventBytes, _manyEventsBytes;

    public DoorbellBenchmarks()
    {
        (_oneEvent, _manyEvents) = (Message(shared: true), Message(shared: false));
        (_oneEventBytes, _manyEventsBytes) = (_oneEvent.Write(), _manyEvents.Write());
    }

    [Benchmark(Description = "write, one event", OperationsPerInvoke = Pushes)]
    public byte[] WriteOne() => _oneEvent.Write();

    [Benchmark(Description = "write, 500 events", OperationsPerInvoke = Pushes)]
    public byte[] WriteMany() => _manyEvents.Write();

    [Benchmark(Description = "read, one event", OperationsPerInvoke = Pushes)]
    public object ReadOne() => DoorbellMessage.TryRead(_oneEventBytes)!;

    [Benchmark(Description = "read, 500 events", OperationsPerInvoke = Pushes)]
    public object ReadMany() => DoorbellMessage.TryRead(_manyEventsBytes)!;

    private static DoorbellMessage Message(bool shared)
    {
        var content = Samples.Record(Samples.Typical()).Content;
        var pushes = Enumerable.Range(1, Pushes).Select(i => UserPush.New(
            new UserKey(Samples.Tenant, Samples.UserId(i)),
            Samples.Item(Samples.UserId(i), i, Samples.EventId(shared ? 1 : i), shared ? content : content.ToArray()), new Counts(i, i)));
        return new DoorbellMessage("node-1", 1, [], [.. pushes]);
    }
}
