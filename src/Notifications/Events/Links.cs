using System.Buffers;
using System.Globalization;
using System.Net;
using System.Text;

namespace Notifications.Events;

/// <summary>
/// Links that are safe to put behind a button: absolute, of a harmless scheme, and read the same by every parser. Checked by hand
/// because lenient parsers are the danger: browsers drop tabs, take a backslash for a slash and show user information as if it were the
/// host (WHATWG URL, sections 4.4 and 4.5; RFC 3986, sections 3.2.1 and 7.6).
/// </summary>
internal static class Links
{
    private const int MaxHost = 253;

    private static readonly SearchValues<byte> HostName =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._"u8);

    // What RFC 3986 has no place for, appendix A.
    private static readonly SearchValues<byte> Unsafe = SearchValues.Create(" \\\"<>^`{|}"u8);

    /// <summary>What is wrong with a link, or null.</summary>
    /// <param name="link">UTF-8.</param>
    /// <param name="mail">Whether <c>mailto</c> is allowed, besides <c>https</c> and <c>http</c>.</param>
    public static string? Fault(ReadOnlySpan<byte> link, bool mail)
    {
        if (JsonText.HasControl(link) || link.ContainsAny(Unsafe) || HasInvisible(link))
        {
            return "must not hold white space, control characters, backslashes or any of \" < > ^ ` { | }";
        }

        if (StartsWith(link, "https://"u8))
        {
            return HostFault(link[8..]);
        }

        if (StartsWith(link, "http://"u8))
        {
            return HostFault(link[7..]);
        }

        if (mail && StartsWith(link, "mailto:"u8))
        {
            var at = link.IndexOf((byte)'@');
            return at > 7 && at < link.Length - 1 && link[7..at].IndexOfAny("/?#"u8) < 0 ? null : "must name an address after mailto:";
        }

        return mail ? "must be an absolute link with https, http or mailto" : "must be an absolute link with https or http";
    }

    private static string? HostFault(ReadOnlySpan<byte> rest)
    {
        var end = rest.IndexOfAny("/?#"u8);
        var authority = end < 0 ? rest : rest[..end];
        if (authority.Contains((byte)'@'))
        {
            return "must not hold a user name or password";
        }

        var isLiteral = authority.StartsWith("["u8);
        var hostEnd = isLiteral ? authority.IndexOf((byte)']') + 1 : authority.IndexOf((byte)':');
        hostEnd = hostEnd < 0 ? authority.Length : hostEnd;
        var host = authority[..hostEnd];
        var valid = isLiteral ? host.Length > 2 && IPAddress.TryParse(Encoding.UTF8.GetString(host), out _) : IsName(host);
        return valid && IsPort(authority[hostEnd..]) ? null : "must name a valid host";
    }

    private static bool IsName(ReadOnlySpan<byte> host)
    {
        if (host.Length is 0 or > MaxHost || host[0] == '.' || host.IndexOf(".."u8) >= 0)
        {
            return false;
        }

        if (!host.ContainsAnyExcept(HostName))
        {
            return true;
        }

        foreach (var rune in new Utf8Runes(host))
        {
            // Beyond ASCII only what words are made of: U+FF0F and its like turn into delimiters in some parsers.
            var allowed = rune.IsAscii
                ? HostName.Contains((byte)rune.Value)
                : Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark;
            if (!allowed)
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsPort(ReadOnlySpan<byte> port) =>
        port.IsEmpty || (port[0] == ':' && port.Length is > 1 and <= 6 && ushort.TryParse(port[1..], NumberStyles.None, CultureInfo.InvariantCulture, out _));

    /// <summary>White space and format characters (such as the ones that turn the direction of writing) beyond ASCII.</summary>
    private static bool HasInvisible(ReadOnlySpan<byte> link)
    {
        if (Ascii.IsValid(link))
        {
            return false;
        }

        foreach (var rune in new Utf8Runes(link))
        {
            if (Rune.IsWhiteSpace(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.Format)
            {
                return true;
            }
        }

        return false;
    }

    private static bool StartsWith(ReadOnlySpan<byte> link, ReadOnlySpan<byte> scheme) =>
        link.Length >= scheme.Length && Ascii.EqualsIgnoreCase(link[..scheme.Length], scheme);
}
