using System.Diagnostics;
using System.Globalization;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>Redis' own benchmark: XADD in pipelines of 64, of entries like those of the event log, which share the write to the disk as the service's do.</summary>
internal sealed class RedisBenchmark(RedisServer redis)
{
    private const int First = 50_000;
    private const string Stream = "floor:benchmark";

    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(2);

    private readonly string _payload =
        $$$"""{"v":1,"acceptedAt":1795379123456,"to":["user:u123"],"orderingKey":"user:u123","content":{{{Bodies.Event("user:u123", 123)}}}}""";

    private int _requests = First;

    /// <summary>Runs it once.</summary>
    /// <returns>Entries each second.</returns>
    public async Task<double> MeasureAsync(Turn turn)
    {
        var log = new OutputLog();
        turn.Begin();
        var started = Stopwatch.GetTimestamp();
        using (var child = ChildProcess.Start(
            [
                Executables.Find("redis-benchmark") ?? throw new InvalidOperationException("redis-benchmark is not installed (Debian: apt-get install redis-tools)."),
                "-p", redis.Port.ToString(CultureInfo.InvariantCulture), "-P", "64", "-n", _requests.ToString(CultureInfo.InvariantCulture), "--csv",
                "XADD", Stream, "*", "p", "1795379123456-0", "n", "123456", "c", "55555555", "i", "0199f0c52f7b7c3e", "t", "default", "d", _payload,
            ],
            log))
        {
            await child.WaitAsync(Limit);
        }

        turn.End();
        await redis.CommandAsync("UNLINK", Stream);

        // Two lines: names, and then the command and its rate, each in quotes; the command has commas of its own.
        var line = log.ToString().Split('\n').Last(l => l.StartsWith('"'));
        var numbers = line.Split("\",\"")[^7..];
        var perSecond = double.Parse(numbers[0].Trim('"'), CultureInfo.InvariantCulture);
        var took = Stopwatch.GetElapsedTime(started);

        // As long as ours the next time.
        _requests = (int)Math.Clamp(_requests * (Turn.Length / took), First, 4_000_000);
        return perSecond;
    }
}
