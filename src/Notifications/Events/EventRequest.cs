using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Notifications.Events;

// These records are the API's description and nothing else: requests are read by EventParser and CloudEventsBinding, which enforce what is
// said here. Their comments are published, so they speak to producers.

/// <summary>An event. Other properties are refused, and so is one that is given twice.</summary>
public sealed record EventRequest
{
    /// <summary>
    /// The producer's id for the event. Sending the same event again with it is safe: it is answered as a duplicate. Another event with the
    /// same id is refused with 422. The header <c>Idempotency-Key</c> is another place for it.
    /// </summary>
    [StringLength(EventLimits.MaxId, MinimumLength = 1)]
    public string? Id { get; init; }

    /// <summary>What happened, such as <c>order.shipped</c>; without white space.</summary>
    [StringLength(EventLimits.MaxType, MinimumLength = 1)]
    [RegularExpression(@"^\S+$")]
    public required string Type { get; init; }

    /// <summary>
    /// Who gets it: <c>user:ID</c>, <c>topic:KEY</c> (everyone subscribed to it), <c>all</c>, or <c>email:ADDRESS</c> for somebody who is no
    /// user. No entry twice. An ID or KEY has 1 to 128 characters, without white space, control characters and commas.
    /// </summary>
    [Length(1, EventLimits.MaxRecipients)]
    public required IReadOnlyList<string> To { get; init; }

    /// <summary>The line that the recipient sees first; not blank, without control characters. May be left out where a template gives it.</summary>
    [StringLength(EventLimits.MaxTitle, MinimumLength = 1)]
    public string? Title { get; init; }

    /// <summary>The text below the title; may hold line breaks and tabs.</summary>
    [StringLength(EventLimits.MaxBody)]
    public string? Body { get; init; }

    /// <summary>Where a click leads: an absolute <c>https</c>, <c>http</c> or <c>mailto</c> link.</summary>
    [StringLength(EventLimits.MaxUrl, MinimumLength = 1)]
    public string? Url { get; init; }

    /// <summary>A picture: an absolute <c>https</c> or <c>http</c> link.</summary>
    [StringLength(EventLimits.MaxUrl, MinimumLength = 1)]
    public string? ImageUrl { get; init; }

    /// <summary>Any JSON value, handed to the recipient's program as it is; at most 31 levels deep.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>Buttons.</summary>
    [MaxLength(EventLimits.MaxActions)]
    public IReadOnlyList<EventActionRequest>? Actions { get; init; }

    /// <summary>What the inbox can be filtered by.</summary>
    [StringLength(EventLimits.MaxCategory, MinimumLength = 1)]
    public string? Category { get; init; }

    /// <summary>How urgent it is; <c>critical</c> overtakes the rest.</summary>
    [DefaultValue("normal")]
    public string? Priority { get; init; }

    /// <summary>
    /// Where it goes besides the inbox, which gets every event: <c>email</c>, <c>webhook</c>, or an object such as
    /// <c>{"channel":"email","ifNotSeenAfter":600}</c>, which is sent only if the notification was not seen within so many seconds. Only these
    /// channels get it, unless a preference says otherwise; <c>["inbox"]</c> is none besides the inbox. An <c>email:</c> recipient gets mail whatever
    /// they are. Left out, policy and preferences decide.
    /// </summary>
    [Length(1, 3)]
    public IReadOnlyList<JsonElement>? Channels { get; init; }

    /// <summary>Key of the template that title, body and url come from, per recipient in their language.</summary>
    [StringLength(Recipient.MaxKeyLength, MinimumLength = 1)]
    public string? Template { get; init; }

    /// <summary>Replaces the recipient's earlier unread notification with the same key instead of adding one.</summary>
    [StringLength(EventLimits.MaxCollapseKey, MinimumLength = 1)]
    public string? CollapseKey { get; init; }

    /// <summary>When it is sent (RFC 3339); until then it can be changed and cancelled. In the past: at once.</summary>
    public DateTimeOffset? SendAt { get; init; }

    /// <summary>From then on it is of no use: what was not sent is not sent, and it leaves the inbox.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Events with the same key are delivered in the order in which they were accepted; by default the first recipient.</summary>
    [StringLength(EventLimits.MaxOrderingKey, MinimumLength = 1)]
    public string? OrderingKey { get; init; }
}

/// <summary>A button of a notification.</summary>
public sealed record EventActionRequest
{
    /// <summary>What the recipient's program knows the button by.</summary>
    [StringLength(EventLimits.MaxActionText, MinimumLength = 1)]
    public string? Id { get; init; }

