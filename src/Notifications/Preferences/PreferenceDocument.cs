namespace Notifications.Preferences;

/// <summary>What a user wants: which channel for what, and when not. Immutable; what is not set follows the tenant's policy.</summary>
public sealed record PreferenceDocument
{
    /// <summary>A user who has set nothing.</summary>
    public static readonly PreferenceDocument Empty = new();

    /// <summary>By channel, for every category that has no setting of its own.</summary>
    public IReadOnlyDictionary<string, ChannelSetting> Channels { get; init; } = new Dictionary<string, ChannelSetting>(0);

    /// <summary>By category, then channel.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, ChannelSetting>> Categories { get; init; } =
        new Dictionary<string, IReadOnlyDictionary<string, ChannelSetting>>(0);

    /// <summary>When nothing may disturb, in the user's time zone; null follows the policy.</summary>
    public QuietHours? QuietHours { get; init; }

    /// <summary>When digests come; null follows the policy.</summary>
    public DigestSchedule? Digest { get; init; }

    /// <summary>Whether nothing is set.</summary>
    public bool IsEmpty => Channels.Count == 0 && Categories.Count == 0 && QuietHours is null && Digest is null;

    /// <summary>Reads what is stored. What a newer version wrote and this one does not know is passed over.</summary>
    /// <exception cref="System.Text.Json.JsonException">It is no JSON.</exception>
    public static PreferenceDocument Parse(ReadOnlySpan<byte> json) => PreferencesJson.Read(SettingsJson.Parse(json), null);

    /// <summary>As it is stored and shown.</summary>
    public byte[] Write() => SettingsJson.Write(this, PreferencesJson.Write);
}

/// <summary>Hours of the day in which email and webhooks wait.</summary>
/// <param name="Start">Local time.</param>
/// <param name="End">Local time; before <paramref name="Start"/> it is the next day's. Equal to it: none, which also overrides the policy's.</param>
public sealed record QuietHours(TimeOnly Start, TimeOnly End);

/// <summary>How often a digest is sent.</summary>
public enum DigestInterval : byte
{
    /// <summary>At each full hour.</summary>
    Hourly,

    /// <summary>Each day.</summary>
    Daily,

    /// <summary>Once a week.</summary>
    Weekly,
}

/// <summary>When digests are sent, in the user's time zone.</summary>
/// <param name="Every">How often.</param>
/// <param name="At">Local time, for daily and weekly ones.</param>
/// <param name="Weekday">For weekly ones.</param>
public sealed record DigestSchedule(DigestInterval Every, TimeOnly At, DayOfWeek Weekday);
