using System.Buffers;
using System.Text.Json;
using Notifications.Events;

namespace Notifications.Log;

/// <summary>How a log entry was understood.</summary>
public enum RecordState : byte
{
    /// <summary>It is an event.</summary>
    Valid,

    /// <summary>Not the bytes of an event.</summary>
    Malformed,

    /// <summary>Written by a newer version of the service.</summary>
    UnknownVersion,
}

/// <summary>
/// An accepted event, as it travels through the log: UTF-8 JSON with a version, so that an operator can read it and a newer writer can be
/// told from a broken one. The content within is copied as bytes, never parsed.
/// </summary>
public sealed class EventRecord
{
    private const int Version = 2;

    /// <summary>An event without options is written as ever: nodes of the version before read it too, and park what they would not honour.</summary>
    private const int VersionWithoutOptions = 1;

    private static readonly byte[] CriticalEnd = "\"priority\":\"critical\"}"u8.ToArray();

    /// <summary>The event's id.</summary>
    public required Guid Id { get; init; }

    /// <summary>Whose it is.</summary>
    public required string Tenant { get; init; }

    /// <summary>CloudEvents source, or empty.</summary>
    public string Source { get; init; } = "";

    /// <summary>The producer's id, or null.</summary>
    public string? ExternalId { get; init; }

    /// <summary>What the external id stands for; empty where there is none.</summary>
    public ReadOnlyMemory<byte> Fingerprint { get; init; }

    /// <summary>When it was accepted, in Unix milliseconds.</summary>
    public required long AcceptedAt { get; init; }

    /// <summary>Who it is for.</summary>
    public required IReadOnlyList<Recipient> To { get; init; }

    /// <summary>What it is ordered by: the producer's key, or the first recipient.</summary>
    public required string OrderingKey { get; init; }

    /// <summary>What the inbox can be filtered by, or null.</summary>
    public string? Category { get; init; }

    /// <summary>What it asks for beyond being shown, or null.</summary>
    public EventOptions? Options { get; init; }

    /// <summary>See <see cref="EventDraft.Content"/>.</summary>
    public required ReadOnlyMemory<byte> Content { get; init; }

    /// <summary>Whether it is critical, which its content ends with.</summary>
    public bool IsCritical => IsCriticalContent(Content.Span);

    /// <summary>Whether a content is a critical event's.</summary>
    public static bool IsCriticalContent(ReadOnlySpan<byte> content) => content.EndsWith(CriticalEnd);

    /// <summary>The event's type, which its content begins with.</summary>
    public string Type()
    {
        var reader = new Utf8JsonReader(Content.Span);
        Skip(ref reader, 3);
        return reader.GetString()!;
    }

    /// <summary>Whether its content has a title, which comes after the type; one with a template need not have.</summary>
    public bool HasTitle()
    {
        var reader = new Utf8JsonReader(Content.Span);
        Skip(ref reader, 5);
        return reader.TokenType == JsonTokenType.String;
    }

    /// <summary>The event with its type as the title where it has none: for showing where its template cannot be had any more.</summary>
    public EventRecord WithTitle()
    {
        if (HasTitle())
        {
            return this;
        }

        var reader = new Utf8JsonReader(Content.Span);
        Skip(ref reader, 3);
        var type = Content[(int)reader.TokenStartIndex..(int)reader.BytesConsumed];
        Skip(ref reader, 2);
        return new EventRecord
        {
            Id = Id,
            Tenant = Tenant,
            Source = Source,
            ExternalId = ExternalId,
            Fingerprint = Fingerprint,
            AcceptedAt = AcceptedAt,
            To = To,
            OrderingKey = OrderingKey,
            Category = Category,
            Options = Options,
            Content = (byte[])[.. Content.Span[..(int)reader.TokenStartIndex], .. type.Span, .. Content.Span[(int)reader.BytesConsumed..]],
        };
    }

    /// <summary>When its recipients have it: when it was accepted, or its time if that came later. Unix milliseconds.</summary>
    public long At => Options?.SendAt is { } sendAt && sendAt > AcceptedAt ? sendAt : AcceptedAt;

