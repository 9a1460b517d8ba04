using System.Text.Json.Serialization;

namespace Notifications.Webhooks;

/// <summary>The event that tells the owner of a webhook that it was disabled.</summary>
internal sealed record WebhookNotice(
    string Id, string Type, IReadOnlyList<string> To, string Title, string Body, IReadOnlyList<string> Channels, string Category, WebhookNoticeData Data);

/// <summary>What a program needs to know of it.</summary>
internal sealed record WebhookNoticeData(string WebhookId, string Url, string Reason);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(WebhookNotice))]
internal sealed partial class WebhookNoticeJson : JsonSerializerContext;
