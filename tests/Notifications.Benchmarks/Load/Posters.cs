using System.Buffers.Text;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Notifications.Benchmarks;

/// <summary>Connections that post and wait for answers, many on one thread, so that the generator costs little of what it shares with what it measures.</summary>
internal sealed class Posters : IDisposable
{
    private readonly int _set = Epoll.Create();
    private readonly byte[] _events = Epoll.Room(256);
    private readonly Poster[] _all;

    /// <summary>Connects.</summary>
    /// <param name="server">Where to.</param>
    /// <param name="count">How many connections.</param>
    public Posters(Uri server, int count)
    {
        _all = [.. Enumerable.Range(0, count).Select(i => new Poster(server, i))];
        Array.ForEach(_all, p => Epoll.Watch(_set, p.Descriptor, p.Number));
    }

    /// <summary>All of them.</summary>
    public IReadOnlyList<Poster> All => _all;

    /// <summary>Waits until something has come, and hands on those whose answer is complete.</summary>
    /// <param name="milliseconds">How long at most.</param>
    /// <param name="answered">Takes one.</param>
    /// <exception cref="InvalidOperationException">An answer was not 202.</exception>
    /// <exception cref="IOException">A connection was lost.</exception>
    public void Wait(int milliseconds, Action<Poster> answered)
    {
        for (var (i, count) = (0, Epoll.Wait(_set, _events, milliseconds)); i < count; i++)
        {
            var poster = _all[Epoll.Number(_events, i)];
            if (poster.IsAnswered())
            {
                answered(poster);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Array.ForEach(_all, p => p.Dispose());
        Epoll.Close(_set);
    }
}

/// <summary>One keep-alive connection; of an answer only the status and the end are looked for.</summary>
internal sealed class Poster : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = 256 * 1024 };
    private byte[] _buffer = new byte[16 * 1024];
    private int _filled;
    private int _length;

    /// <summary>Connects.</summary>
    public Poster(Uri server, int number)
    {
        Number = number;
        _socket.Connect(IPAddress.Loopback, server.Port);
        Descriptor = (int)_socket.Handle;
    }

    /// <summary>Which of them it is.</summary>
    public int Number { get; }

    /// <summary>The system's number of its socket.</summary>
    public int Descriptor { get; }

    /// <summary>How many requests it has sent.</summary>
    public long Sent { get; private set; }

    /// <summary>The last answer.</summary>
    public string Answer => Encoding.UTF8.GetString(_buffer, 0, _filled);

    /// <summary>Sends a request; the one before has to be answered.</summary>
    public void Send(ReadOnlySpan<byte> request)
    {
        Sent++;
        (_filled, _length) = (0, 0);
        if (!Epoll.Write(Descriptor, request))
        {
            throw new IOException("The server does not read.");
        }
    }

    /// <summary>Reads what there is.</summary>
    /// <returns>Whether the answer is complete.</returns>
    public bool IsAnswered()
    {
        if (_filled == _buffer.Length)
        {
            Array.Resize(ref _buffer, 2 * _buffer.Length);
        }

        switch (Epoll.Read(Descriptor, _buffer.AsSpan(_filled)))
        {
            case 0: throw new IOException($"The server closed the connection. {Answer}");
            case > 0 and var read: _filled += read; break;
        }

        if ((_length == 0 && !HasLength()) || _filled < _length)
        {
            return false;
        }

        return _buffer.AsSpan().StartsWith("HTTP/1.1 202"u8) ? true : throw new InvalidOperationException(Answer);
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private bool HasLength()
    {
        var answer = _buffer.AsSpan(0, _filled);
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var name = "\r\nContent-Length: "u8;
        var at = answer[..head].IndexOf(name);
        if (at >= 0 && Utf8Parser.TryParse(answer[(at + name.Length)..], out int length, out _))
        {
            _length = head + 4 + length;
            return true;
        }

        _length = answer.EndsWith("\r\n0\r\n\r\n"u8) ? _filled : 0; // Chunked.
        return _length > 0;
    }
}
