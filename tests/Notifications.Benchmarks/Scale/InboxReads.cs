using System.Diagnostics;
using System.Text;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>Users who read their inboxes: prepared requests over a few connections, each of which asks again for another user when it is answered.</summary>
/// <param name="server">Who is asked.</param>
/// <param name="tokens">Of the users.</param>
internal sealed class InboxReads(ServerProcess server, IReadOnlyList<string> tokens)
{
    private const int Connections = 16, LookEvery = 50;

    /// <summary>How many answers come each second.</summary>
    /// <param name="path">What is asked for.</param>
    /// <param name="marker">What has to be in the answers, some of which are looked at, so that empty ones are noticed.</param>
    /// <param name="time">How long.</param>
    /// <exception cref="InvalidOperationException">An answer is not what it should be.</exception>
    public async Task<double> PerSecondAsync(string path, string marker, TimeSpan time)
    {
        var requests = tokens.Select(t => Encoding.ASCII.GetBytes(
            $"GET {path} HTTP/1.1\r\nHost: {server.Address.Authority}\r\nAuthorization: Bearer {t}\r\n\r\n")).ToArray();
        var started = Stopwatch.GetTimestamp();
        var end = started + (long)(time.TotalSeconds * Stopwatch.Frequency);
        var counts = await Task.WhenAll(Enumerable.Range(0, Connections).Select(_ => Task.Run(() => ReadAsync(end, requests, marker))));
        return counts.Sum() / Stopwatch.GetElapsedTime(started).TotalSeconds;
    }

    private async Task<int> ReadAsync(long end, byte[][] requests, string marker)
    {
        using var connection = await RawConnection.OpenAsync(server.Address);
        var count = 0;
        for (; Stopwatch.GetTimestamp() < end; count++)
        {
            await connection.SendAsync(requests[Random.Shared.Next(requests.Length)], expected: 200);
            if (count % LookEvery == 0 && !connection.Answer.Contains(marker, StringComparison.Ordinal))
            {
                throw new InvalidOperationException($"There is no {marker} in {connection.Answer}");
            }
        }

        return count;
    }
}
