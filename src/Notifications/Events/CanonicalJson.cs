using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace Notifications.Events;

/// <summary>
/// Walks any JSON value once and does three things: finds what must be refused within it (duplicate properties, U+0000, lone surrogates,
/// depth), and writes a canonical form, in which two values are equal bytes exactly when they mean the same. Putting the properties of an
/// object in order, which the canonical form needs, is also what brings duplicates side by side: no set of names is kept.
/// </summary>
/// <remarks>
/// The form: a letter for the kind; texts (names unescaped, numbers as they were written) with their length before them; members ordered
/// by the bytes of their names; containers closed. It exists only to be hashed. Buffers are kept between uses; not thread-safe.
/// </remarks>
internal sealed class CanonicalJson
{
    private const int KeptBytes = 64 * 1024;

    private readonly List<Member> _members = [];
    private readonly Segment[] _path = new Segment[EventLimits.MaxDepth];
    private readonly Comparison<Member> _byName;
    private byte[] _buffer = new byte[1024];
    private byte[] _moved = [];
    private int _length;
    private int _depth;
    private string _root = "";
    private FieldErrors _errors = new();

    public CanonicalJson() => _byName = (a, b) => Name(a).SequenceCompareTo(Name(b));

    /// <summary>What has been written.</summary>
    public ReadOnlySpan<byte> Written => _buffer.AsSpan(0, _length);

    /// <summary>Starts over, and lets go of buffers that one large event made.</summary>
    public void Clear()
    {
        _length = 0;
        _members.Clear();
        if (_buffer.Length > KeptBytes)
        {
            _buffer = new byte[1024];
            _moved = [];
            _members.Capacity = 0;
        }
    }

    /// <summary>Takes the value that the reader stands on, and leaves it at the value's end.</summary>
    /// <param name="reader">On the first token of the value. Its text is known to be UTF-8.</param>
    /// <param name="root">The path of the value.</param>
    /// <param name="errors">Takes what is wrong.</param>
    public void Value(ref Utf8JsonReader reader, string root, FieldErrors errors)
    {
        // The event around it is the first level.
        (_root, _errors, _depth) = (root, errors, 1);
        Value(ref reader);
    }

    /// <summary>Writes that a text is not there.</summary>
    public void Absent() => Byte((byte)'-');

    /// <summary>Writes a single byte.</summary>
    public void Byte(byte value) => Grow(1)[0] = value;

    /// <summary>Writes a text.</summary>
    public void Text(string? text)
    {
        if (text is null)
        {
            Absent();
            return;
        }

        Byte((byte)'"');
        var start = Open();
        Encoding.UTF8.GetBytes(text, Grow(Encoding.UTF8.GetByteCount(text)));
        Close(start);
    }

    /// <summary>Writes the text of a JSON string that was found sound before; an empty span is one that is not there.</summary>
    public void Token(ReadOnlySpan<byte> json)
    {
        if (json.IsEmpty)
        {
            Absent();
            return;
        }

        Byte((byte)'"');
        if (json.Contains((byte)'\\'))
        {
            var reader = new Utf8JsonReader(json);
            reader.Read();
            Text(ref reader);
        }
        else
        {
            Text(json[1..^1]);
        }
    }

