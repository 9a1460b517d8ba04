using System.Text;
using Notifications.Inbox;

namespace Notifications.Realtime;

/// <summary>
/// What one process tells a gateway: steps of users' logs that were committed, and tenants with a new broadcast. Numbered per sender and gateway,
/// so that a gateway notices what it did not hear. Contents are carried as bytes, each once however many users get it.
/// </summary>
/// <param name="Sender">Who tells.</param>
/// <param name="Number">From 1; each message to this gateway has the next one.</param>
/// <param name="Tenants">Tenants with a new broadcast.</param>
/// <param name="Pushes">Steps, in the order in which they were committed.</param>
internal sealed record DoorbellMessage(string Sender, long Number, IReadOnlyCollection<string> Tenants, IReadOnlyList<UserPush> Pushes)
{
    private const byte Version = 2;

    /// <summary>As bytes.</summary>
    public byte[] Write()
    {
        using var stream = new MemoryStream(1_024);
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Version);
        writer.Write(Sender);
        writer.Write7BitEncodedInt64(Number);
        writer.Write7BitEncodedInt(Tenants.Count);
        foreach (var tenant in Tenants)
        {
            writer.Write(tenant);
        }

        var contents = new Dictionary<ReadOnlyMemory<byte>, int>(); // The same bytes, that is: recipients of an event share them.
        var bodies = new List<ReadOnlyMemory<byte>>();
        foreach (var item in Pushes.SelectMany(p => p.Items))
        {
            if (contents.TryAdd(item.Content, bodies.Count))
            {
                bodies.Add(item.Content);
            }
        }

        writer.Write7BitEncodedInt(bodies.Count);
        foreach (var body in bodies)
        {
            writer.Write7BitEncodedInt(body.Length);
            writer.Write(body.Span);
        }

        writer.Write7BitEncodedInt(Pushes.Count);
        foreach (var push in Pushes)
        {
            writer.Write(push.Key.Tenant);
            writer.Write(push.Key.User);
            writer.Write7BitEncodedInt64(push.First);
            writer.Write7BitEncodedInt64(push.Last);
            writer.Write7BitEncodedInt64(push.Counts.Unseen);
            writer.Write7BitEncodedInt64(push.Counts.Unread);
            writer.Write7BitEncodedInt(push.Items.Count);
            foreach (var item in push.Items)
            {
                Write(writer, item, contents[item.Content]);
            }
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="Write()"/> wrote; null for what another version wrote, which its receiver then makes up for from the store.</summary>
    public static DoorbellMessage? TryRead(byte[] message)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(message, writable: false), Encoding.UTF8);
            return reader.ReadByte() == Version ? Read(message, reader) : null;
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            return null;
        }
    }

    private static DoorbellMessage Read(byte[] message, BinaryReader reader)
    {
        var (sender, number) = (reader.ReadString(), reader.Read7BitEncodedInt64());
        var tenants = new string[reader.Read7BitEncodedInt()];
        for (var i = 0; i < tenants.Length; i++)
        {
            tenants[i] = reader.ReadString();
        }

        var contents = new ReadOnlyMemory<byte>[reader.Read7BitEncodedInt()];
        for (var i = 0; i < contents.Length; i++)
        {
            var length = reader.Read7BitEncodedInt();
            contents[i] = message.AsMemory((int)reader.BaseStream.Position, length);
            reader.BaseStream.Position += length;
        }

        var pushes = new UserPush[reader.Read7BitEncodedInt()];
        for (var i = 0; i < pushes.Length; i++)
        {
            var key = new UserKey(reader.ReadString(), reader.ReadString());
            var (first, last) = (reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());
            var counts = new Counts(reader.Read7BitEncodedInt64(), reader.Read7BitEncodedInt64());
            var items = new InboxItem[reader.Read7BitEncodedInt()];
            for (var j = 0; j < items.Length; j++)
            {
                items[j] = Read(reader, key.User, contents);
            }

            pushes[i] = new UserPush(key, first, last, items, counts);
        }

        return new DoorbellMessage(sender, number, tenants, pushes);
    }

    private static void Write(BinaryWriter writer, InboxItem item, int content)
    {
        writer.Write7BitEncodedInt64(item.Seq);
        writer.Write7BitEncodedInt64(item.Rev);
        writer.Write(item.EventId.ToByteArray());
        writer.Write((item.ShownEventId ?? default).ToByteArray());
        writer.Write7BitEncodedInt64(item.CreatedAt);
        Write(writer, item.SeenAt);
        Write(writer, item.ReadAt);
        Write(writer, item.ArchivedAt);
        Write(writer, item.SnoozedUntil);
        Write(writer, item.WithdrawnAt);
        writer.Write(item.Deleted);
        writer.Write7BitEncodedInt(content);
    }

    private static InboxItem Read(BinaryReader reader, string user, ReadOnlyMemory<byte>[] contents) => new()
    {
        User = user,
        Seq = reader.Read7BitEncodedInt64(),
        Rev = reader.Read7BitEncodedInt64(),
        EventId = new Guid(reader.ReadBytes(16)),
        ShownEventId = new Guid(reader.ReadBytes(16)) is var shown && shown != default ? shown : null,
        CreatedAt = reader.Read7BitEncodedInt64(),
        SeenAt = Time(reader),
        ReadAt = Time(reader),
        ArchivedAt = Time(reader),
        SnoozedUntil = Time(reader),
        WithdrawnAt = Time(reader),
        Deleted = reader.ReadBoolean(),
        Content = contents[reader.Read7BitEncodedInt()],
    };

    /// <summary>0 stands for none; no time here is that old.</summary>
    private static void Write(BinaryWriter writer, long? time) => writer.Write7BitEncodedInt64(time ?? 0);

    private static long? Time(BinaryReader reader) => reader.Read7BitEncodedInt64() is not 0 and var time ? time : null;
}

