using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Notifications.Benchmarks;

/// <summary>Sees a notification: which client's, and its record, valid until the call returns.</summary>
internal delegate void OnRecord(int client, ReadOnlySpan<byte> record);

/// <summary>
/// One client of a hub, as little of it as there can be: the upgrade, the handshake, and then frames, whose records are counted and never parsed. All
/// calls come from the swarm's thread.
/// </summary>
internal sealed class SwarmConnection(int number, Socket socket, string request, OnRecord onNotification)
{
    private const byte Separator = 0x1e;
    private const int Ping = 0x9, Close = 0x8;

    // SignalR's handshake and ping in frames of a client, masked with zeros.
    private static readonly byte[] Handshake = Frame(1, "{\"protocol\":\"json\",\"version\":1}\u001e"u8), KeepAlive = Frame(1, "{\"type\":6}\u001e"u8);

    private readonly int _descriptor = (int)socket.Handle;
    private readonly TaskCompletionSource _ready = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly byte[] _head = new byte[10];
    private State _state;
    private byte[] _partial = [];
    private int _partialLength;
    private int _headLength;
    private int _opcode;
    private long _left;

    private enum State
    {
        Upgrading,
        ShakingHands,
        Open,
        Closed,
    }

    /// <summary>Completes when the handshake was answered.</summary>
    public Task Ready => _ready.Task;

    /// <summary>Whether the connection has ended, by whomever.</summary>
    public bool IsClosed => _state == State.Closed;

    /// <summary>The system's number of its socket.</summary>
    public int Descriptor => _descriptor;

    /// <summary>Connects and asks for the upgrade.</summary>
    public static SwarmConnection Start(int number, Uri address, OnRecord onNotification)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        socket.Connect(IPAddress.Loopback, address.Port); // At once, on this machine.
        var request = $"GET {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
            "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
        return new SwarmConnection(number, socket, request, onNotification);
    }

    /// <summary>Sends the first bytes.</summary>
    public void Begin() => Send(Encoding.ASCII.GetBytes(request));

    /// <summary>Reads what there is.</summary>
    public void Receive(byte[] buffer)
    {
        if (_state == State.Closed)
        {
            return;
        }

        var read = Epoll.Read(_descriptor, buffer);
        if (read == 0)
        {
            End("The server closed the connection.");
        }
        else if (read > 0)
        {
            Take(buffer.AsSpan(0, read));
        }
    }

    /// <summary>Tells the server that it is there.</summary>
    public void SendPing()
    {
        if (_state == State.Open)
        {
            Send(KeepAlive);
        }
    }

    /// <summary>Drops the connection.</summary>
    public void Drop() => End("Dropped.");

    private static byte[] Frame(int opcode, ReadOnlySpan<byte> payload) => [(byte)(0x80 | opcode), (byte)(0x80 | payload.Length), 0, 0, 0, 0, .. payload];

    private void Send(ReadOnlySpan<byte> bytes)
    {
        if (!Epoll.Write(_descriptor, bytes))
        {
            End("The server does not read.");
        }
    }

    private void End(string reason)
    {
        if (_state != State.Closed)
        {
            _state = State.Closed;
            _ready.TrySetException(new IOException(reason));
            _ready.Task.ContinueWith(static t => _ = t.Exception, TaskScheduler.Default); // Seen, where nobody waits any more.
            socket.Dispose();
        }
    }

    private void Take(ReadOnlySpan<byte> data)
    {
        if (_state == State.Upgrading)
        {
            Append(data);
            var answer = _partial.AsSpan(0, _partialLength);
            var end = answer.IndexOf("\r\n\r\n"u8);
            if (end < 0)
            {
                return;
            }

            if (!answer.StartsWith("HTTP/1.1 101"u8))
            {
                End(Encoding.UTF8.GetString(answer));
                return;
            }

            _state = State.ShakingHands;
            data = answer[(end + 4)..].ToArray();
            _partialLength = 0;
            Send(Handshake);
        }

        while (data.Length > 0 && _state != State.Closed)
        {
            if (_left == 0 && !TakeHead(ref data))
            {
                return;
            }

            var part = data[..(int)Math.Min(_left, data.Length)];
            _left -= part.Length;
            data = data[part.Length..];
            if (_opcode >= Close)
            {
                TakeControl(part);
            }
            else
            {
                TakeRecords(part);
            }
        }
    }

    /// <summary>The head of a frame of a server, which masks nothing: two bytes and, for longer ones, the length in two or eight more.</summary>
    /// <returns>Whether it is complete and a payload follows.</returns>
    private bool TakeHead(ref ReadOnlySpan<byte> data)
    {
        while (data.Length > 0)
        {
            _head[_headLength++] = data[0];
            data = data[1..];
            var length = _headLength < 2 ? 0 : _head[1] & 0x7f;
            if (_headLength < 2 || _headLength < (length switch { 126 => 4, 127 => 10, _ => 2 }))
            {
                continue;
            }

            _left = length switch
            {
                126 => BinaryPrimitives.ReadUInt16BigEndian(_head.AsSpan(2)),
                127 => BinaryPrimitives.ReadInt64BigEndian(_head.AsSpan(2)),
                _ => length,
            };
            (_opcode, _headLength) = (_head[0] & 0xf, 0);
            if (_left > 0)
            {
                return true;
            }

            if (_opcode >= Close)
            {
                TakeControl([]);
            }
        }

        return false;
    }

    /// <summary>What a ping says is sent back; one that comes in parts is answered part by part, which nobody minds.</summary>
    private void TakeControl(ReadOnlySpan<byte> payload)
    {
        if (_opcode == Ping)
        {
            Send(Frame(0xa, payload));
        }
        else if (_opcode == Close)
        {
            End("The server closed the connection.");
        }
    }

    private void TakeRecords(ReadOnlySpan<byte> payload)
    {
        while (true)
        {
            var end = payload.IndexOf(Separator);
            if (end < 0)
            {
                Append(payload);
                return;
            }

            if (_partialLength == 0)
            {
                TakeRecord(payload[..end]);
            }
            else
            {
                Append(payload[..end]);
                TakeRecord(_partial.AsSpan(0, _partialLength));
                _partialLength = 0;
            }

            payload = payload[(end + 1)..];
        }
    }

    private void TakeRecord(ReadOnlySpan<byte> record)
    {
        if (_state == State.ShakingHands)
        {
            if (record.SequenceEqual("{}"u8))
            {
                _state = State.Open;
                _ready.TrySetResult();
            }
            else
            {
                End(Encoding.UTF8.GetString(record));
            }
        }
        else if (record[..Math.Min(64, record.Length)].IndexOf("\"target\":\"notification\""u8) >= 0)
        {
            onNotification(number, record);
        }
    }

    private void Append(ReadOnlySpan<byte> bytes)
    {
        if (_partialLength + bytes.Length > _partial.Length)
        {
            Array.Resize(ref _partial, Math.Max(_partialLength + bytes.Length, 2 * _partial.Length));
        }

        bytes.CopyTo(_partial.AsSpan(_partialLength));
        _partialLength += bytes.Length;
    }
}
