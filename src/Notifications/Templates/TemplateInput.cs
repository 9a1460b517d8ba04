using System.Buffers.Binary;
using System.Globalization;
using System.Text.Json;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.Templates;

/// <summary>What a template is given: <c>data</c>, <c>event</c> and <c>user</c>.</summary>
internal static class TemplateInput
{
    /// <summary>Makes it of an event's content.</summary>
    /// <param name="content">See <see cref="Events.EventDraft.Content"/>; members may be absent.</param>
    /// <param name="eventId">The event.</param>
    /// <param name="acceptedAt">When it was accepted; null is: when its id was made.</param>
    /// <param name="user">Who it is for, or null.</param>
    /// <param name="budget">What going through it counts against.</param>
    public static TemplateMap Of(JsonElement content, Guid eventId, DateTimeOffset? acceptedAt, Profile? user, TemplateBudget budget)
    {
        object? Member(string name) => content.TryGetProperty(name, out var value) ? TemplateValue.Of(value, budget) : null;
        var about = new Dictionary<string, object?>
        {
            ["id"] = Ids.Format(Ids.Event, eventId),
            ["type"] = Member("type"),
            ["title"] = Member("title"),
            ["body"] = Member("body"),
            ["url"] = Member("url"),
            ["category"] = Member("category"),
            ["priority"] = Member("priority"),
            ["createdAt"] = Time(acceptedAt ?? MadeAt(eventId)),
        };
        var whom = new Dictionary<string, object?>
        {
            ["id"] = user?.UserId,
            ["name"] = user?.Name,
            ["email"] = user?.Email,
            ["locale"] = user?.Locale,
        };
        return new TemplateMap(
            new Dictionary<string, object?>
            {
                ["data"] = Member("data"),
                ["event"] = new TemplateMap(about, budget),
                ["user"] = new TemplateMap(whom, budget),
            },
            budget);
    }

    private static string Time(DateTimeOffset time) => time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture);

    /// <summary>The time in a UUIDv7 (RFC 9562, section 5.7).</summary>
    private static DateTimeOffset MadeAt(Guid id) => DateTimeOffset.FromUnixTimeMilliseconds((long)(BinaryPrimitives.ReadUInt64BigEndian(id.Bytes()) >> 16));
}
