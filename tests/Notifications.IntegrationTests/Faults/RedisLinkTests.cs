using Microsoft.Extensions.Logging.Abstractions;
using Notifications.IntegrationTests.Support;
using Notifications.Redis;

namespace Notifications.IntegrationTests.Faults;

/// <summary>The connection to Redis comes back, whatever becomes of it, and hears again what it heard before.</summary>
[NeedsServers]
[Collection(ServerTests.Name)]
public sealed class RedisLinkTests(SharedServers servers)
{
    /// <summary>What can become of a connection.</summary>
    public enum Fate
    {
        /// <summary>It is dropped, and the next one is taken.</summary>
        Dropped,

        /// <summary>It is dropped instead of an answer.</summary>
        DroppedForAnAnswer,

        /// <summary>It is dropped, and the next ones are refused.</summary>
        Cut,

        /// <summary>It stays open and nothing comes through.</summary>
        Silent,
    }

    [Theory]
    [InlineData(Fate.Dropped, 20)]
    [InlineData(Fate.DroppedForAnAnswer, 20)]
    [InlineData(Fate.Cut, 4)]
    [InlineData(Fate.Silent, 2)]
    public async Task It_comes_back(Fate fate, int times)
    {
        await using var proxy = TcpProxy.Start(servers.Redis.Port);
        var options = new RedisOptions { Prefix = servers.NewPrefix() };
        await using var link = await RedisLink.ConnectAsync($"127.0.0.1:{proxy.Port}", options, TimeProvider.System, NullLogger<RedisLink>.Instance);
        var heard = 0;
        await link.SubscribeAsync(options.Prefix + "channel", _ => Interlocked.Increment(ref heard));
        using var enough = new CancellationTokenSource();
        var calling = Task.WhenAll(Enumerable.Range(0, 4).Select(n => CallAsync(link, options.Prefix + n, enough.Token)));
        for (var time = 0; time < times; time++)
        {
            switch (fate)
            {
                case Fate.Dropped:
                    proxy.Drop();
                    break;
                case Fate.DroppedForAnAnswer:
                    await proxy.LoseAnswerTo(bytes => bytes.IndexOf("INCR"u8) >= 0).WaitAsync(Until.Limit, TimeProvider.System);
                    break;
                case Fate.Cut:
                    proxy.Cut();
                    await Until.TrueAsync("it is noticed", () => Task.FromResult(link.Fault is not null));
                    proxy.Restore();
                    break;
                case Fate.Silent:
                    proxy.BlackHole();
                    await Until.TrueAsync("it is noticed", () => Task.FromResult(link.Fault is not null));
                    proxy.Restore();
                    break;
            }

            await Until.TrueAsync($"calls are answered after time {time}", async () => await CallOnceAsync(link, options.Prefix + "mine"));
            await Until.TrueAsync("no fault", () => Task.FromResult(link.Fault is null));
            var before = Volatile.Read(ref heard);
            await Until.TrueAsync("messages are heard", async () =>
            {
                await servers.Redis.CommandAsync("PUBLISH", options.Prefix + "channel", "");
                return Volatile.Read(ref heard) > before;
            });
        }

        await enough.CancelAsync();
        await calling;
    }

    private static async Task CallAsync(RedisLink link, string key, CancellationToken enough)
    {
        while (!enough.IsCancellationRequested)
        {
            await CallOnceAsync(link, key);
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System, CancellationToken.None);
        }
    }

    private static async Task<bool> CallOnceAsync(RedisLink link, string key)
    {
        try
        {
            return await link.CallAsync(database => database.StringIncrementAsync(key)) > 0;
        }
        catch (RedisUnavailableException)
        {
            return false;
        }
    }
}