    private void Value(ref Utf8JsonReader reader)
    {
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject or JsonTokenType.StartArray when _depth == EventLimits.MaxDepth:
                _errors.Add(_root, $"nests deeper than {EventLimits.MaxDepth} levels, the event itself included");
                reader.Skip();
                break;
            case JsonTokenType.StartObject: Object(ref reader); break;
            case JsonTokenType.StartArray: Array(ref reader); break;
            case JsonTokenType.String when !JsonText.IsSound(ref reader): _errors.Add(Path(), JsonText.Unsound); break;
            case JsonTokenType.String:
                Byte((byte)'"');
                Text(ref reader);
                break;
            case JsonTokenType.Number:
                Byte((byte)'0');
                Text(reader.ValueSpan);
                break;
            default: Byte(reader.ValueSpan[0]); break;
        }
    }

    private void Array(ref Utf8JsonReader reader)
    {
        Byte((byte)'[');
        _depth++;
        for (var i = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; i++)
        {
            _path[_depth - 2] = new Segment(0, i);
            Value(ref reader);
        }

        _depth--;
        Byte((byte)']');
    }

    private void Object(ref Utf8JsonReader reader)
    {
        Byte((byte)'{');
        _depth++;
        var first = _members.Count;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = _length;
            var sound = JsonText.IsSound(ref reader);
            if (sound)
            {
                Text(ref reader);
            }
            else
            {
                _depth--;
                _errors.Add(Path(), FieldName.Unsound);
                _depth++;
                Close(Open());
            }

            _path[_depth - 2] = new Segment(start, -1);
            reader.Read();
            Value(ref reader);
            if (sound)
            {
                _members.Add(new Member(start, _length - start));
            }
            else
            {
                _length = start;
            }
        }

        Order(CollectionsMarshal.AsSpan(_members)[first..]);
        CollectionsMarshal.SetCount(_members, first);
        _depth--;
        Byte((byte)'}');
    }

    /// <summary>Puts the members, which lie one after the other at the end of the buffer, in the order of their names.</summary>
    private void Order(Span<Member> members)
    {
        var inOrder = true;
        for (var i = 1; i < members.Length && inOrder; i++)
        {
            inOrder = _byName(members[i - 1], members[i]) < 0;
        }

        if (inOrder)
        {
            return;
        }

        var start = members[0].Start;
        var block = _buffer.AsSpan(start, _length - start);
        members.Sort(_byName);
        if (_moved.Length < block.Length)
        {
            _moved = new byte[_buffer.Length];
        }

        var moved = 0;
        for (var i = 0; i < members.Length; i++)
        {
            if (i > 0 && _byName(members[i - 1], members[i]) == 0)
            {
                _path[_depth - 2] = new Segment(members[i].Start, -1);
                _errors.Add(Path(), "is given more than once");
            }

            _buffer.AsSpan(members[i].Start, members[i].Length).CopyTo(_moved.AsSpan(moved));
            moved += members[i].Length;
        }

        _moved.AsSpan(0, moved).CopyTo(block);
    }

    private void Text(ref Utf8JsonReader reader)
    {
        if (!reader.ValueIsEscaped)
        {
            Text(reader.ValueSpan);
            return;
        }

        // Unescaping never lengthens.
        var start = Open();
        var room = Grow(reader.ValueSpan.Length);
        _length += reader.CopyString(room) - room.Length;
        Close(start);
    }

    private void Text(ReadOnlySpan<byte> utf8)
    {
        var room = Grow(sizeof(int) + utf8.Length);
        BinaryPrimitives.WriteInt32LittleEndian(room, utf8.Length);
        utf8.CopyTo(room[sizeof(int)..]);
    }

    private int Open()
    {
        Grow(sizeof(int));
        return _length;
    }

    private void Close(int start) => BinaryPrimitives.WriteInt32LittleEndian(_buffer.AsSpan(start - sizeof(int)), _length - start);

    private ReadOnlySpan<byte> Name(Member member) => Name(member.Start);

    private ReadOnlySpan<byte> Name(int start) =>
        _buffer.AsSpan(start + sizeof(int), BinaryPrimitives.ReadInt32LittleEndian(_buffer.AsSpan(start)));

    private Span<byte> Grow(int count)
    {
        if (_buffer.Length - _length < count)
        {
            System.Array.Resize(ref _buffer, Math.Max(_buffer.Length * 2, _length + count));
        }

        var room = _buffer.AsSpan(_length, count);
        _length += count;
        return room;
    }

    private string Path()
    {
        var path = new StringBuilder(_root);
        foreach (var segment in _path.AsSpan(0, _depth - 1))
        {
            if (segment.Index >= 0)
            {
                path.Append('[').Append(segment.Index).Append(']');
            }
            else
            {
                path.Append('.').Append(FieldName.Shown(Name(segment.NameAt)));
            }
        }

        return path.ToString();
    }

    /// <summary>A member of an object in the buffer: its name, then its value.</summary>
    private readonly record struct Member(int Start, int Length);

    /// <summary>A step of the path to the current value: an index, or where in the buffer the name is.</summary>
    private readonly record struct Segment(int NameAt, int Index);
}
