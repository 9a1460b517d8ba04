using Notifications.Channels.Email;

namespace Notifications.Events;

/// <summary>How urgent an event is. <see cref="Critical"/> has log partitions of its own and so overtakes the rest.</summary>
public enum Priority : byte
{
    Low,
    Normal,
    High,
    Critical,
}

/// <summary>What a <c>to</c> entry names.</summary>
public enum RecipientKind : byte
{
    /// <summary><c>user:ID</c></summary>
    User,

    /// <summary><c>topic:KEY</c>: everyone subscribed when the event is routed.</summary>
    Topic,

    /// <summary><c>all</c>: everyone the tenant knows.</summary>
    All,

    /// <summary><c>email:ADDRESS</c>: a mailbox that is no user's; it has no inbox.</summary>
    Email,
}

/// <summary>One entry of an event's <c>to</c>.</summary>
/// <param name="Kind">What it names.</param>
/// <param name="Key">User id, topic key or address; empty for <see cref="RecipientKind.All"/>.</param>
public readonly record struct Recipient(RecipientKind Kind, string Key)
{
    /// <summary>The longest user id or topic key, in UTF-16 code units.</summary>
    public const int MaxKeyLength = 128;

    /// <summary>
    /// Whether a text may be a user id or a topic key: 1 to <see cref="MaxKeyLength"/> characters, no white space, no control character, no
    /// comma (CloudEvents list recipients with commas), no lone surrogate; and not <c>.</c> or <c>..</c>, which no URL can carry as a segment.
    /// </summary>
    public static bool IsKey(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxKeyLength || text is "." or "..")
        {
            return false;
        }

        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (char.IsControl(c) || char.IsWhiteSpace(c) || c == ',')
            {
                return false;
            }

            if (char.IsSurrogate(c) && !(i + 1 < text.Length && char.IsSurrogatePair(c, text[++i])))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads one entry of <c>to</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out Recipient recipient)
    {
        var (kind, keyAt) = text switch
        {
            "all" => (RecipientKind.All, 3),
            _ when text.StartsWith("user:") => (RecipientKind.User, 5),
            _ when text.StartsWith("topic:") => (RecipientKind.Topic, 6),
            _ when text.StartsWith("email:") => (RecipientKind.Email, 6),
            _ => (default, -1),
        };
        var valid = keyAt >= 0 && kind switch
        {
            RecipientKind.All => true,
            RecipientKind.Email => MailAddressRules.IsAddress(text[keyAt..].ToString()),
            _ => IsKey(text[keyAt..]),
        };
        recipient = valid ? new Recipient(kind, text[keyAt..].ToString()) : default;
        return valid;
    }

    /// <summary>As it is written in <c>to</c>.</summary>
    public override string ToString() => Kind switch
    {
        RecipientKind.User => "user:" + Key,
        RecipientKind.Topic => "topic:" + Key,
        RecipientKind.Email => "email:" + Key,
        _ => "all",
    };
}
