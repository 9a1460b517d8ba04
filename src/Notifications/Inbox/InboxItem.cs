using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Notifications.Storage;

namespace Notifications.Inbox;

/// <summary>How many of a user's items are new to them. Archived, snoozed and withdrawn items are not counted.</summary>
/// <param name="Unseen">Not yet shown to the user.</param>
/// <param name="Unread">Not yet opened by the user; never less than <paramref name="Unseen"/>.</param>
public readonly record struct Counts(long Unseen, long Unread);

/// <summary>
/// A notification in a user's inbox. <see cref="Seq"/> is its place in the user's log and never changes; <see cref="Rev"/> is the place of
/// its latest change.
/// </summary>
[JsonConverter(typeof(InboxItemConverter))]
public sealed record InboxItem
{
    /// <summary>Whose it is.</summary>
    public required string User { get; init; }

    /// <summary>Place in the user's log.</summary>
    public required long Seq { get; init; }

    /// <summary>Place of the latest change; equal to <see cref="Seq"/> until there is one.</summary>
    public required long Rev { get; init; }

    /// <summary>The event it came from, by which its id is made.</summary>
    public required Guid EventId { get; init; }

    /// <summary>The event that replaced it, whose content it shows since; null where none did.</summary>
    public Guid? ShownEventId { get; init; }

    /// <summary>When its event was accepted, Unix milliseconds.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>When it was shown, Unix milliseconds, or null.</summary>
    public long? SeenAt { get; init; }

    /// <summary>When it was opened, or null. Read implies seen.</summary>
    public long? ReadAt { get; init; }

    /// <summary>When it was put away, or null.</summary>
    public long? ArchivedAt { get; init; }

    /// <summary>When it comes back, or null.</summary>
    public long? SnoozedUntil { get; init; }

    /// <summary>When its producer withdrew it, or its user deleted it, or null. Such an item is in no list any more.</summary>
    public long? WithdrawnAt { get; init; }

    /// <summary>Whether its user deleted it; kept only so that their other devices learn of it.</summary>
    public bool Deleted { get; init; }

    /// <summary>What it shows, as a JSON object in UTF-8: members that all recipients of the event share, or rendered for this one.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Its id: see <see cref="Ids.ForNotification"/>.</summary>
    [JsonIgnore]
    public Guid Id => Ids.ForNotification(CreatedAt, Seq, EventId, User);

    /// <summary>Whether it is in the inbox proper: neither archived, snoozed nor withdrawn.</summary>
    [JsonIgnore]
    public bool IsListed => ArchivedAt is null && SnoozedUntil is null && WithdrawnAt is null;

    /// <summary>Whether it counts as unseen.</summary>
    [JsonIgnore]
    public bool IsUnseen => IsListed && SeenAt is null;

    /// <summary>Whether it counts as unread.</summary>
    [JsonIgnore]
    public bool IsUnread => IsListed && ReadAt is null;
}

/// <summary>Writes an item with its content spliced in as bytes; items are never read.</summary>
public sealed class InboxItemConverter : JsonConverter<InboxItem>
{
    private const int FixedPart = 512;

    /// <inheritdoc/>
    public override InboxItem Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        throw new NotSupportedException("Items are only written.");

    /// <inheritdoc/>
    public override void Write(Utf8JsonWriter writer, InboxItem value, JsonSerializerOptions options)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(FixedPart + value.Content.Length);
        writer.WriteRawValue(buffer.AsSpan(0, Write(value, buffer)), skipInputValidation: true);
        ArrayPool<byte>.Shared.Return(buffer);
    }

    private static int Write(InboxItem item, Span<byte> buffer)
    {
        var at = 0;
        Text(buffer, ref at, "{\"id\":\"ntf_"u8);
        Hex(buffer, ref at, item.Id);
        Text(buffer, ref at, "\",\"seq\":"u8);
        Number(buffer, ref at, item.Seq);
        Text(buffer, ref at, ",\"rev\":"u8);
        Number(buffer, ref at, item.Rev);
        Text(buffer, ref at, ",\"eventId\":\"evt_"u8);
        Hex(buffer, ref at, item.ShownEventId ?? item.EventId);
        Text(buffer, ref at, "\","u8);
        Text(buffer, ref at, item.Content.Span[1..^1]);
        Text(buffer, ref at, ",\"createdAt\":"u8);
        Time(buffer, ref at, item.CreatedAt);
        Text(buffer, ref at, ",\"seenAt\":"u8);
        Time(buffer, ref at, item.SeenAt);
        Text(buffer, ref at, ",\"readAt\":"u8);
        Time(buffer, ref at, item.ReadAt);
        Text(buffer, ref at, ",\"archivedAt\":"u8);
        Time(buffer, ref at, item.ArchivedAt);
        Text(buffer, ref at, ",\"snoozedUntil\":"u8);
        Time(buffer, ref at, item.SnoozedUntil);
        Text(buffer, ref at, ",\"withdrawnAt\":"u8);
        Time(buffer, ref at, item.WithdrawnAt);
        buffer[at++] = (byte)'}';
        return at;
    }

    private static void Text(Span<byte> buffer, ref int at, ReadOnlySpan<byte> text)
    {
        text.CopyTo(buffer[at..]);
        at += text.Length;
    }

    private static void Number(Span<byte> buffer, ref int at, long value)
    {
        Utf8Formatter.TryFormat(value, buffer[at..], out var written);
        at += written;
    }

    private static void Hex(Span<byte> buffer, ref int at, Guid id)
    {
        Utf8Formatter.TryFormat(id, buffer[at..], out var written, 'N');
        at += written;
    }

    private static void Time(Span<byte> buffer, ref int at, long? milliseconds)
    {
        if (milliseconds is not { } value)
        {
            Text(buffer, ref at, "null"u8);
            return;
        }

        buffer[at++] = (byte)'"';
        DateTimeOffset.FromUnixTimeMilliseconds(value).TryFormat(
            buffer[at..], out var written, "yyyy-MM-ddTHH:mm:ss.fffZ", System.Globalization.CultureInfo.InvariantCulture);
        at += written;
        buffer[at++] = (byte)'"';
    }
}
