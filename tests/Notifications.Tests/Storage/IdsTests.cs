using FsCheck;
using FsCheck.Fluent;
using Notifications.Storage;

namespace Notifications.Tests.Storage;

public sealed class IdsTests
{
    private const long MaxSeq = (1L << 34) - 1;
    private static readonly Guid Event = Guid.Parse("0195f3a1-7c00-7abc-8def-0123456789ab");

    [Fact]
    public void A_notifications_id_gives_back_its_seq_and_is_a_uuid_of_version_7() => Prop.ForAll(
        Gen.Zip(Texts.Any, Gen.Zip(Gen.Choose(1, int.MaxValue), Gen.Choose(0, int.MaxValue), (a, b) => (a, b)), (user, n) => (user, n.a, n.b)).ToArbitrary(),
        t =>
        {
            var (createdAt, seq) = ((t.a * 1_000L) + 1_500_000_000_000, 1 + (long)((ulong)t.b * 7 % MaxSeq));
            var id = Ids.ForNotification(createdAt, seq, new Guid(t.a, 1, 2, BitConverter.GetBytes((long)t.b * 31)), t.user);
            var bytes = id.Bytes();
            Assert.Equal(seq, Ids.SeqOf(id));
            Assert.Equal(7, id.Version);
            Assert.Equal(0b10, bytes[8] >> 6); // the variant of RFC 9562
            Assert.Equal(createdAt, Convert.ToInt64(Convert.ToHexString(bytes, 0, 6), 16));
            Assert.Equal(id, Ids.FromBytes(bytes));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000));

    [Theory]
    [InlineData(1)]
    [InlineData(MaxSeq)]
    public void The_first_and_the_last_seq_fit(long seq) => Assert.Equal(seq, Ids.SeqOf(Ids.ForNotification(1_772_366_400_000, seq, Event, "ann")));

    [Fact]
    public void A_notifications_id_is_this_one_for_ever() => Assert.Equal(
        "ntf_019ca94460007c78847870c4000001c8", Ids.Format(Ids.Notification, Ids.ForNotification(1_772_366_356_480, 456, Event, "ann")));

    [Fact]
    public void Ids_of_one_event_differ_by_user_and_those_of_one_place_by_event()
    {
        var ids = new HashSet<Guid>();
        for (var i = 0; i < 100_000; i++)
        {
            Assert.True(ids.Add(Ids.ForNotification(1_772_366_400_000, 1, Event, $"user{i}"))); // everyone's first notification
            Assert.True(ids.Add(Ids.ForNotification(1_772_366_400_000, i + 2, Event, "ann")));
        }
    }

    [Fact]
    public void An_id_is_read_as_it_is_written_and_nothing_else_is()
    {
        Assert.True(Ids.TryParse(Ids.Event, Ids.Format(Ids.Event, Event), out var id));
        Assert.Equal(Event, id);
        Assert.True(Ids.TryParse(Ids.Event, "evt_0195F3A17C007ABC8DEF0123456789AB", out id));
        foreach (var wrong in new[] { null, "", "evt_", "0195f3a17c007abc8def0123456789ab", "ntf_0195f3a17c007abc8def0123456789ab", "EVT_0195f3a17c007abc8def0123456789ab",
            "evt_0195f3a17c007abc8def0123456789abc", "evt_0195f3a17c007abc8def0123456789ag", "evt_0195f3a1-7c00-7abc-8def-0123456789", " evt_0195f3a17c007abc8def0123456789a" })
        {
            Assert.False(Ids.TryParse(Ids.Event, wrong, out _), wrong);
        }
    }

    [Fact]
    public void Stored_ids_sort_by_time() =>
        Assert.True(Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(1_000)).Bytes().AsSpan()
            .SequenceCompareTo(Guid.CreateVersion7(DateTimeOffset.FromUnixTimeMilliseconds(1_001)).Bytes()) < 0);
}
