using System.Buffers;
using System.Buffers.Text;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace Notifications.Events;

/// <summary>
/// What the JSON reader leaves unchecked: it takes invalid UTF-8 inside strings, <c>\u0000</c>, escaped lone surrogates and any control
/// character that is escaped. None of these survives every store and client, so they are refused at the door.
/// </summary>
internal static class JsonText
{
    /// <summary>What is said of text that no Unicode string can hold everywhere.</summary>
    public const string Unsound = "must not hold U+0000 or a lone surrogate";

    /// <summary>
    /// Strict RFC 8259. The depth is not limited here but where it is known which field is too deep; walking is never recursive beyond
    /// <see cref="EventLimits.MaxDepth"/>.
    /// </summary>
    public static readonly JsonReaderOptions ReaderOptions = new()
    {
        AllowTrailingCommas = false,
        CommentHandling = JsonCommentHandling.Disallow,
        MaxDepth = int.MaxValue,
    };

    private static readonly SearchValues<byte> Controls = SearchValues.Create([.. Enumerable.Range(0, 32).Select(i => (byte)i), 0x7F]);

    private static readonly SearchValues<byte> ControlsButLineBreaks = SearchValues.Create(
        [.. Enumerable.Range(0, 32).Select(i => (byte)i).Except("\t\n\r"u8.ToArray()), 0x7F]);

    private static readonly SearchValues<byte> AsciiWhiteSpace = SearchValues.Create(" \t\n\v\f\r"u8);

    /// <summary>Drops a byte order mark (RFC 8259, section 8.1, lets a parser ignore it) and checks that the rest is UTF-8.</summary>
    /// <returns>Null if it is.</returns>
    public static EventRefusal? Guard(ref ReadOnlySpan<byte> json)
    {
        if (json.StartsWith("\uFEFF"u8))
        {
            json = json[3..];
        }

        return Utf8.IsValid(json) ? null : EventRefusal.Malformed($"Not UTF-8 at byte {InvalidAt(json) + 1}.");
    }

    /// <summary>Whether the current string or name holds neither U+0000 nor a lone surrogate. Only escapes can bring them in.</summary>
    public static bool IsSound(ref readonly Utf8JsonReader reader) => !reader.ValueIsEscaped || EscapesAreSound(reader.ValueSpan);

    /// <summary>Whether a text that did not come as JSON holds neither U+0000 nor a lone surrogate.</summary>
    public static bool IsSound(string text)
    {
        var at = 0;
        while (at < text.Length && text[at] != 0 && Rune.TryGetRuneAt(text, at, out var rune))
        {
            at += rune.Utf16SequenceLength;
        }

        return at == text.Length;
    }

    /// <summary>Length in code points.</summary>
    public static int Length(ReadOnlySpan<byte> utf8)
    {
        var length = 0;
        foreach (var unit in utf8)
        {
            length += (unit & 0xC0) == 0x80 ? 0 : 1;
        }

        return length;
    }

    /// <summary>Whether there is a control character: C0, DEL or C1.</summary>
    /// <param name="utf8">The text.</param>
    /// <param name="lineBreaks">Lets tab, line feed and carriage return pass.</param>
    public static bool HasControl(ReadOnlySpan<byte> utf8, bool lineBreaks = false)
    {
        if (utf8.ContainsAny(lineBreaks ? ControlsButLineBreaks : Controls))
        {
            return true;
        }

        // C1, U+0080 to U+009F, is C2 80 to C2 9F.
        for (int at; (at = utf8.IndexOf((byte)0xC2)) >= 0; utf8 = utf8[(at + 2)..])
        {
            if (utf8[at + 1] <= 0x9F)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether there is white space of any script.</summary>
    public static bool HasWhiteSpace(ReadOnlySpan<byte> utf8)
    {
        if (Ascii.IsValid(utf8))
        {
            return utf8.ContainsAny(AsciiWhiteSpace);
        }

        foreach (var rune in new Utf8Runes(utf8))
        {
            if (Rune.IsWhiteSpace(rune))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Whether there is nothing to see.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> utf8)
    {
        foreach (var rune in new Utf8Runes(utf8))
        {
            if (!Rune.IsWhiteSpace(rune) && Rune.GetUnicodeCategory(rune) is not (UnicodeCategory.Format or UnicodeCategory.Control))
            {
                return false;
            }
        }

        return true;
    }

    private static bool EscapesAreSound(ReadOnlySpan<byte> raw)
    {
        var awaitsLow = false;
        for (var i = 0; i < raw.Length; i++)
        {
            if (raw[i] != '\\' || raw[++i] != 'u')
            {
                if (awaitsLow)
                {
                    return false;
                }

                continue;
            }

            // The reader has seen to it that four digits follow.
            var isHex = Utf8Parser.TryParse(raw.Slice(i + 1, 4), out uint unit, out _, 'x');
            i += 4;
            var low = unit is >= 0xDC00 and <= 0xDFFF;
            if (!isHex || unit == 0 || low != awaitsLow)
            {
                return false;
            }

            awaitsLow = unit is >= 0xD800 and <= 0xDBFF;
        }

        return !awaitsLow;
    }

    private static int InvalidAt(ReadOnlySpan<byte> bytes)
    {
        var at = 0;
        while (at < bytes.Length && Rune.DecodeFromUtf8(bytes[at..], out _, out var length) == OperationStatus.Done)
        {
            at += length;
        }

        return at;
    }
}

/// <summary>Code points of valid UTF-8.</summary>
internal ref struct Utf8Runes(ReadOnlySpan<byte> utf8)
{
    private ReadOnlySpan<byte> _rest = utf8;

    public Rune Current { get; private set; }

    public readonly Utf8Runes GetEnumerator() => this;

    public bool MoveNext()
    {
        if (_rest.IsEmpty)
        {
            return false;
        }

        Rune.DecodeFromUtf8(_rest, out var rune, out var length);
        Current = rune;
        _rest = _rest[length..];
        return true;
    }
}
