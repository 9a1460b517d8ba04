using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Notifications.Benchmarks;

/// <summary>
/// One keep-alive HTTP connection that does as little as possible, so that the load generator is not what is measured: a request is prepared bytes, of an
/// answer only the status and the end are looked for.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly byte[] _buffer = new byte[256 * 1024];
    private int _filled;

    private RawConnection()
    {
    }

    /// <summary>The last answer, head and body.</summary>
    public string Answer => Encoding.UTF8.GetString(_buffer, 0, _filled);

    /// <summary>Connects.</summary>
    public static async Task<RawConnection> OpenAsync(Uri server)
    {
        var connection = new RawConnection();
        await connection._socket.ConnectAsync(server.Host, server.Port);
        return connection;
    }

    /// <summary>Sends a request and waits for the answer.</summary>
    /// <exception cref="InvalidOperationException">The answer is not 202, or another status that is expected.</exception>
    public async ValueTask SendAsync(ReadOnlyMemory<byte> request, int expected = 202)
    {
        await _socket.SendAsync(request, SocketFlags.None);
        _filled = 0;
        while (!IsComplete())
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(_filled), SocketFlags.None);
            _filled += read > 0 ? read : throw new IOException("The server closed the connection.");
        }

        if (!Utf8Parser.TryParse(_buffer.AsSpan("HTTP/1.1 ".Length), out int status, out _) || status != expected)
        {
            throw new InvalidOperationException(Answer);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _socket.Dispose();

    private bool IsComplete()
    {
        var answer = _buffer.AsSpan(0, _filled);
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        const string Name = "Content-Length: ";
        var at = answer[..head].IndexOf("Content-Length: "u8);
        if (at < 0)
        {
            return answer.EndsWith("0\r\n\r\n"u8); // Chunked.
        }

        var value = answer[(at + Name.Length)..];
        return Utf8Parser.TryParse(value, out int length, out _) && _filled >= head + 4 + length;
    }
}
