using System.Buffers.Binary;

namespace Notifications.Storage;

/// <summary>
/// Ids: a prefix that says what it is, and the 32 hexadecimal digits of a UUIDv7 (RFC 9562), so that they sort by time and index well.
/// </summary>
public static class Ids
{
    /// <summary>Prefix of an event's id.</summary>
    public const string Event = "evt_";

    /// <summary>Prefix of a notification's id.</summary>
    public const string Notification = "ntf_";

    /// <summary>Prefix of a delivery's id.</summary>
    public const string Delivery = "dlv_";

    /// <summary>Prefix of a dead letter's id.</summary>
    public const string DeadLetter = "dl_";

    /// <summary>Prefix of an operation's id.</summary>
    public const string Operation = "op_";

    /// <summary>Prefix of a webhook's id.</summary>
    public const string Webhook = "wh_";

    /// <summary>Prefix of an API key's id.</summary>
    public const string Key = "key_";

    private const int SeqBits = 34;
    private const long SeqMask = (1L << SeqBits) - 1;

    /// <summary>A new UUIDv7 for now.</summary>
    public static Guid New(TimeProvider time) => Guid.CreateVersion7(time.GetUtcNow());

    /// <summary>As it is stored: 16 bytes in network order, which sort as the id does.</summary>
    public static byte[] Bytes(this Guid id) => id.ToByteArray(bigEndian: true);

    /// <summary>Reads what <see cref="Bytes"/> wrote.</summary>
    public static Guid FromBytes(byte[] bytes) => new(bytes, bigEndian: true);

    /// <summary>As it is shown.</summary>
    public static string Format(string prefix, Guid id) => string.Concat(prefix, id.ToString("N"));

    /// <summary>Reads what <see cref="Format"/> wrote; false for anything else.</summary>
    public static bool TryParse(string prefix, string? text, out Guid id)
    {
        id = default;
        return text is not null && text.Length == prefix.Length + 32 && text.StartsWith(prefix, StringComparison.Ordinal)
            && Guid.TryParseExact(text.AsSpan(prefix.Length), "N", out id);
    }

    /// <summary>
    /// The id of a user's notification. It is derived, not stored: the time it was created, 40 bits of a hash of event and user, and the
    /// notification's <c>seq</c> in the low 34 bits. So looking one up by id needs no index of its own.
    /// </summary>
    /// <param name="createdAt">Unix milliseconds.</param>
    /// <param name="seq">Its place in the user's log.</param>
    /// <param name="eventId">The event it came from.</param>
    /// <param name="user">Whose it is.</param>
    public static Guid ForNotification(long createdAt, long seq, Guid eventId, string user)
    {
        Span<byte> bytes = stackalloc byte[16];
        eventId.TryWriteBytes(bytes, bigEndian: true, out _);
        var hash = StableHash.Mix(StableHash.Of(user) ^ BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));
        var high = ((ulong)createdAt << 16) | 0x7000 | (hash >> 52);
        var low = 0x8000_0000_0000_0000 | (((hash >> 24) & 0x0FFF_FFFF) << SeqBits) | ((ulong)seq & SeqMask);
        BinaryPrimitives.WriteUInt64BigEndian(bytes, high);
        BinaryPrimitives.WriteUInt64BigEndian(bytes[8..], low);
        return new Guid(bytes, bigEndian: true);
    }

    /// <summary>The <c>seq</c> that <see cref="ForNotification"/> put into a notification's id.</summary>
    public static long SeqOf(Guid notificationId)
    {
        Span<byte> bytes = stackalloc byte[16];
        notificationId.TryWriteBytes(bytes, bigEndian: true, out _);
        return (long)(BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]) & (ulong)SeqMask);
    }
}
