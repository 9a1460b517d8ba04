using Microsoft.Net.Http.Headers;

namespace Notifications.Events;

/// <summary>What a request's body is.</summary>
internal enum BodyKind : byte
{
    /// <summary>Nothing that is taken.</summary>
    Other,

    /// <summary>No content type.</summary>
    None,

    /// <summary><c>application/json</c></summary>
    Json,

    /// <summary><c>application/x-ndjson</c>: a JSON text per line.</summary>
    JsonLines,

    /// <summary><c>application/cloudevents+json</c></summary>
    CloudEvent,

    /// <summary><c>application/cloudevents-batch+json</c></summary>
    CloudEventBatch,
}

/// <summary>Media types (RFC 9110, section 8.3.1) that requests come in.</summary>
internal static class MediaType
{
    public const string Json = "application/json";
    public const string JsonLines = "application/x-ndjson";
    public const string CloudEvent = "application/cloudevents+json";
    public const string CloudEventBatch = "application/cloudevents-batch+json";

    /// <summary>Reads a Content-Type. JSON is UTF-8 (RFC 8259, section 8.1), so any other charset is refused.</summary>
    public static BodyKind Of(string? contentType)
    {
        if (string.IsNullOrWhiteSpace(contentType))
        {
            return BodyKind.None;
        }

        if (!MediaTypeHeaderValue.TryParse(contentType, out var type) || !IsUtf8(type))
        {
            return BodyKind.Other;
        }

        return type.MediaType.Value!.ToLowerInvariant() switch
        {
            Json => BodyKind.Json,
            JsonLines or "application/ndjson" => BodyKind.JsonLines,
            CloudEvent => BodyKind.CloudEvent,
            CloudEventBatch => BodyKind.CloudEventBatch,
            _ => BodyKind.Other,
        };
    }

    /// <summary>Whether it is JSON in UTF-8: the subtype is <c>json</c> or ends in <c>+json</c> (CloudEvents JSON format, section 3.1).</summary>
    public static bool IsJson(string contentType) =>
        MediaTypeHeaderValue.TryParse(contentType, out var type) && IsUtf8(type)
        && (type.SubType.Equals("json", StringComparison.OrdinalIgnoreCase) || type.Suffix.Equals("json", StringComparison.OrdinalIgnoreCase));

    private static bool IsUtf8(MediaTypeHeaderValue type)
    {
        var charset = HeaderUtilities.RemoveQuotes(type.Charset);
        return charset.Length == 0 || charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase) || charset.Equals("utf8", StringComparison.OrdinalIgnoreCase);
    }
}
