using System.Buffers;
using System.Globalization;
using System.Text;

namespace Notifications.Channels.Email;

/// <summary>What is taken as a mail address, and what of a text may stand in a header.</summary>
public static class MailAddressRules
{
    /// <summary>Length of the longest address (RFC 5321, section 4.5.3.1.3, without the brackets).</summary>
    public const int MaxLength = 254;

    private const int MaxLocal = 64;
    private const int MaxDomain = 253;

    /// <summary>The atext of RFC 5322, section 3.2.3, and the dot.</summary>
    private static readonly SearchValues<char> Local =
        SearchValues.Create("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+-/=?^_`{|}~.");

    private static readonly SearchValues<char> Label = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789-");
    private static readonly IdnMapping Idn = new();

    /// <summary>
    /// Whether this is an address that mail can be sent to: one @, before it a dot-atom (RFC 5322, section 3.4.1) in ASCII, behind it a domain,
    /// also one with letters beyond ASCII. Quoted local parts and address literals are not taken.
    /// </summary>
    public static bool IsAddress(string? text) => text is not null && Wire(text) is not null;

    /// <summary>As it is written to a mail server: the domain in its ASCII form (RFC 5891), lower case. Null where it is no address.</summary>
    public static string? Wire(string text)
    {
        var at = text.IndexOf('@', StringComparison.Ordinal);
        if (text.Length > MaxLength || at is < 1 or > MaxLocal || !IsDotAtom(text.AsSpan(0, at)) || AsciiDomain(text[(at + 1)..]) is not { } domain)
        {
            return null;
        }

        var wire = string.Concat(text.AsSpan(0, at), "@", domain);
        return wire.Length > MaxLength ? null : wire;
    }

    /// <summary>The domain of an address in its ASCII form, lower case; empty where it is no address.</summary>
    public static string Domain(string address) => Wire(address) is { } wire ? wire[(wire.IndexOf('@', StringComparison.Ordinal) + 1)..] : "";

    /// <summary>
    /// A text as it may stand in a header: control characters, line separators and marks that turn the direction of writing become spaces, runs of
    /// spaces one, and what is beyond the limit is cut off.
    /// </summary>
    /// <param name="text">Whatever somebody sent.</param>
    /// <param name="max">Characters (UTF-16) at most.</param>
    public static string HeaderText(string? text, int max)
    {
        var clean = new StringBuilder(Math.Min(text?.Length ?? 0, max));
        foreach (var rune in (text ?? "").EnumerateRunes()) // What is no character at all comes out as U+FFFD.
        {
            var space = Rune.IsWhiteSpace(rune) || Rune.IsControl(rune) || IsDirection(rune.Value);
            if (space && (clean.Length == 0 || clean[^1] == ' '))
            {
                continue;
            }

            if (clean.Length + rune.Utf16SequenceLength > max)
            {
                clean.Length = Math.Min(clean.Length, max - 1);
                if (clean.Length > 0 && char.IsHighSurrogate(clean[^1]))
                {
                    clean.Length--;
                }

                return clean.ToString().TrimEnd() + "…";
            }

            clean.Append(space ? " " : rune.ToString());
        }

        return clean.ToString().TrimEnd();
    }

    /// <summary>U+200E, U+200F, U+202A to U+202E and U+2066 to U+2069: they could show a name as another.</summary>
    private static bool IsDirection(int value) => value is 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069);

    private static bool IsDotAtom(ReadOnlySpan<char> local) =>
        !local.ContainsAnyExcept(Local) && local[0] != '.' && local[^1] != '.' && !local.Contains("..", StringComparison.Ordinal);

    private static string? AsciiDomain(string domain)
    {
        if (domain.Length is 0 or > MaxDomain)
        {
            return null;
        }

        string ascii;
        try
        {
            foreach (var rune in domain.EnumerateRunes())
            {
                // Beyond ASCII only what words are made of; the mapping itself would let through what looks like a dot or a slash.
                if (!rune.IsAscii && !Rune.IsLetterOrDigit(rune)
                    && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark))
                {
                    return null;
                }
            }

            ascii = Ascii.IsValid(domain) ? domain.ToLowerInvariant() : Idn.GetAscii(domain.ToLowerInvariant()).ToLowerInvariant();
        }
        catch (ArgumentException)
        {
            return null;
        }

        return ascii.Length <= MaxDomain && ascii.Split('.').All(IsLabel) ? ascii : null;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && !label.AsSpan().ContainsAnyExcept(Label);
}
