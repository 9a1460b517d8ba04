using System.Text.Json;

namespace Notifications.Events;

/// <summary>What parsing an event needs and the next one can use again; one for each thread, since parsing never waits.</summary>
internal sealed class ParserBuffers
{
    [ThreadStatic]
    private static ParserBuffers? t_current;

    private byte[] _text = new byte[512];

    private ParserBuffers()
    {
    }

    /// <summary>The canonical form of the event that is being parsed.</summary>
    public CanonicalJson Canonical { get; } = new();

    /// <summary>The content of the event that is being made.</summary>
    public ContentBuffer Content { get; } = new();

    /// <summary>This thread's, emptied.</summary>
    public static ParserBuffers Rent()
    {
        var buffers = t_current ??= new ParserBuffers();
        buffers.Canonical.Clear();
        return buffers;
    }

    /// <summary>The text of a string or name that was found sound before; valid until the next call.</summary>
    public ReadOnlySpan<byte> Unescaped(ref readonly Utf8JsonReader reader) =>
        reader.ValueIsEscaped ? Unescape(in reader) : reader.ValueSpan;

    private Span<byte> Unescape(ref readonly Utf8JsonReader reader)
    {
        // Unescaping never lengthens; and no event is so long that keeping this would matter.
        if (_text.Length < reader.ValueSpan.Length)
        {
            _text = new byte[reader.ValueSpan.Length];
        }

        return _text.AsSpan(0, reader.CopyString(_text));
    }
}
