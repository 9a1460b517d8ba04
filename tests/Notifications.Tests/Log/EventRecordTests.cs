using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Notifications.Events;
using Notifications.Log;
using Notifications.Tests.Storage;

namespace Notifications.Tests.Log;

public sealed class EventRecordTests
{
    private const string Valid = """{"v":1,"acceptedAt":5,"to":["user:ann"],"orderingKey":"user:ann","content":{"type":"t"}}""";
    private static readonly Guid Id = Guid.Parse("0195f3a1-7c00-7abc-8def-0123456789ab");

    private static Gen<EventRecord> Records { get; } = Gen.Zip(
        Texts.Zip(Texts.Any, Texts.Any, Texts.Any.Select(t => t.Length % 3 == 0 ? null : t), (source, key, category) => (source, key, category)),
        Texts.Zip(Texts.Key.ArrayOf(), Texts.Any.Select(t => t.Length % 2 == 0 ? null : t), Texts.Json, (keys, externalId, json) => (keys, externalId, json)),
        (a, b) => new EventRecord
        {
            Id = Id,
            Tenant = "acme",
            Source = b.externalId is null ? "" : a.source,
            ExternalId = b.externalId,
            Fingerprint = b.externalId is null ? default : Encoding.UTF8.GetBytes(a.key),
            AcceptedAt = 1_772_366_400_000 + a.key.Length,
            To = [new Recipient(RecipientKind.All, ""), .. b.keys.Select((k, i) => new Recipient(i % 2 == 0 ? RecipientKind.User : RecipientKind.Topic, k))],
            OrderingKey = a.key,
            Category = a.category,
            Content = Encoding.UTF8.GetBytes($"{{\"type\":\"t\",\"data\":{b.json},\"content\":{b.json}}}"),
        });

    [Fact]
    public void What_is_read_is_what_was_written() => Prop.ForAll(Records.ToArbitrary(), record =>
    {
        Assert.Equal(RecordState.Valid, Read(record.Write(), out var read));
        Assert.Equal(
            (record.Id, record.Tenant, record.Source, record.ExternalId, record.AcceptedAt, record.OrderingKey, record.Category),
            (read!.Id, read.Tenant, read.Source, read.ExternalId, read.AcceptedAt, read.OrderingKey, read.Category));
        Assert.Equal(record.Fingerprint.ToArray(), read.Fingerprint.ToArray());
        Assert.Equal(record.To, read.To);
        Assert.Equal(record.Content.ToArray(), read.Content.ToArray()); // to the byte
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(1_000));

    [Fact]
    public void Nothing_in_a_payload_makes_reading_throw() => Prop.ForAll(
        Gen.Zip(Records, Gen.Choose(0, 1 << 20).ArrayOf(6), (record, at) => (record, at)).ToArbitrary(),
        t =>
        {
            var bytes = t.record.Write().ToArray().ToList();
            foreach (var n in t.at)
            {
                var at = n % bytes.Count;
                switch (n % 5)
                {
                    case 0: bytes[at] = (byte)(n >> 8); break;
                    case 1: bytes.RemoveAt(at); break;
                    case 2: bytes.Insert(at, (byte)"{}[]\",:\\0nt\u0001"[n % 12]); break;
                    case 3 when n % 3 == 0: bytes.RemoveRange(at, bytes.Count - at); break;
                    default: (bytes[at], bytes[^1]) = (bytes[^1], bytes[at]); break;
                }

                if (bytes.Count == 0)
                {
                    bytes.Add(0xFF);
                }

                Assert.Equal(Read(bytes.ToArray(), out var read) == RecordState.Valid, read is not null);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    [Fact]
    public void The_smallest_record_is_valid() => Assert.Equal(RecordState.Valid, Read(Encoding.UTF8.GetBytes(Valid), out _));

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("{\"v\":1")]
    [InlineData("\uFEFF{}")]
    [InlineData("{\"acceptedAt\":5,\"to\":[\"user:ann\"],\"orderingKey\":\"k\",\"content\":{}}")] // no version
    [InlineData("{\"v\":0,\"acceptedAt\":5,\"to\":[\"user:ann\"],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":\"1\",\"acceptedAt\":5,\"to\":[\"user:ann\"],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":99999999999,\"acceptedAt\":5,\"to\":[\"user:ann\"],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"to\":[\"user:ann\"],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"to\":[],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"to\":\"user:ann\",\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"to\":[[\"user:ann\"]],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"to\":[\"user:ann\",7],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"to\":[\"nobody\"],\"orderingKey\":\"k\",\"content\":{}}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"to\":[\"user:ann\"],\"orderingKey\":\"k\"}")]
    [InlineData("{\"v\":1,\"acceptedAt\":5,\"to\":[\"user:ann\"],\"orderingKey\":\"\\ud800\",\"content\":{}}")]
    public void What_is_not_a_record_is_malformed(string payload)
    {
        Assert.Equal(RecordState.Malformed, Read(Encoding.UTF8.GetBytes(payload), out var record));
        Assert.Null(record);
    }

    [Theory]
    [InlineData("{\"v\":3}")]
    [InlineData("{\"v\":3,\"everything\":[\"is\",{\"different\":1}]}")]
    [InlineData("{\"v\":7,\"to\":\"nobody knows how\"")]
    public void A_newer_version_is_told_from_nonsense(string payload) =>
        Assert.Equal(RecordState.UnknownVersion, Read(Encoding.UTF8.GetBytes(payload), out _));

    [Fact]
    public void What_an_event_asks_for_travels_with_it()
    {
        var options = new EventOptions
        {
            Channels = [new EventChannel("email", 600), new EventChannel("webhook")],
            Template = "welcome",
            CollapseKey = "k",
            SendAt = 5,
            ExpiresAt = 7,
        };
        var written = new EventRecord
        {
            Id = Id,
            Tenant = "acme",
            AcceptedAt = 1,
            To = [new Recipient(RecipientKind.Email, "ann@example.com")],
            OrderingKey = "o",
            Options = options,
            Content = """{"type":"a","title":null,"priority":"critical"}"""u8.ToArray(),
        };
        Assert.Equal(RecordState.Valid, Read(written.Write(), out var read));
        Assert.Equal(options.Write(), read!.Options!.Write());
        Assert.Equal((5, true, false, "a"), (read.At, read.IsCritical, read.HasTitle(), read.Type()));
        Assert.Equal("""{"type":"a","title":"a","priority":"critical"}""", Encoding.UTF8.GetString(read.WithTitle().Content.Span));
        Assert.Equal(written.To, read.To);
    }

    [Fact]
    public void An_event_that_asks_for_nothing_is_one_that_nodes_of_the_version_before_understand() =>
        Assert.StartsWith("{\"v\":1,", Encoding.UTF8.GetString(new EventRecord
        {
            Id = Id,
            Tenant = "acme",
            AcceptedAt = 1,
            To = [new Recipient(RecipientKind.All, "")],
            OrderingKey = "o",
            Content = "{}"u8.ToArray(),
        }.Write().Span), StringComparison.Ordinal);

    [Fact]
    public void A_member_that_a_newer_writer_added_is_passed_over() =>
        Assert.Equal(RecordState.Valid, Read(Encoding.UTF8.GetBytes(Valid.Replace("\"to\"", "\"new\":{\"to\":[1]},\"to\"", StringComparison.Ordinal)), out _));

    private static RecordState Read(ReadOnlyMemory<byte> payload, out EventRecord? record) =>
        EventRecord.TryRead(new LogEntry(new LogPosition(1), "acme", Id, payload), out record);
}
