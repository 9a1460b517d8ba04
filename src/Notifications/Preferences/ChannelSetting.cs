namespace Notifications.Preferences;

/// <summary>What a user or a policy says of a channel.</summary>
public enum ChannelSetting : byte
{
    /// <summary>Nothing: what is asked next decides.</summary>
    Unset,

    /// <summary>At once.</summary>
    On,

    /// <summary>Not at all.</summary>
    Off,

    /// <summary>Gathered; only for email.</summary>
    Digest,
}

/// <summary>Names of the channels.</summary>
public static class ChannelNames
{
    /// <summary>The inbox, live and in lists.</summary>
    public const string Inbox = "inbox";

    /// <summary>Email.</summary>
    public const string Email = "email";

    /// <summary>Signed HTTP requests.</summary>
    public const string Webhook = "webhook";
}
