using System.Globalization;
using System.Text;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;

namespace Notifications.Benchmarks.Micro;

/// <summary>Events as producers send them, and what becomes of them on their way. The same in each run.</summary>
internal static class Samples
{
    /// <summary>Whose everything is.</summary>
    public const string Tenant = "acme";

    /// <summary>When everything was accepted, Unix milliseconds.</summary>
    public const long AcceptedAt = 1_768_468_200_000;

    private const int LargeBytes = 200 * 1024;

    /// <summary>An event of about 300 bytes to one user.</summary>
    /// <param name="id">The producer's id, or null: an event that has one is hashed.</param>
    /// <param name="user">The user's number.</param>
    public static byte[] Typical(string? id = null, int user = 1) => Event(id, [User(user)], """{"order":4711,"carrier":"post","parcels":[{"id":"P-1","weight":1.25}]}""");

    /// <summary>An event of 200 KiB to one user, nearly all of it data.</summary>
    public static byte[] Large(string? id = null)
    {
        var data = new StringBuilder(LargeBytes).Append('[');
        for (var i = 0; data.Length < LargeBytes; i++)
        {
            data.Append(CultureInfo.InvariantCulture, $$"""{{(i == 0 ? "" : ",")}}{"id":"P-{{i}}","name":"Item no. {{i}} of a long list","count":{{i % 7}},"inStock":true}""");
        }

        return Event(id, [User(1)], data.Append(']').ToString());
    }

    /// <summary>An event to many users, each named.</summary>
    public static byte[] ToUsers(int count) => Event(null, Enumerable.Range(0, count).Select(User), "null");

    /// <summary>An event to the subscribers of a topic.</summary>
    public static byte[] ToTopic(string topic) => Event(null, ["topic:" + topic], "null");

    /// <summary>Events to a user each, as an array or one per line.</summary>
    public static byte[] Batch(int count, bool lines)
    {
        var events = Enumerable.Range(0, count).Select(user => Encoding.UTF8.GetString(Typical(user: user)));
        return Encoding.UTF8.GetBytes(lines ? string.Join('\n', events) : $"[{string.Join(',', events)}]");
    }

    /// <summary>What the parser makes of an event.</summary>
    public static EventDraft Draft(byte[] json) =>
        EventParser.TryParse(json, null, out var draft, out var refusal) ? draft : throw new FormatException(refusal.Detail);

    /// <summary>The event as it is written to the log.</summary>
    public static EventRecord Record(byte[] json)
    {
        var draft = Draft(json);
        return new EventRecord
        {
            Id = EventId(1),
            Tenant = Tenant,
            Source = draft.Source,
            ExternalId = draft.ExternalId,
            Fingerprint = draft.Fingerprint,
            AcceptedAt = AcceptedAt,
            To = draft.To,
            OrderingKey = draft.OrderingKey ?? draft.To[0].ToString(),
            Category = draft.Category,
            Options = draft.Options,
            Content = draft.Content,
        };
    }

    /// <summary>The event as it is read from the log.</summary>
    public static LogEntry Entry(byte[] json) => new(new LogPosition(1), Tenant, EventId(1), Record(json).Write());

    /// <summary>An item that is new in a user's inbox.</summary>
    public static InboxItem Item(string user, long seq, Guid eventId, ReadOnlyMemory<byte> content) =>
        new() { User = user, Seq = seq, Rev = seq, EventId = eventId, CreatedAt = AcceptedAt, Content = content };

    /// <summary>The id of an event.</summary>
    public static Guid EventId(int number) => new(number, 0x2f7b, 0x7c3e, 0x8a, 0x4d, 0x5b, 0x6c, 0x7d, 0x8e, 0x9f, 0x01);

    /// <summary>The id of a user.</summary>
    public static string UserId(int number) => string.Create(CultureInfo.InvariantCulture, $"user-{number:000000}");

    private static string User(int number) => "user:" + UserId(number);

    private static byte[] Event(string? id, IEnumerable<string> to, string data) => Encoding.UTF8.GetBytes(
        $$"""
        {{{(id is null ? "" : $"\"id\":\"{id}\",")}}"type":"order.shipped","to":["{{string.Join("\",\"", to)}}"],"title":"Your order has shipped",
        """ + $$"""
        "body":"It should arrive on Thursday.","url":"https://shop.example/orders/4711","data":{{data}},"category":"orders","priority":"normal"}
        """);
}
