using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Notifications.Channels;
using Notifications.Storage;

namespace Notifications.Webhooks;

/// <summary>The body of a webhook: <c>{"type", "timestamp", "data"}</c>, as Standard Webhooks recommends.</summary>
internal static class WebhookMessage
{
    /// <summary>The type of a message that only tries whether a webhook works.</summary>
    public const string TestType = "webhook.test";

    private static readonly JsonWriterOptions Relaxed = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>What tells of an event. The event's content is copied as it is.</summary>
    public static byte[] Of(OutgoingItem item, string? userId)
    {
        var buffer = new ArrayBufferWriter<byte>(item.Content.Length + 512);
        using var writer = new Utf8JsonWriter(buffer, Relaxed);
        writer.WriteStartObject();
        writer.WritePropertyName("type"u8);
        writer.WriteRawValue(Type(item.Content.Span), skipInputValidation: true);
        writer.WriteString("timestamp"u8, Time(item.AcceptedAt));
        writer.WriteStartObject("data"u8);
        writer.WriteString("eventId"u8, Ids.Format(Ids.Event, item.EventId));
        writer.WriteString("externalId"u8, item.ExternalId);
        writer.WriteStartArray("to"u8);
        foreach (var recipient in item.To)
        {
            writer.WriteStringValue(recipient);
        }

        writer.WriteEndArray();
        writer.WriteString("notificationId"u8, item.NotificationId);
        writer.WriteString("userId"u8, userId);
        writer.Flush();

        // The content's own members follow, without the brace that it begins with; the one that it ends with closes data.
        buffer.Write(","u8);
        buffer.Write(item.Content.Span[1..]);
        buffer.Write("}"u8);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>What tries whether a webhook works.</summary>
    public static byte[] Test(Guid webhook, DateTimeOffset now) => Encoding.UTF8.GetBytes(
        $$"""{"type":"{{TestType}}","timestamp":"{{Time(now)}}","data":{"webhookId":"{{Ids.Format(Ids.Webhook, webhook)}}"} }""");

    /// <summary>The value of the content's first member, as it stands there.</summary>
    private static ReadOnlySpan<byte> Type(ReadOnlySpan<byte> content)
    {
        var reader = new Utf8JsonReader(content);
        reader.Read();
        reader.Read();
        reader.Read();
        return content[(int)reader.TokenStartIndex..(int)reader.BytesConsumed];
    }

    private static string Time(DateTimeOffset time) =>
        time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", System.Globalization.CultureInfo.InvariantCulture);
}
