using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Notifications.Events;

/// <summary>What parsing an event needs and the next one can use again; one for each thread, since parsing never waits.</summary>
#pragma warning disable CA1001 // The writer holds nothing but memory, and lives as long as its thread.
internal sealed class ParserBuffers
#pragma warning restore CA1001
{
    private const int KeptBytes = 64 * 1024;

    [ThreadStatic]
    private static ParserBuffers? t_current;

    private readonly Utf8JsonWriter _writer;
    private ArrayBufferWriter<byte> _content = new(2048);
    private byte[] _text = new byte[512];

    private ParserBuffers() => _writer = new Utf8JsonWriter(
        _content, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });

    /// <summary>The canonical form of the event that is being parsed.</summary>
    public CanonicalJson Canonical { get; } = new();

    /// <summary>This thread's, emptied.</summary>
    public static ParserBuffers Rent()
    {
        var buffers = t_current ??= new ParserBuffers();
        buffers.Canonical.Reset();
        return buffers;
    }

    /// <summary>The text of a string or name that was found sound before; valid until the next call.</summary>
    public ReadOnlySpan<byte> Unescaped(ref readonly Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            return reader.ValueSpan;
        }

        if (_text.Length < reader.ValueSpan.Length)
        {
            _text = new byte[reader.ValueSpan.Length];
        }

        return _text.AsSpan(0, reader.CopyString(_text));
    }

    /// <summary>A writer for the content of an event.</summary>
    public Utf8JsonWriter StartContent()
    {
        _content.ResetWrittenCount();
        _writer.Reset(_content);
        return _writer;
    }

    /// <summary>What the writer has written, in an array of its own.</summary>
    public byte[] FinishContent()
    {
        _writer.Flush();
        var content = _content.WrittenSpan.ToArray();
        if (_content.Capacity > KeptBytes)
        {
            _content = new ArrayBufferWriter<byte>(2048);
            _text = new byte[512];
        }

        return content;
    }
}
