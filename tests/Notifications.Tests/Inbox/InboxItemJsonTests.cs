using System.Text;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;
using Notifications.Inbox;
using Notifications.Storage;
using Notifications.Tests.Storage;

namespace Notifications.Tests.Inbox;

public sealed class InboxItemJsonTests
{
    private static readonly string[] Members =
    [
        "id", "seq", "rev", "eventId", "type", "title", "body", "url", "imageUrl", "data", "actions", "category", "priority",
        "createdAt", "seenAt", "readAt", "archivedAt", "snoozedUntil", "withdrawnAt",
    ];

    [Fact]
    public void An_item_has_exactly_its_members_in_their_order_whatever_its_content() => Prop.ForAll(
        Texts.Zip(Texts.Json, Texts.Json, Texts.Any, (data, body, user) => (data, body, user)).ToArbitrary(),
        t =>
        {
            var content = $$"""{"type":"t","title":"T","body":{{t.body}},"url":null,"imageUrl":null,"data":{{t.data}},"actions":[],"category":null,"priority":"normal"}""";
            var item = Item(content) with { User = t.user };
            using var json = JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes(item));
            Assert.Equal(Members, json.RootElement.EnumerateObject().Select(p => p.Name));
            Assert.Equal(t.data, json.RootElement.GetProperty("data").GetRawText()); // as the producer wrote it
            Assert.Equal(t.body, json.RootElement.GetProperty("body").GetRawText());
            Assert.Equal(Ids.Format(Ids.Notification, item.Id), json.RootElement.GetProperty("id").GetString());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void It_looks_like_this() => Assert.Equal(
        """
        {"id":"ntf_ID","seq":7,"rev":9,"eventId":"evt_0195f3a17c007abc8def0123456789ab","type":"t","title":"T",
        "createdAt":"2026-03-01T12:00:00.000Z","seenAt":"2026-03-01T12:00:00.001Z","readAt":null,"archivedAt":null,"snoozedUntil":null,"withdrawnAt":null}
        """.ReplaceLineEndings(""),
        JsonSerializer.Serialize(Item("""{"type":"t","title":"T"}""") with { SeenAt = 1_772_366_400_001 })
            .Replace(Item("{}").Id.ToString("N"), "ID", StringComparison.Ordinal));

    [Fact]
    public void The_largest_numbers_and_contents_fit()
    {
        const long LastMillisecond = 253_402_300_799_999; // of the year 9999
        var body = JsonSerializer.Serialize(new string('\u0001', 100_000));
        var item = Item($$"""{"type":"t","body":{{body}}}""") with
        {
            Seq = long.MaxValue,
            Rev = long.MaxValue,
            CreatedAt = LastMillisecond,
            SeenAt = LastMillisecond,
            ReadAt = LastMillisecond,
            ArchivedAt = LastMillisecond,
            SnoozedUntil = LastMillisecond,
            WithdrawnAt = LastMillisecond,
        };
        using var json = JsonDocument.Parse(JsonSerializer.SerializeToUtf8Bytes(item));
        Assert.Equal(long.MaxValue, json.RootElement.GetProperty("rev").GetInt64());
        Assert.Equal("9999-12-31T23:59:59.999Z", json.RootElement.GetProperty("withdrawnAt").GetString());
        Assert.Equal(body, json.RootElement.GetProperty("body").GetRawText());
    }

    private static InboxItem Item(string content) => new()
    {
        User = "ann",
        Seq = 7,
        Rev = 9,
        EventId = Guid.Parse("0195f3a1-7c00-7abc-8def-0123456789ab"),
        CreatedAt = 1_772_366_400_000,
        Content = Encoding.UTF8.GetBytes(content),
    };
}
