using System.Text.Json.Serialization;

namespace Notifications.Inbox;

/// <summary>
/// A change of an item by its user; what is left out stays as it is. Read implies seen, so <c>read: true</c> marks it seen too and
/// <c>seen: false</c> marks it unread too.
/// </summary>
public sealed record InboxChange
{
    /// <summary>Shown to the user.</summary>
    public bool? Seen { get; init; }

    /// <summary>Opened by the user.</summary>
    public bool? Read { get; init; }

    /// <summary>Put away, or taken back.</summary>
    public bool? Archived { get; init; }

    /// <summary>Hidden until then; null ends a snooze.</summary>
    public Maybe<DateTimeOffset?> SnoozedUntil { get; init; }

    /// <summary>Deleted by its user. Not part of the wire: it is a verb there.</summary>
    [JsonIgnore]
    public bool Delete { get; init; }

    /// <summary>The item after the change, with the same <see cref="InboxItem.Rev"/>; the same object where nothing changes.</summary>
    /// <param name="item">The item as it is.</param>
    /// <param name="now">Unix milliseconds.</param>
    public InboxItem Apply(InboxItem item, long now)
    {
        if (item.WithdrawnAt is not null)
        {
            return item;
        }

        var seenAt = Read == true || Seen == true ? item.SeenAt ?? now : Seen == false ? null : item.SeenAt;
        var readAt = Read == true ? item.ReadAt ?? now : Read == false || Seen == false ? null : item.ReadAt;
        var changed = item with
        {
            SeenAt = seenAt,
            ReadAt = readAt,
            ArchivedAt = Archived == true ? item.ArchivedAt ?? now : Archived == false ? null : item.ArchivedAt,
            SnoozedUntil = Delete ? null : SnoozedUntil.IsSet ? SnoozedUntil.Value?.ToUnixTimeMilliseconds() : item.SnoozedUntil,
            WithdrawnAt = Delete ? now : null,
            Deleted = Delete,
        };
        return changed == item ? item : changed;
    }

    /// <summary>What is wrong with the change, as field and message, or null.</summary>
    public (string Field, string Message)? Validate(DateTimeOffset now) => this switch
    {
        { Seen: null, Read: null, Archived: null, SnoozedUntil.IsSet: false } => ("", "names no change: seen, read, archived or snoozedUntil"),
        { Seen: false, Read: true } => ("seen", "cannot be false while read is true: read implies seen"),
        { SnoozedUntil.Value: { } until } when until <= now => ("snoozedUntil", "must lie in the future"),
        { SnoozedUntil.Value: { } until } when until > now.AddYears(1) => ("snoozedUntil", "must lie within a year"),
        _ => null,
    };
}
