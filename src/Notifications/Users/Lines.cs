using System.Buffers;
using System.IO.Pipelines;
using System.Runtime.CompilerServices;

namespace Notifications.Users;

/// <summary>A line of a text.</summary>
/// <param name="Number">Its number, from 1, as an editor shows it.</param>
/// <param name="Bytes">What it holds, without its end; null where it is too long.</param>
internal readonly record struct Line(long Number, byte[]? Bytes);

/// <summary>
/// Lines of a stream, however long that is: never more of it is held than one line and what the pipe has buffered. Blank lines are counted and
/// passed over; a line that is too long is skipped to its end.
/// </summary>
internal static class Lines
{
    /// <summary>The most bytes of a line.</summary>
    public const int MaxBytes = 16 << 10;

    /// <summary>Reads lines that end with LF or CR LF; the last one may have no end. A byte order mark is ignored.</summary>
    public static async IAsyncEnumerable<Line> ReadAsync(PipeReader pipe, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var number = 1L;
        var skipping = false;
        while (true)
        {
            var result = await pipe.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            while (Take(ref buffer, result.IsCompleted) is { } line)
            {
                var at = number++;
                if (skipping)
                {
                    skipping = false;
                }
                else if (line.Length > MaxBytes)
                {
                    yield return new Line(at, null);
                }
                else if (Content(line, at == 1) is { Length: > 0 } bytes)
                {
                    yield return new Line(at, bytes);
                }
            }

            if (buffer.Length > MaxBytes + 2 && !skipping)
            {
                skipping = true;
                yield return new Line(number, null);
            }

            if (skipping)
            {
                buffer = buffer.Slice(buffer.End); // Its end is yet to come.
            }

            pipe.AdvanceTo(buffer.Start, buffer.End);
            if (result.IsCompleted)
            {
                yield break;
            }
        }
    }

    private static ReadOnlySequence<byte>? Take(ref ReadOnlySequence<byte> buffer, bool isLast)
    {
        if (buffer.PositionOf((byte)'\n') is { } end)
        {
            var line = buffer.Slice(0, end);
            buffer = buffer.Slice(buffer.GetPosition(1, end));
            return line;
        }

        if (!isLast || buffer.IsEmpty)
        {
            return null;
        }

        var rest = buffer;
        buffer = buffer.Slice(buffer.End);
        return rest;
    }

    private static byte[] Content(in ReadOnlySequence<byte> line, bool isFirst)
    {
        var bytes = line.ToArray().AsSpan();
        bytes = isFirst && bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes;
        return bytes.Trim(" \t\r"u8).ToArray();
    }
}
