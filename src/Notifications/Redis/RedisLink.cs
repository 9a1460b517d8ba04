using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using StackExchange.Redis;

namespace Notifications.Redis;

/// <summary>Redis did not answer, or not in time, or refused; whether a write happened is not known unless the server said so.</summary>
public sealed class RedisUnavailableException(string message, Exception? inner = null) : Exception(message, inner)
{
    /// <summary>Whether the server refused the write for want of memory: it did not happen.</summary>
    public bool IsOutOfMemory => InnerException is RedisServerException e && e.Message.StartsWith("OOM", StringComparison.Ordinal);
}

/// <summary>
/// The connection to Redis. Every call ends within seconds, however Redis behaves, and a connection that hears nothing any more is replaced.
/// <para>
/// Written for StackExchange.Redis 1.2 and 3: the older has no time limit for asynchronous calls and takes a frozen server for a connected one; the
/// newer queues while it reconnects. So limits are set here, and both fail alike. Once a second a message to itself goes through the server and
/// back: that proves calls and subscriptions both, which are two connections.
/// </para>
/// </summary>
public sealed partial class RedisLink : IAsyncDisposable
{
    private const int MaxCalls = 20_000;
    private const int FailuresToReplace = 5;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxConnect = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(5);

    private readonly ConfigurationOptions _configuration;
    private readonly RedisChecks _checks;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly ConcurrentDictionary<string, Action<byte[]>> _handlers = new(StringComparer.Ordinal);
    private readonly SemaphoreSlim _replacing = new(1);
    private readonly CancellationTokenSource _stopping = new();
    private readonly string _echo;
    private ConnectionMultiplexer _multiplexer;
    private Task _beating = Task.CompletedTask;
    private int _calls;
    private long _repliedAt;
    private long _echoedAt;
    private string? _fault;
    private bool _reconnected;

    private RedisLink(ConfigurationOptions configuration, ConnectionMultiplexer multiplexer, RedisChecks checks, string prefix, TimeProvider time, ILogger logger)
    {
        _configuration = configuration;
        _multiplexer = Watch(multiplexer);
        _checks = checks;
        _time = time;
        _logger = logger;
        _echo = $"{prefix}echo:{Guid.NewGuid():N}";
    }

    /// <summary>Told when Redis answers again after it did not: what was subscribed is subscribed again, what was sent meanwhile is lost.</summary>
    public event Action? Restored;

    /// <summary>Why Redis cannot be used at the moment, in a few words, or null.</summary>
    public string? Fault => Volatile.Read(ref _fault);

    /// <summary>Connects once and checks the server's settings.</summary>
    /// <param name="connectionString">StackExchange.Redis's.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where what comes and goes is reported.</param>
    /// <exception cref="RedisUnavailableException">It does not answer.</exception>
    /// <exception cref="RedisUnsafeException">It answers, but its settings can lose events.</exception>
    public static async Task<RedisLink> ConnectAsync(string connectionString, RedisOptions options, TimeProvider time, ILogger<RedisLink> logger)
    {
        var configuration = Parse(connectionString);
        var link = new RedisLink(configuration, await MultiplexAsync(configuration), new RedisChecks(options), options.Prefix, time, logger);
        try
        {
            await link._checks.RunAsync(link);
            await link.SubscribeAsync(link._echo, _ => Volatile.Write(ref link._echoedAt, link._time.GetTimestamp()));
        }
        catch
        {
            await link.DisposeAsync();
            throw;
        }

        link._echoedAt = time.GetTimestamp();
        link._beating = link.BeatAsync();
        return link;
    }

    /// <summary>
    /// Calls Redis. A script that the server does not know (any more) is sent again with its text. Calls are put on one connection in the order
    /// in which they are made.
    /// </summary>
    /// <exception cref="RedisUnavailableException">There was no good answer within seconds.</exception>
    public async Task<T> CallAsync<T>(Func<IDatabase, Task<T>> call)
    {
        if (Interlocked.Increment(ref _calls) > MaxCalls)
        {
            Interlocked.Decrement(ref _calls);
            throw new RedisUnavailableException("Too many calls to Redis wait for an answer.");
        }

        try
        {
            try
            {
                return await CallOnceAsync(call);
            }
            catch (RedisUnavailableException e) when (e.InnerException is RedisServerException s && s.Message.StartsWith("NOSCRIPT", StringComparison.Ordinal))
            {
                return await CallOnceAsync(call);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _calls);
        }
    }

