using System.Globalization;
using System.Net.Sockets;
using System.Text;

namespace Notifications.IntegrationTests.Support;

/// <summary>Redis answered with an error.</summary>
public sealed class RespException(string message) : Exception(message);

/// <summary>
/// A connection to Redis that speaks its protocol by hand, so that what a test does to Redis does not depend on the client that is tested.
/// Strings are taken byte for byte, as Latin-1.
/// </summary>
public sealed class RespConnection : IDisposable
{
    private readonly TcpClient _tcp;
    private readonly BufferedStream _stream;

    private RespConnection(TcpClient tcp)
    {
        _tcp = tcp;
        _stream = new BufferedStream(tcp.GetStream(), 64 * 1024); // for reading
    }

    /// <summary>Connects.</summary>
    /// <exception cref="SocketException">Nobody listens.</exception>
    public static async Task<RespConnection> ConnectAsync(int port, CancellationToken cancellationToken = default)
    {
        var tcp = new TcpClient { NoDelay = true };
        try
        {
            await tcp.ConnectAsync("127.0.0.1", port, cancellationToken);
            return new RespConnection(tcp);
        }
        catch
        {
            tcp.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and reads its answer: a string, a long, null, or a list of these.</summary>
    /// <exception cref="RespException">The answer is an error.</exception>
    /// <exception cref="IOException">The connection was lost.</exception>
    public async Task<object?> CommandAsync(IReadOnlyList<string> command, CancellationToken cancellationToken = default)
    {
        await _tcp.GetStream().WriteAsync(Write(command), cancellationToken);
        return await ReadAsync(cancellationToken);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _stream.Dispose();
        _tcp.Dispose();
    }

    private static byte[] Write(IReadOnlyList<string> command)
    {
        var text = new StringBuilder().Append(CultureInfo.InvariantCulture, $"*{command.Count}\r\n");
        foreach (var part in command)
        {
            text.Append(CultureInfo.InvariantCulture, $"${part.Length}\r\n").Append(part).Append("\r\n");
        }

        return Encoding.Latin1.GetBytes(text.ToString());
    }

    private async Task<object?> ReadAsync(CancellationToken cancellationToken)
    {
        var line = await ReadLineAsync(cancellationToken);
        switch (line[0])
        {
            case '+':
                return line[1..];
            case '-':
                throw new RespException(line[1..]);
            case ':':
                return Number(line);
            case '$' when Number(line) < 0:
            case '*' when Number(line) < 0:
                return null;
            case '$':
                var bytes = new byte[Number(line) + 2];
                await _stream.ReadExactlyAsync(bytes, cancellationToken);
                return Encoding.Latin1.GetString(bytes.AsSpan(0, bytes.Length - 2));
            case '*':
                var list = new List<object?>();
                for (var left = Number(line); left > 0; left--)
                {
                    list.Add(await ReadAsync(cancellationToken));
                }

                return list;
            default:
                throw new InvalidDataException($"Not an answer of Redis: {line}");
        }

        static long Number(string line) => long.Parse(line.AsSpan(1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
    }

    private async Task<string> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new byte[1];
        while (true)
        {
            await _stream.ReadExactlyAsync(one, cancellationToken);
            if (one[0] == '\n')
            {
                return line.ToString(0, line.Length - 1);
            }

            line.Append((char)one[0]);
        }
    }
}