/// <summary>
/// Sent by every process that rings, every second: how many messages each gateway should have heard from it. A gateway that misses some, or the
/// beat itself, looks into the store.
/// </summary>
/// <param name="Sender">Who.</param>
/// <param name="Leaving">Whether it stops in good order.</param>
/// <param name="Numbers">By gateway, the number of the last message.</param>
internal sealed record DoorbellBeat(string Sender, bool Leaving, IReadOnlyCollection<KeyValuePair<string, long>> Numbers)
{
    private const byte Version = 1;

    /// <summary>As bytes.</summary>
    public byte[] Write()
    {
        using var stream = new MemoryStream(256);
        using var writer = new BinaryWriter(stream, Encoding.UTF8);
        writer.Write(Version);
        writer.Write(Sender);
        writer.Write(Leaving);
        writer.Write7BitEncodedInt(Numbers.Count);
        foreach (var (gateway, number) in Numbers)
        {
            writer.Write(gateway);
            writer.Write7BitEncodedInt64(number);
        }

        return stream.ToArray();
    }

    /// <summary>Reads what <see cref="Write()"/> wrote, or null.</summary>
    public static DoorbellBeat? TryRead(byte[] message)
    {
        try
        {
            using var reader = new BinaryReader(new MemoryStream(message, writable: false), Encoding.UTF8);
            if (reader.ReadByte() != Version)
            {
                return null;
            }

            var (sender, leaving) = (reader.ReadString(), reader.ReadBoolean());
            var numbers = new KeyValuePair<string, long>[reader.Read7BitEncodedInt()];
            for (var i = 0; i < numbers.Length; i++)
            {
                numbers[i] = KeyValuePair.Create(reader.ReadString(), reader.Read7BitEncodedInt64());
            }

            return new DoorbellBeat(sender, leaving, numbers);
        }
        catch (Exception e) when (e is IOException or FormatException or ArgumentException)
        {
            return null;
        }
    }
}
