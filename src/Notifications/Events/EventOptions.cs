using System.Text.Json;
using System.Text.Json.Serialization;

namespace Notifications.Events;

/// <summary>A channel that an event names.</summary>
/// <param name="Channel">See <see cref="Preferences.ChannelNames"/>.</param>
/// <param name="IfNotSeenAfter">Only if the recipient has not seen the notification so many seconds after it was there; null: at once.</param>
public sealed record EventChannel(string Channel, int? IfNotSeenAfter = null);

/// <summary>What an event asks for beyond being shown; most events have none of it.</summary>
public sealed record EventOptions
{
    /// <summary>The channels besides the inbox; empty for none, null where policy and preferences decide.</summary>
    public IReadOnlyList<EventChannel>? Channels { get; init; }

    /// <summary>Template that the texts come from.</summary>
    public string? Template { get; init; }

    /// <summary>Replaces the recipient's earlier unread notification of this key.</summary>
    public string? CollapseKey { get; init; }

    /// <summary>When it is routed, Unix milliseconds; null: at once.</summary>
    public long? SendAt { get; init; }

    /// <summary>After this it is of no use to anybody, Unix milliseconds.</summary>
    public long? ExpiresAt { get; init; }

    /// <summary>Whether nothing is asked for.</summary>
    [JsonIgnore]
    public bool IsEmpty => this is { Channels: null, Template: null, CollapseKey: null, SendAt: null, ExpiresAt: null };

    /// <summary>As it is kept in the log and the store; null where there is nothing.</summary>
    public byte[]? Write() => IsEmpty ? null : JsonSerializer.SerializeToUtf8Bytes(this, EventOptionsJson.Default.EventOptions);

    /// <summary>Reads what <see cref="Write"/> wrote.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static EventOptions? Read(ReadOnlySpan<byte> json) => json.IsEmpty ? null : JsonSerializer.Deserialize(json, EventOptionsJson.Default.EventOptions);
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(EventOptions))]
internal sealed partial class EventOptionsJson : JsonSerializerContext;
