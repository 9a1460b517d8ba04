using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using Notifications.Events;
using Notifications.Storage;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// The door: what a request's body costs until its event is known to be valid, and what the answer costs. Each event goes through here once, on the
/// node that took the request. Each figure is per event or, where a batch is named, per batch of 100.
/// </summary>
[MemoryDiagnoser]
#pragma warning disable CA1001 // The writer writes to memory and is used until the process ends.
public class ParsingBenchmarks
#pragma warning restore CA1001
{
    private const int BatchSize = 100;

    private readonly byte[] _typical = Samples.Typical();
    private readonly byte[] _typicalWithId = Samples.Typical("order-4711-shipped");
    private readonly byte[] _large = Samples.Large();
    private readonly byte[] _array = Samples.Batch(BatchSize, lines: false);
    private readonly byte[] _lines = Samples.Batch(BatchSize, lines: true);
    private readonly ArrayBufferWriter<byte> _answer = new(64 * 1024);
    private readonly BatchItem[] _items;
    private readonly AcceptResult[] _accepted;
    private readonly Utf8JsonWriter _writer;

    public ParsingBenchmarks()
    {
        _items = EventBatch.ParseArray(_array, out _)!;
        _accepted = [.. Enumerable.Range(1, BatchSize).Select(i => new AcceptResult(AcceptOutcome.Accepted, Samples.EventId(i)))];
        _writer = new Utf8JsonWriter(_answer);
    }

    [Benchmark(Description = "parse, 300 B")]
    public EventDraft Typical() => Samples.Draft(_typical);

    [Benchmark(Description = "parse, 300 B with id")]
    public EventDraft TypicalWithId() => Samples.Draft(_typicalWithId);

    [Benchmark(Description = "parse, 200 KiB")]
    public EventDraft Large() => Samples.Draft(_large);

    [Benchmark(Description = "parse array of 100")]
    public object? Array() => EventBatch.ParseArray(_array, out _);

    [Benchmark(Description = "parse 100 lines")]
    public object? Lines() => EventBatch.ParseLines(_lines, out _);

    [Benchmark(Description = "answer")]
    public long Receipt()
    {
        _answer.ResetWrittenCount();
        _writer.Reset();
        var receipt = new EventReceipt { Id = Ids.Format(Ids.Event, _accepted[0].EventId), Status = "accepted", Duplicate = false };
        JsonSerializer.Serialize(_writer, receipt, EventsJson.Default.EventReceipt);
        return _writer.BytesCommitted;
    }

    [Benchmark(Description = "answer to 100")]
    public long BatchAnswer()
    {
        _answer.ResetWrittenCount();
        _writer.Reset();
        JsonSerializer.Serialize(_writer, BatchReceipt.Of(_items, _accepted), EventsJson.Default.BatchReceipt);
        return _writer.BytesCommitted;
    }
}
