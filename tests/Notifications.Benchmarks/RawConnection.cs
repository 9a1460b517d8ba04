using System.Buffers.Text;
using System.Net.Sockets;
using System.Text;

namespace Notifications.Benchmarks;

/// <summary>
/// One keep-alive HTTP connection that does as little as possible, so that the load generator is not what is measured: a request is a
/// prepared head and a body, of an answer only the status and the end are looked for.
/// </summary>
internal sealed class RawConnection : IDisposable
{
    private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
    private readonly string _head;
    private readonly byte[] _buffer = new byte[256 * 1024];

    private RawConnection(Uri server, string path, string credential) =>
        _head = $"POST {path} HTTP/1.1\r\nHost: {server.Authority}\r\nAuthorization: Bearer {credential}\r\n" +
            "Content-Type: application/json\r\nContent-Length: ";

    /// <summary>The body of the last answer.</summary>
    public string Answer { get; private set; } = "";

    public static async Task<RawConnection> OpenAsync(Uri server, string path, string credential)
    {
        var connection = new RawConnection(server, path, credential);
        await connection._socket.ConnectAsync(server.Host, server.Port);
        return connection;
    }

    /// <summary>Posts a body and waits for the answer.</summary>
    /// <exception cref="InvalidOperationException">The answer is not 202.</exception>
    public async ValueTask PostAsync(string body)
    {
        var size = Encoding.UTF8.GetByteCount(body);
        await _socket.SendAsync(Encoding.UTF8.GetBytes($"{_head}{size}\r\n\r\n{body}"), SocketFlags.None);
        var filled = 0;
        while (!IsComplete(filled))
        {
            var read = await _socket.ReceiveAsync(_buffer.AsMemory(filled), SocketFlags.None);
            filled += read > 0 ? read : throw new IOException("The server closed the connection.");
        }

        if (!_buffer.AsSpan(0, 12).SequenceEqual("HTTP/1.1 202"u8))
        {
            throw new InvalidOperationException(Encoding.UTF8.GetString(_buffer, 0, filled));
        }

        Answer = Encoding.UTF8.GetString(_buffer, 0, filled);
    }

    public void Dispose() => _socket.Dispose();

    private bool IsComplete(int filled)
    {
        var answer = _buffer.AsSpan(0, filled);
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
        return Utf8Parser.TryParse(value, out int length, out _) && filled >= head + 4 + length;
    }
}
