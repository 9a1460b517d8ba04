namespace Notifications.Preferences;

/// <summary>What holds for all users of a tenant, where they have not said otherwise or must not.</summary>
public sealed record Policy
{
    /// <summary>A tenant that has configured nothing: the inbox and webhooks get everything, email only what is sent to it by name.</summary>
    public static readonly Policy Default = new();

    /// <summary>By channel.</summary>
    public IReadOnlyDictionary<string, ChannelSetting> Channels { get; init; } = new Dictionary<string, ChannelSetting>(0);

    /// <summary>By category.</summary>
    public IReadOnlyDictionary<string, CategoryPolicy> Categories { get; init; } = new Dictionary<string, CategoryPolicy>(0);

    /// <summary>For users who have set none; null is none.</summary>
    public QuietHours? QuietHours { get; init; }

    /// <summary>For users who have set none.</summary>
    public DigestSchedule Digest { get; init; } = new(DigestInterval.Daily, new TimeOnly(8, 0), DayOfWeek.Monday);

    /// <summary>IANA time zone of users who have none.</summary>
    public string TimeZone { get; init; } = "UTC";

    /// <summary>Locale of users who have none, a BCP 47 tag.</summary>
    public string Locale { get; init; } = "en";

    /// <summary>Who mail is from; null is the service's <c>Notifications:Smtp:From</c>.</summary>
    public EmailSender? Email { get; init; }

    /// <summary>Topics that users may subscribe to themselves: keys, or prefixes that end in <c>*</c>, such as <c>news.*</c>.</summary>
    public IReadOnlyList<string> OpenTopics { get; init; } = [];

    /// <summary>Whether users may subscribe to a topic themselves.</summary>
    public bool IsOpen(string topic)
    {
        foreach (var open in OpenTopics)
        {
            if (open.EndsWith('*') ? topic.AsSpan().StartsWith(open.AsSpan(0, open.Length - 1), StringComparison.Ordinal) : topic == open)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Reads what is stored. What a newer version wrote and this one does not know is passed over.</summary>
    /// <exception cref="System.Text.Json.JsonException">It is no JSON.</exception>
    public static Policy Parse(ReadOnlySpan<byte> json) => PolicyJson.Read(SettingsJson.Parse(json), null);

    /// <summary>As it is stored and shown.</summary>
    public byte[] Write() => SettingsJson.Write(this, PolicyJson.Write);
}

/// <summary>Rules of a category.</summary>
public sealed record CategoryPolicy
{
    /// <summary>How the category is shown to users; null is its key.</summary>
    public string? Name { get; init; }

    /// <summary>Whether users cannot turn it off.</summary>
    public bool Mandatory { get; init; }

    /// <summary>By channel.</summary>
    public IReadOnlyDictionary<string, ChannelSetting> Channels { get; init; } = new Dictionary<string, ChannelSetting>(0);

    /// <summary>How often a user may be told of it, or null.</summary>
    public Throttle? Throttle { get; init; }
}

/// <summary>How often a user may be told of a category; what is above it is skipped. Critical events pass.</summary>
/// <param name="Max">So many.</param>
/// <param name="Seconds">In so long, from the first on.</param>
/// <param name="Channels">Channels that this limits.</param>
public sealed record Throttle(int Max, int Seconds, IReadOnlyList<string> Channels);

/// <summary>Who a tenant's mail is from.</summary>
/// <param name="From">Address.</param>
/// <param name="Name">Shown beside it, or null.</param>
/// <param name="ReplyTo">Where answers go, or null.</param>
public sealed record EmailSender(string From, string? Name, string? ReplyTo);
