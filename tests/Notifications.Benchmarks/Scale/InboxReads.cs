using System.Buffers.Text;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>Users who read their inboxes: prepared requests over a few connections, each of which asks again for another user when it is answered.</summary>
/// <param name="server">Who is asked.</param>
/// <param name="tokens">Of the users.</param>
internal sealed class InboxReads(ServerProcess server, IReadOnlyList<string> tokens)
{
    private const int Connections = 16;

    /// <summary>Tokens of users drawn at random.</summary>
    /// <param name="api">Gives them.</param>
    /// <param name="count">How many tokens.</param>
    /// <param name="users">Out of how many.</param>
    public static async Task<string[]> TokensAsync(Api api, int count, int users)
    {
        var tokens = new string[count];
        var random = new Random(1); // The same users each time.
        var drawn = tokens.Select(_ => random.Next(users)).ToArray();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => tokens[i] = await api.TokenAsync(Seed.User(drawn[i])));
        return tokens;
    }

    /// <summary>How many answers come each second.</summary>
    /// <param name="path">What is asked for.</param>
    /// <param name="marker">What has to be in each answer, so that an empty one is noticed.</param>
    /// <param name="time">How long.</param>
    /// <exception cref="InvalidOperationException">An answer is not what it should be.</exception>
    public async Task<double> PerSecondAsync(string path, string marker, TimeSpan time)
    {
        var requests = tokens.Select(t => Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nAuthorization: Bearer {t}\r\n\r\n")).ToArray();
        var expected = Encoding.UTF8.GetBytes(marker);
        var started = Stopwatch.GetTimestamp();
        var end = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(c => Task.Run(() => ReadAsync(new Random(c), end, requests, expected))));
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private async Task<int> ReadAsync(Random random, long end, byte[][] requests, byte[] marker)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(server.Address.Host, server.Address.Port);
        var buffer = new byte[256 * 1024];
        var count = 0;
        for (; Stopwatch.GetTimestamp() < end; count++)
        {
            await socket.SendAsync(requests[random.Next(requests.Length)], SocketFlags.None);
            var filled = 0;
            while (!IsComplete(buffer.AsSpan(0, filled)))
            {
                var read = await socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None);
                filled += read > 0 ? read : throw new IOException("The server closed the connection.");
            }

            if (!buffer.AsSpan(0, 12).SequenceEqual("HTTP/1.1 200"u8) || buffer.AsSpan(0, filled).IndexOf(marker) < 0)
            {
                throw new InvalidOperationException(Encoding.UTF8.GetString(buffer, 0, Math.Min(filled, 1_000)));
            }
        }

        return count;
    }

    private static bool IsComplete(ReadOnlySpan<byte> answer)
    {
        var head = answer.IndexOf("\r\n\r\n"u8);
        if (head < 0)
        {
            return false;
        }

        var at = answer[..head].IndexOf("Content-Length: "u8);
        return at < 0
            ? answer.EndsWith("\r\n0\r\n\r\n"u8) // Chunked.
            : Utf8Parser.TryParse(answer[(at + "Content-Length: ".Length)..], out int length, out _) && answer.Length >= head + 4 + length;
    }
}
