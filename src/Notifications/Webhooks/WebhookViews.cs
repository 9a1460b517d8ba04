using System.Text.Json.Serialization;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Webhooks;

/// <summary>A webhook that is to be made.</summary>
public sealed record NewWebhook
{
    /// <summary>Where it is: <c>https</c>, on the public internet unless configured otherwise.</summary>
    public required string Url { get; init; }

    /// <summary>Event types that it wants; absent or empty is all.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Whose notifications it gets; absent is all events of the tenant.</summary>
    public string? UserId { get; init; }
}

/// <summary>What is to change about a webhook; what is absent stays.</summary>
public sealed record WebhookChange
{
    /// <summary>Where it is.</summary>
    public string? Url { get; init; }

    /// <summary>Event types that it wants; empty is all.</summary>
    public IReadOnlyList<string>? Types { get; init; }

    /// <summary>Whether it is in use. Taking it into use forgets that it failed.</summary>
    public bool? Enabled { get; init; }
}

/// <summary>A webhook.</summary>
public sealed record WebhookView
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>Where it is.</summary>
    public required string Url { get; init; }

    /// <summary>Event types that it wants; empty is all.</summary>
    public required IReadOnlyList<string> Types { get; init; }

    /// <summary>Whose notifications it gets; null is all events of the tenant.</summary>
    public required string? UserId { get; init; }

    /// <summary>Whether it is in use.</summary>
    public required bool Enabled { get; init; }

    /// <summary>Since when it is out of use, or null.</summary>
    public required DateTimeOffset? DisabledAt { get; init; }

    /// <summary>Why: <c>operator</c>, <c>failing</c> (for too long) or <c>gone</c> (it answered 410); null while it is in use.</summary>
    public required string? DisabledReason { get; init; }

    /// <summary>Since when every attempt has failed; null while the last one went well.</summary>
    public required DateTimeOffset? FailingSince { get; init; }

    /// <summary>Until when the secret before the last rotation signs too, or null.</summary>
    public required DateTimeOffset? OldSecretExpiresAt { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it was last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>What verifies its signatures. It is shown once, in the answer to the request that made it.</summary>
    [JsonPropertyOrder(1)]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Secret { get; init; }

    internal static WebhookView Of(StoredWebhook webhook, DateTimeOffset now)
    {
        var endpoint = webhook.Endpoint;
        return new WebhookView
        {
            Id = Ids.Format(Ids.Webhook, endpoint.Id),
            Url = endpoint.Url.AbsoluteUri,
            Types = endpoint.Types,
            UserId = endpoint.UserId,
            Enabled = webhook.DisabledAt is null,
            DisabledAt = Time(webhook.DisabledAt),
            DisabledReason = webhook.DisabledReason,
            FailingSince = Time(webhook.FailingSince),
            OldSecretExpiresAt = endpoint.OldSecretUntil > now.ToUnixTimeMilliseconds() ? Time(endpoint.OldSecretUntil) : null,
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(webhook.CreatedAt),
            UpdatedAt = DateTimeOffset.FromUnixTimeMilliseconds(webhook.UpdatedAt),
        };
    }

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } value ? DateTimeOffset.FromUnixTimeMilliseconds(value) : null;
}

/// <summary>A secret that was just made.</summary>
/// <param name="Secret">What verifies signatures from now on; shown this once.</param>
/// <param name="OldSecretExpiresAt">Until when the secret before signs too.</param>
public sealed record RotatedSecret(string Secret, DateTimeOffset OldSecretExpiresAt);

/// <summary>What came of trying a webhook.</summary>
/// <param name="Delivered">Whether the endpoint has taken it.</param>
/// <param name="Status">HTTP status that it answered, or null.</param>
/// <param name="Reason">Stable name: <c>sent</c>, <c>http_500</c>, <c>timeout</c>, <c>dns_failed</c>, <c>tls_failed</c>, <c>connection_failed</c>, <c>private_address</c>.</param>
/// <param name="Error">For people; null where it was delivered.</param>
/// <param name="DurationMs">Milliseconds it took.</param>
/// <param name="Response">The beginning of what it answered, or null.</param>
public sealed record WebhookTried(bool Delivered, int? Status, string Reason, string? Error, long DurationMs, string? Response);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(NewWebhook))]
[JsonSerializable(typeof(WebhookChange))]
[JsonSerializable(typeof(WebhookView))]
[JsonSerializable(typeof(Page<WebhookView>))]
[JsonSerializable(typeof(RotatedSecret))]
[JsonSerializable(typeof(WebhookTried))]
internal sealed partial class WebhooksJson : JsonSerializerContext;