    /// <summary>Hears a channel from now on, over whatever connection there is. Messages may come side by side and out of order.</summary>
    /// <exception cref="RedisUnavailableException">The subscription is not confirmed; it will be tried again when Redis is back.</exception>
    public async Task SubscribeAsync(string channel, Action<byte[]> handler)
    {
        if (!_handlers.TryAdd(channel, handler))
        {
            _handlers[channel] = handler; // The connection is at it already; asked again, it would hand over everything twice.
            return;
        }

        await SubscribeAsync(_multiplexer, channel);
    }

    /// <summary>Hears a channel no more.</summary>
    public void Unsubscribe(string channel)
    {
        if (_handlers.TryRemove(channel, out _))
        {
            Forget(_multiplexer.GetSubscriber().UnsubscribeAsync(Literal(channel)));
        }
    }

    /// <summary>Publishes; a message that nobody hears is lost.</summary>
    public Task<long> PublishAsync(string channel, byte[] message) => CallAsync(database => database.PublishAsync(Literal(channel), message));

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_stopping.IsCancellationRequested)
        {
            return;
        }

        await _stopping.CancelAsync();
        await _beating;
        _multiplexer.Dispose();
        _replacing.Dispose();
        _stopping.Dispose();
    }

    internal static RedisChannel Literal(string channel) => new(channel, RedisChannel.PatternMode.Literal);

    /// <summary>What both versions understand: the older passes over what it does not know.</summary>
    private static ConfigurationOptions Parse(string connectionString)
    {
        var configuration = ConfigurationOptions.Parse(connectionString + ",protocol=resp2,asyncTimeout=5000", ignoreUnknown: true);
        configuration.AbortOnConnectFail = false;
        configuration.ConnectTimeout = 3_000;
        configuration.SyncTimeout = 5_000;
        configuration.KeepAlive = 5;
        configuration.ConnectRetry = 1;
        configuration.ReconnectRetryPolicy = new LinearRetry(500); // The newer version would wait longer and longer, up to a minute.
        configuration.AllowAdmin = true; // It would not ask for settings otherwise.

        // It would keep calls for later, and send them after their callers were told that they failed.
        if (typeof(ConfigurationOptions).GetProperty("BacklogPolicy") is { } policy)
        {
            policy.SetValue(configuration, policy.PropertyType.GetProperty("FailFast")!.GetValue(null));
        }

        return configuration;
    }

    private static async Task<ConnectionMultiplexer> MultiplexAsync(ConfigurationOptions configuration)
    {
        try
        {
            var multiplexer = await ConnectionMultiplexer.ConnectAsync(configuration.Clone());

            // The older version would otherwise hand out messages one at a time over all channels; the newer has no such thing.
            typeof(ConnectionMultiplexer).GetProperty("PreserveAsyncOrder")?.SetValue(multiplexer, false);
            return multiplexer;
        }
        catch (Exception e) when (e is not ArgumentException)
        {
            throw new RedisUnavailableException(Brief(e), e);
        }
    }

    /// <summary>A server that was away for less than a beat may all the same be another one, and what was published meanwhile is lost.</summary>
    private ConnectionMultiplexer Watch(ConnectionMultiplexer multiplexer)
    {
        multiplexer.ConnectionRestored += (_, _) => Volatile.Write(ref _reconnected, true);
        return multiplexer;
    }

    private async Task<T> CallOnceAsync<T>(Func<IDatabase, Task<T>> call)
    {
        var (multiplexer, started) = (_multiplexer, _time.GetTimestamp());
        Task<T>? task = null;
        try
        {
            task = call(multiplexer.GetDatabase());
            var result = await (task.IsCompleted ? task : task.WaitAsync(Patience, _time));
            Volatile.Write(ref _repliedAt, _time.GetTimestamp());
            return result;
        }
        catch (RedisServerException e)
        {
            Volatile.Write(ref _repliedAt, _time.GetTimestamp());
            throw new RedisUnavailableException($"Redis refused: {e.Message}", e);
        }
        catch (TimeoutException e)
        {
            Forget(task);
            if (Volatile.Read(ref _repliedAt) < started)
            {
                _ = ReplaceAsync(multiplexer);
            }

            throw new RedisUnavailableException($"Redis did not answer within {Patience.TotalSeconds} seconds.", e);
        }
        catch (Exception e) when (e is not RedisUnavailableException)
        {
            // Whatever the library throws: there is more than one base class, and nothing else is called here.
            throw new RedisUnavailableException($"Redis cannot be reached: {Brief(e)}", e);
        }
    }

    /// <summary>The library's messages go on with its counters.</summary>
    private static string Brief(Exception e) => string.Join(';', e.Message.Split(';').Take(2)).Split(", origin:")[0];

    private async Task SubscribeAsync(ConnectionMultiplexer multiplexer, string channel)
    {
        Task? task = null;
        try
        {
            task = multiplexer.GetSubscriber().SubscribeAsync(Literal(channel), (_, message) => _handlers.GetValueOrDefault(channel)?.Invoke(message!));
            await task.WaitAsync(Patience, _time);
        }
        catch (Exception e)
        {
            Forget(task);
            throw new RedisUnavailableException($"Redis did not take a subscription: {Brief(e)}", e);
        }
    }

    /// <summary>Puts a new connection in the place of one that hears nothing; whoever waits on the old one gives up by time.</summary>
    private async Task ReplaceAsync(ConnectionMultiplexer old)
    {
        if (_stopping.IsCancellationRequested || !_replacing.Wait(0, CancellationToken.None))
        {
            return;
        }

        Task<ConnectionMultiplexer>? connecting = null; // In the end, to the one that is not used: it would hear everything a second time.
        try
        {
            if (old != _multiplexer)
            {
                return;
            }

            LogReplaced(_logger);
            connecting = MultiplexAsync(_configuration);
            var replacement = await connecting.WaitAsync(MaxConnect, _time);
            var heard = new HashSet<string>(StringComparer.Ordinal);
            await HearAsync(replacement, heard);
            (_multiplexer, connecting) = (Watch(replacement), Task.FromResult(old));
            Volatile.Write(ref _reconnected, true);
            Volatile.Write(ref _echoedAt, _time.GetTimestamp());
            await HearAsync(replacement, heard); // What was subscribed meanwhile, over the old one.
        }
        catch (Exception e) when (e is RedisUnavailableException or TimeoutException)
        {
            LogNotReplaced(_logger, e.Message);
        }
        finally
        {
            _ = connecting?.ContinueWith(
                static unused => unused.Result.Dispose(), CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);
            _replacing.Release();
        }
    }

    private async Task HearAsync(ConnectionMultiplexer multiplexer, HashSet<string> heard)
    {
        foreach (var channel in _handlers.Keys.Where(heard.Add))
        {
            await SubscribeAsync(multiplexer, channel);
        }
    }

    /// <summary>
    /// Until the end, whatever happens: (1) sends itself a message; (2) hears nothing of it for long, or cannot send for long: connects anew;
    /// (3) back after an outage: looks at it again.
    /// </summary>
    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Beat, TimeProvider.System);
        var failures = 0;
        while (await NextAsync(timer))
        {
            var (fault, restored) = ((string?)null, false);
            try
            {
                await PublishAsync(_echo, []); // (1)
                if (_time.GetElapsedTime(Volatile.Read(ref _echoedAt)) > MaxSilence) // (2)
                {
                    await ReplaceAsync(_multiplexer);
                }

                if (Fault is not null || Volatile.Read(ref _reconnected)) // (3)
                {
                    Volatile.Write(ref _reconnected, false);
                    restored = true;
                    await _checks.RunAsync(this);
                }

                failures = 0;
            }
            catch (Exception e)
            {
                fault = e is RedisUnsafeException ? e.Message : "unreachable";
                if (Fault is null)
                {
                    LogLost(_logger, e.Message);
                }

                if (e is not RedisUnsafeException && ++failures % FailuresToReplace == 0)
                {
                    await ReplaceAsync(_multiplexer);
                }
            }

            Volatile.Write(ref _fault, fault);
            if (restored && fault is null)
            {
                LogBack(_logger);
                Restored?.Invoke();
            }
        }
    }

    private async ValueTask<bool> NextAsync(PeriodicTimer timer)
    {
        try
        {
            return await timer.WaitForNextTickAsync(_stopping.Token);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static void Forget(Task? task) => task?.ContinueWith(
        static t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    [LoggerMessage(6001, LogLevel.Warning, "Redis is away: {Reason}")]
    private static partial void LogLost(ILogger logger, string reason);

    [LoggerMessage(6002, LogLevel.Information, "Redis is back")]
    private static partial void LogBack(ILogger logger);

    [LoggerMessage(6003, LogLevel.Warning, "The connection to Redis hears nothing and is replaced")]
    private static partial void LogReplaced(ILogger logger);

    [LoggerMessage(6004, LogLevel.Warning, "The connection to Redis is not replaced yet: {Reason}")]
    private static partial void LogNotReplaced(ILogger logger, string reason);
}
