using System.Text;

namespace Notifications.Events;

/// <summary>A growing buffer of JSON, kept between events. Most of what goes in was JSON before, which a JSON writer is slow for.</summary>
internal sealed class ContentBuffer
{
    private const int KeptBytes = 64 * 1024;

    private byte[] _bytes = new byte[2048];
    private int _length;

    /// <summary>Starts over, and lets go of a buffer that one large event made.</summary>
    public void Clear()
    {
        _length = 0;
        if (_bytes.Length > KeptBytes)
        {
            _bytes = new byte[2048];
        }
    }

    /// <summary>Adds JSON.</summary>
    public void Raw(ReadOnlySpan<byte> json)
    {
        Reserve(json.Length);
        json.CopyTo(_bytes.AsSpan(_length));
        _length += json.Length;
    }

    /// <summary>Adds a value, or <c>null</c> where there is none.</summary>
    public void RawOrNull(ReadOnlySpan<byte> json) => Raw(json.IsEmpty ? "null"u8 : json);

    /// <summary>Adds a text as a JSON string. Without control characters only two others have to be escaped (RFC 8259, section 7).</summary>
    public void Quoted(string? text)
    {
        if (text is null)
        {
            Raw("null"u8);
            return;
        }

        text = text.AsSpan().ContainsAny('"', '\\') ? text.Replace("\\", "\\\\").Replace("\"", "\\\"") : text;
        Reserve(Encoding.UTF8.GetMaxByteCount(text.Length) + 2);
        _bytes[_length++] = (byte)'"';
        _length += Encoding.UTF8.GetBytes(text, _bytes.AsSpan(_length));
        _bytes[_length++] = (byte)'"';
    }

    /// <summary>What was added, in an array of its own.</summary>
    public byte[] ToArray() => _bytes.AsSpan(0, _length).ToArray();

    private void Reserve(int count)
    {
        if (_bytes.Length - _length < count)
        {
            Array.Resize(ref _bytes, Math.Max(_bytes.Length * 2, _length + count));
        }
    }
}
