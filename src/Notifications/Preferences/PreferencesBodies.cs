namespace Notifications.Preferences;

/// <summary>A policy as it is sent and shown.</summary>
public sealed record PolicyBody
{
    /// <summary>By channel: on, off, or for email digest.</summary>
    public IReadOnlyDictionary<string, string>? Channels { get; init; }

    /// <summary>By category.</summary>
    public IReadOnlyDictionary<string, CategoryBody>? Categories { get; init; }

    /// <summary>For users who have set none.</summary>
    public QuietHoursBody? QuietHours { get; init; }

    /// <summary>For users who have set none.</summary>
    public DigestBody? Digest { get; init; }

    /// <summary>IANA time zone of users who have none.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Locale of users who have none.</summary>
    public string? Locale { get; init; }

    /// <summary>Who mail is from.</summary>
    public SenderBody? Email { get; init; }

    /// <summary>Topics that users may subscribe to themselves: keys, or their start and a star.</summary>
    public IReadOnlyList<string>? OpenTopics { get; init; }
}

/// <summary>Rules of a category.</summary>
/// <param name="Name">How it is shown.</param>
/// <param name="Mandatory">Whether users cannot turn it off.</param>
/// <param name="Channels">By channel.</param>
/// <param name="Throttle">How often a user may be told of it.</param>
public sealed record CategoryBody(string? Name, bool Mandatory, IReadOnlyDictionary<string, string>? Channels, ThrottleBody? Throttle);

/// <summary>How often a user may be told of a category.</summary>
/// <param name="Max">So many, 1 to 1,000,000.</param>
/// <param name="Seconds">In so long, 1 to 2,678,400.</param>
/// <param name="Channels">By these channels; all where absent.</param>
public sealed record ThrottleBody(int Max, int Seconds, IReadOnlyList<string>? Channels);

/// <summary>Who mail is from.</summary>
/// <param name="From">Address.</param>
/// <param name="Name">Shown beside it.</param>
/// <param name="ReplyTo">Where answers go.</param>
public sealed record SenderBody(string From, string? Name, string? ReplyTo);

/// <summary>Hours of the day, local.</summary>
/// <param name="Start">Such as 22:00.</param>
/// <param name="End">Such as 07:00; equal to the start: none.</param>
public sealed record QuietHoursBody(string Start, string End);

/// <summary>When digests are sent.</summary>
/// <param name="Every">hourly, daily or weekly.</param>
/// <param name="At">Local time, 08:00 where absent; hourly ones come at the full hour.</param>
/// <param name="Weekday">For weekly ones, monday where absent.</param>
public sealed record DigestBody(string Every, string? At, string? Weekday);

/// <summary>A change of preferences: null removes a setting, what is absent stays.</summary>
public record PreferencesBody
{
    /// <summary>By channel: on, off, or for email digest.</summary>
    public IReadOnlyDictionary<string, string?>? Channels { get; init; }

    /// <summary>By category, then channel.</summary>
    public IReadOnlyDictionary<string, IReadOnlyDictionary<string, string?>?>? Categories { get; init; }

    /// <summary>When email and webhooks wait.</summary>
    public QuietHoursBody? QuietHours { get; init; }

    /// <summary>When digests come.</summary>
    public DigestBody? Digest { get; init; }

    /// <summary>IANA time zone.</summary>
    public string? TimeZone { get; init; }

    /// <summary>Language tag.</summary>
    public string? Locale { get; init; }
}

/// <summary>Preferences, and what follows from them and from the policy.</summary>
public sealed record PreferencesAnswer : PreferencesBody
{
    /// <summary>What holds for this user where nothing narrower is set.</summary>
    public required DefaultsBody Defaults { get; init; }

    /// <summary>Each category that the policy or the user names.</summary>
    public required IReadOnlyList<EffectiveBody> Effective { get; init; }
}

/// <summary>What holds for a user in general.</summary>
/// <param name="Channels">Events without a category.</param>
/// <param name="QuietHours">Theirs or the policy's.</param>
/// <param name="Digest">Theirs or the policy's.</param>
/// <param name="TimeZone">Theirs or the policy's.</param>
/// <param name="Locale">Theirs or the policy's.</param>
public sealed record DefaultsBody(
    IReadOnlyDictionary<string, string> Channels, QuietHoursBody? QuietHours, DigestBody Digest, string TimeZone, string Locale);

/// <summary>What holds for a user in a category.</summary>
/// <param name="Category">Its key.</param>
/// <param name="Name">How it is shown.</param>
/// <param name="Mandatory">Whether the user cannot change it.</param>
/// <param name="Channels">By channel: on, off or digest.</param>
public sealed record EffectiveBody(string Category, string Name, bool Mandatory, IReadOnlyDictionary<string, string> Channels);