    /// <summary>Writes the payload of a log entry.</summary>
    public ReadOnlyMemory<byte> Write()
    {
        var buffer = new ArrayBufferWriter<byte>(Content.Length + 256);
        using var writer = new Utf8JsonWriter(buffer, new JsonWriterOptions { SkipValidation = true });
        writer.WriteStartObject();
        writer.WriteNumber("v"u8, Options is null ? VersionWithoutOptions : Version);
        writer.WriteNumber("acceptedAt"u8, AcceptedAt);
        if (ExternalId is not null)
        {
            writer.WriteString("source"u8, Source);
            writer.WriteString("externalId"u8, ExternalId);
            writer.WriteBase64String("fingerprint"u8, Fingerprint.Span);
        }

        writer.WriteStartArray("to"u8);
        foreach (var recipient in To)
        {
            writer.WriteStringValue(recipient.ToString());
        }

        writer.WriteEndArray();
        writer.WriteString("orderingKey"u8, OrderingKey);
        if (Category is not null)
        {
            writer.WriteString("category"u8, Category);
        }

        if (Options is not null)
        {
            writer.WritePropertyName("options"u8);
            writer.WriteRawValue(Options.Write(), skipInputValidation: true);
        }

        writer.WritePropertyName("content"u8);
        writer.WriteRawValue(Content.Span, skipInputValidation: true);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenMemory;
    }

    /// <summary>Reads the payload of a log entry. Never throws for what the payload holds.</summary>
    public static RecordState TryRead(LogEntry entry, out EventRecord? record)
    {
        record = null;
        try
        {
            return Read(entry, out record);
        }
        catch (Exception e) when (e is JsonException or FormatException or InvalidOperationException)
        {
            return RecordState.Malformed;
        }
    }

    private static void Skip(ref Utf8JsonReader reader, int tokens)
    {
        for (var i = 0; i < tokens; i++)
        {
            reader.Read();
        }
    }

    private static RecordState Read(LogEntry entry, out EventRecord? record)
    {
        record = null;
        var reader = new Utf8JsonReader(entry.Payload.Span);
        var (version, acceptedAt) = (0, -1L);
        var source = "";
        string? externalId = null, category = null, orderingKey = null;
        byte[] fingerprint = [];
        var to = new List<Recipient>(1);
        var content = default(Range);
        EventOptions? options = null;
        if (!reader.Read() || reader.TokenType != JsonTokenType.StartObject)
        {
            return RecordState.Malformed;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                var start = (int)reader.TokenStartIndex;
                reader.Skip();
                content = start..(int)reader.BytesConsumed;
                continue;
            }

            var name = reader.GetString();
            reader.Read();
            switch (name)
            {
                case "v":
                    version = reader.GetInt32();
                    if (version > Version)
                    {
                        return RecordState.UnknownVersion;
                    }

                    break;
                case "acceptedAt": acceptedAt = reader.GetInt64(); break;
                case "source": source = reader.GetString()!; break;
                case "externalId": externalId = reader.GetString(); break;
                case "fingerprint": fingerprint = reader.GetBytesFromBase64(); break;
                case "orderingKey": orderingKey = reader.GetString(); break;
                case "category": category = reader.GetString(); break;
                case "options": options = JsonSerializer.Deserialize(ref reader, EventOptionsJson.Default.EventOptions); break;
                case "to":
                    while (reader.Read() && reader.TokenType == JsonTokenType.String)
                    {
                        if (!Recipient.TryParse(reader.GetString()!, out var recipient))
                        {
                            return RecordState.Malformed;
                        }

                        to.Add(recipient);
                    }

                    break;
                default: reader.Skip(); break;
            }
        }

        if (reader.TokenType != JsonTokenType.EndObject || version < VersionWithoutOptions || acceptedAt < 0 || orderingKey is null || to.Count == 0 || content.Equals(default))
        {
            return RecordState.Malformed;
        }

        record = new EventRecord
        {
            Id = entry.EventId,
            Tenant = entry.Tenant,
            Source = source,
            ExternalId = externalId,
            Fingerprint = fingerprint,
            AcceptedAt = acceptedAt,
            To = to,
            OrderingKey = orderingKey,
            Category = category,
            Options = options,
            Content = entry.Payload[content],
        };
        return RecordState.Valid;
    }
}