    /// <summary>What is written on it.</summary>
    [StringLength(EventLimits.MaxActionText, MinimumLength = 1)]
    public required string Label { get; init; }

    /// <summary>Where it leads: an absolute <c>https</c>, <c>http</c> or <c>mailto</c> link.</summary>
    [StringLength(EventLimits.MaxUrl, MinimumLength = 1)]
    public string? Url { get; init; }

    /// <summary>Whether it is the one that is meant to be pressed.</summary>
    [DefaultValue(false)]
    public bool Primary { get; init; }
}

/// <summary>
/// A CloudEvent 1.0 in structured mode. In binary mode the attributes are <c>ce-</c> headers and the body is the data. Other attributes are
/// allowed and ignored.
/// </summary>
public sealed record CloudEventRequest
{
    /// <summary>The version of the specification.</summary>
    [JsonPropertyName("specversion")]
    public required string SpecVersion { get; init; }

    /// <summary>Identifies the event together with its source; sending the same event again is safe.</summary>
    [StringLength(EventLimits.MaxId, MinimumLength = 1)]
    public required string Id { get; init; }

    /// <summary>Where the event comes from: a URI reference.</summary>
    [StringLength(EventLimits.MaxSource, MinimumLength = 1)]
    public required string Source { get; init; }

    /// <summary>What happened; without white space.</summary>
    [StringLength(EventLimits.MaxType, MinimumLength = 1)]
    [RegularExpression(@"^\S+$")]
    public required string Type { get; init; }

    /// <summary>Who gets it: what <c>to</c> of a native event holds, separated by commas.</summary>
    public required string Recipients { get; init; }

    /// <summary>Orders events where the data has no <c>orderingKey</c>.</summary>
    [StringLength(EventLimits.MaxOrderingKey, MinimumLength = 1)]
    [JsonPropertyName("partitionkey")]
    public string? PartitionKey { get; init; }

    /// <summary>A JSON media type.</summary>
    [DefaultValue("application/json")]
    [JsonPropertyName("datacontenttype")]
    public string? DataContentType { get; init; }

    /// <summary>When it happened (RFC 3339).</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>
    /// What the recipient sees, and whatever else the recipient's program needs: all of it becomes the event's <c>data</c>. Instead of it
    /// <c>data_base64</c> may hold the same JSON in Base64.
    /// </summary>
    public required CloudEventData Data { get; init; }
}

/// <summary>The members of a CloudEvent's data that are fields of the event. Each has the rules of a native event; others are allowed.</summary>
public sealed record CloudEventData
{
    /// <summary>The line that the recipient sees first; may be left out where a template gives it.</summary>
    [StringLength(EventLimits.MaxTitle, MinimumLength = 1)]
    public string? Title { get; init; }

    /// <summary>The text below the title.</summary>
    [StringLength(EventLimits.MaxBody)]
    public string? Body { get; init; }

    /// <summary>Where a click leads.</summary>
    [StringLength(EventLimits.MaxUrl, MinimumLength = 1)]
    public string? Url { get; init; }

    /// <summary>A picture.</summary>
    [StringLength(EventLimits.MaxUrl, MinimumLength = 1)]
    public string? ImageUrl { get; init; }

    /// <summary>Buttons.</summary>
    [MaxLength(EventLimits.MaxActions)]
    public IReadOnlyList<EventActionRequest>? Actions { get; init; }

    /// <summary>What the inbox can be filtered by.</summary>
    [StringLength(EventLimits.MaxCategory, MinimumLength = 1)]
    public string? Category { get; init; }

    /// <summary>How urgent it is.</summary>
    [DefaultValue("normal")]
    public string? Priority { get; init; }

    /// <summary>Where it goes besides the inbox.</summary>
    [Length(1, 3)]
    public IReadOnlyList<JsonElement>? Channels { get; init; }

    /// <summary>Key of the template that title, body and url come from.</summary>
    [StringLength(Recipient.MaxKeyLength, MinimumLength = 1)]
    public string? Template { get; init; }

    /// <summary>Replaces the recipient's earlier unread notification with the same key.</summary>
    [StringLength(EventLimits.MaxCollapseKey, MinimumLength = 1)]
    public string? CollapseKey { get; init; }

    /// <summary>When it is sent.</summary>
    public DateTimeOffset? SendAt { get; init; }

    /// <summary>From then on it is of no use.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>Events with the same key are delivered in the order in which they were accepted.</summary>
    [StringLength(EventLimits.MaxOrderingKey, MinimumLength = 1)]
    public string? OrderingKey { get; init; }
}
