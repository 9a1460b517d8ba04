using System.Text.Json;
using System.Text.Json.Serialization;
using Notifications.Hosting;

namespace Notifications.Templates;

/// <summary>A template in a list.</summary>
/// <param name="Key">What events name.</param>
/// <param name="Version">From 1; also its ETag, <c>"v1"</c>.</param>
/// <param name="UpdatedAt">When this version was written.</param>
public sealed record TemplateSummary(string Key, long Version, DateTimeOffset UpdatedAt);

/// <summary>A template.</summary>
/// <param name="Key">What events name.</param>
/// <param name="Version">From 1; also its ETag, <c>"v1"</c>.</param>
/// <param name="UpdatedAt">When this version was written.</param>
/// <param name="Document">What it says.</param>
public sealed record TemplateView(string Key, long Version, DateTimeOffset UpdatedAt, TemplateDocument Document);

/// <summary>A version of a template.</summary>
/// <param name="Version">From 1.</param>
/// <param name="Deleted">Whether this version is the deletion.</param>
/// <param name="UpdatedAt">When it was written.</param>
public sealed record TemplateVersion(long Version, bool Deleted, DateTimeOffset UpdatedAt);

/// <summary>An event to try a template with.</summary>
/// <param name="Type">Its type.</param>
/// <param name="Title">Its title.</param>
/// <param name="Body">Its body.</param>
/// <param name="Url">Its link.</param>
/// <param name="Category">Its category.</param>
/// <param name="Priority">Its priority.</param>
public sealed record PreviewEvent(
    string? Type = null, string? Title = null, string? Body = null, string? Url = null, string? Category = null, string? Priority = null);

/// <summary>A user to try a template with.</summary>
/// <param name="Id">User id.</param>
/// <param name="Name">How the user is addressed.</param>
/// <param name="Email">Address.</param>
/// <param name="Locale">Language tag.</param>
public sealed record PreviewUser(string? Id = null, string? Name = null, string? Email = null, string? Locale = null);

/// <summary>What to try a template with. All of it may be left out.</summary>
public sealed record PreviewRequest
{
    /// <summary>Which locale; the user's where absent.</summary>
    public string? Locale { get; init; }

    /// <summary>The event's data.</summary>
    public JsonElement? Data { get; init; }

    /// <summary>The rest of the event.</summary>
    public PreviewEvent? Event { get; init; }

    /// <summary>Who it is for.</summary>
    public PreviewUser? User { get; init; }

    /// <summary>A document to try instead of the one that is saved. Nothing is saved.</summary>
    public TemplateDocument? Document { get; init; }
}

/// <summary>What the inbox would show.</summary>
/// <param name="Title">Title.</param>
/// <param name="Body">Body.</param>
/// <param name="Url">Link.</param>
public sealed record PreviewInbox(string Title, string? Body, string? Url);

/// <summary>What a template makes of an event.</summary>
/// <param name="Locale">The template's locale that was taken.</param>
/// <param name="Inbox">What the inbox would show.</param>
/// <param name="Email">The email, without the page around it; null where the template has none.</param>
public sealed record TemplatePreview(string Locale, PreviewInbox Inbox, EmailParts? Email);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(TemplateDocument))]
[JsonSerializable(typeof(TemplateView))]
[JsonSerializable(typeof(Page<TemplateSummary>))]
[JsonSerializable(typeof(Page<TemplateVersion>))]
[JsonSerializable(typeof(PreviewRequest))]
[JsonSerializable(typeof(TemplatePreview))]
internal sealed partial class TemplatesJson : JsonSerializerContext;
