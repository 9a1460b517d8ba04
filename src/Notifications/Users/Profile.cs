using Notifications.Preferences;

namespace Notifications.Users;

/// <summary>What is known of a user.</summary>
public sealed record Profile
{
    /// <summary>Who.</summary>
    public required string UserId { get; init; }

    /// <summary>Where mail goes, or null.</summary>
    public string? Email { get; init; }

    /// <summary>How the user is addressed, or null.</summary>
    public string? Name { get; init; }

    /// <summary>A BCP 47 tag such as <c>de-AT</c>, or null.</summary>
    public string? Locale { get; init; }

    /// <summary>An IANA time zone such as <c>Europe/Vienna</c>, or null.</summary>
    public string? TimeZone { get; init; }

    /// <summary>What the user wants.</summary>
    public PreferenceDocument Preferences { get; init; } = PreferenceDocument.Empty;
}
