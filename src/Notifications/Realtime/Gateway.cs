using System.Collections.Concurrent;
using System.Threading.Channels;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Inbox;
using Notifications.Stats;
using Notifications.Storage;

namespace Notifications.Realtime;

/// <summary>What every pump of a gateway shares.</summary>
internal sealed record GatewayContext(DevicePositions Positions, StoreEpoch Epoch, Presence? Presence, TimeProvider Time, ILogger Logger);

/// <summary>
/// The connections of this node, by user. Hears doorbells and hands each step to the pumps of its user; nothing here awaits a client.
/// A clock closes what has expired, notes what has arrived, and compares users' heads with the store in case a ring was lost.
/// </summary>
public sealed partial class Gateway : BackgroundService, IDoorbell
{
    private static readonly TimeSpan Tick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan DrainTimeout = TimeSpan.FromSeconds(5);
    private static readonly Closing Expired = new("token_expired", "The token has expired; connect again with a new one.", Reconnect: true);
    private static readonly Closing Shutdown = new("server_shutdown", "The server is shutting down; connect again.", Reconnect: true);
    private static readonly TimeSpan ComparePause = TimeSpan.FromMilliseconds(500);
    private const int CompareEveryTicks = 60;

    /// <summary>1.5 times the time after which a silent client is given up: what was written to a connection that outlived this has arrived.</summary>
    private static readonly TimeSpan Proof = TimeSpan.FromSeconds(45);

    private readonly ConcurrentDictionary<UserKey, ConnectionPump[]> _users = new();
    private readonly ConcurrentDictionary<string, ConnectionPump> _connections = new();
    private readonly ConcurrentDictionary<string, bool> _broadcasts = new();
    private readonly Channel<bool> _broadcastRung = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly Channel<bool> _compareAsked = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });
    private readonly TaskCompletionSource _drained = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Store _store;
    private readonly UserLog _log;
    private readonly IDoorbell _doorbell;
    private readonly GatewayContext _context;
    private volatile bool _stopping;

    /// <summary>Creates the gateway of this node.</summary>
    /// <param name="store">The store.</param>
    /// <param name="positions">Where devices are.</param>
    /// <param name="epoch">Which history of the store this is.</param>
    /// <param name="lifetime">Tells when to drain: before the web server closes its connections.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">Where closed connections are reported.</param>
    /// <param name="doorbell">Tells other gateways, on the server engine.</param>
    /// <param name="presence">Tells others who is connected here, on the server engine.</param>
    public Gateway(
        Store store, DevicePositions positions, StoreEpoch epoch, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Gateway> logger,
        SharedDoorbell? doorbell = null, Presence? presence = null)
    {
        _store = store;
        _doorbell = doorbell ?? (IDoorbell)this;
        _log = new UserLog(store, _doorbell);
        _context = new GatewayContext(positions, epoch, presence, time, logger);
        doorbell?.Attach(this);
        epoch.Raised += StartOver;
        lifetime.ApplicationStopping.Register(Drain);
    }

    /// <summary>How many connections there are.</summary>
    public int Connections => _connections.Count;

    /// <summary>How many users are connected.</summary>
    public int Users => _users.Count;

    /// <summary>Whether new connections are refused because the process ends.</summary>
    public bool IsStopping => _stopping;

    /// <inheritdoc/>
    public ValueTask RingAsync(IReadOnlyList<UserPush> pushes)
    {
        Ring(pushes);
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RingAllAsync(string tenant)
    {
        RingAll(tenant);
        return ValueTask.CompletedTask;
    }

    /// <summary>Hands steps to the connections of their users here.</summary>
    internal void Ring(IReadOnlyList<UserPush> pushes)
    {
        foreach (var push in pushes)
        {
            if (_users.TryGetValue(push.Key, out var pumps))
            {
                foreach (var pump in pumps)
                {
                    pump.Offer(push);
                }
            }
        }
    }

    /// <summary>The connected users of a tenant have a broadcast to take.</summary>
    internal void RingAll(string tenant)
    {
        _broadcasts[tenant] = true;
        _broadcastRung.Writer.TryWrite(true);
    }

    /// <summary>Whether a user has a connection here.</summary>
    internal bool IsConnected(UserKey key) => _users.ContainsKey(key);

    /// <summary>A ring may have been lost: compare with the store soon.</summary>
    internal void CompareSoon() => _compareAsked.Writer.TryWrite(true);

    internal void Add(HubConnectionContext connection, ConnectionStart start)
    {
        var pump = new ConnectionPump(connection, start, _log, _context);
        _connections[connection.ConnectionId] = pump;
        _users.AddOrUpdate(start.Key, static (_, pump) => [pump], static (_, pumps, pump) => [.. pumps, pump], pump);
        pump.Run(); // Registered before it reads its head: a step that is committed in between is read, or heard, or both.
        if (_stopping)
        {
            pump.Close(Shutdown);
        }
    }

    internal ConnectionPump? Find(string connectionId) => _connections.GetValueOrDefault(connectionId);

    internal void Remove(string connectionId)
    {
        if (!_connections.TryRemove(connectionId, out var pump))
        {
            return;
        }

        // Until nobody else changed the user's connections in between.
        while (_users.TryGetValue(pump.Start.Key, out var pumps))
        {
            var rest = Array.FindAll(pumps, p => p != pump);
            if (rest.Length == 0 ? _users.TryRemove(KeyValuePair.Create(pump.Start.Key, pumps)) : _users.TryUpdate(pump.Start.Key, rest, pumps))
            {
                break;
            }
        }

        if (_stopping && _connections.IsEmpty)
        {
            _drained.TrySetResult();
        }
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken) => Task.WhenAll(
        ClockAsync(stoppingToken), CompareAsync(stoppingToken), TakeBroadcastsAsync(stoppingToken), _context.Positions.RunAsync(stoppingToken));

    private async Task ClockAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Tick, _context.Time);
        for (var tick = 1; await WaitAsync(timer, stoppingToken); tick++)
        {
            var (now, timestamp) = (_context.Time.GetUtcNow(), _context.Time.GetTimestamp());
            var proof = (long)(Proof.TotalSeconds * _context.Time.TimestampFrequency);
            foreach (var (_, pump) in _connections)
            {
                if (pump.Start.Expires <= now)
                {
                    pump.Close(Expired);
                }

                pump.Checkpoint(timestamp, proof);
            }

            if (tick % CompareEveryTicks == 0)
            {
                CompareSoon();
            }
        }
    }

    private async Task CompareAsync(CancellationToken stoppingToken)
    {
        while (await WaitAsync(_compareAsked.Reader, stoppingToken))
        {
            await CompareOnceAsync(stoppingToken);
            await Task.WhenAny(Task.Delay(ComparePause, _context.Time, stoppingToken)); // Several holes at once are one reason.
        }
    }

    /// <summary>The store is another than it was: what clients know of it means something else now.</summary>
    private void StartOver()
    {
        foreach (var (_, pump) in _connections)
        {
            pump.StartOver();
        }
    }

    /// <summary>Finds connections that a lost ring left behind.</summary>
    private async Task CompareOnceAsync(CancellationToken stoppingToken)
    {
        try
        {
            foreach (var keys in _users.Keys.Chunk(Store.MaxUsersPerTake))
            {
                foreach (var (key, counter) in await _store.CountersAsync(keys, stoppingToken))
                {
                    foreach (var pump in _users.GetValueOrDefault(key) ?? [])
                    {
                        if (pump.IsLive && pump.Position < counter)
                        {
                            pump.CheckStore();
                        }
                    }
                }
            }

            foreach (var tenant in _users.Keys.Select(k => k.Tenant).Distinct())
            {
                await RingAllAsync(tenant);
            }
        }
        catch (StoreUnavailableException)
        {
            CompareSoon();
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>Takes broadcasts into the logs of connected users. A tenant that is rung while it is being served is served once more.</summary>
    private async Task TakeBroadcastsAsync(CancellationToken stoppingToken)
    {
        while (await WaitAsync(_broadcastRung.Reader, stoppingToken))
        {
            foreach (var (tenant, _) in _broadcasts)
            {
                _broadcasts.TryRemove(tenant, out _);
                try
                {
                    foreach (var users in _users.Keys.Where(k => k.Tenant == tenant).Select(k => k.User).Chunk(Store.MaxUsersPerTake))
                    {
                        var pushes = await _store.TakeBroadcastsAsync(tenant, users);
                        NodeMeter.Written(pushes.Count);
                        await _doorbell.RingAsync(pushes);
                    }
                }
                catch (StoreUnavailableException)
                {
                    await RingAllAsync(tenant);
                    await Task.Delay(Tick, _context.Time, CancellationToken.None);
                }
            }
        }
    }

    /// <summary>
    /// Announces the end to every client and waits until they are gone. Runs before the web server closes connections without a word, because
    /// callbacks of one token run last in, first out.
    /// </summary>
    private void Drain()
    {
        _stopping = true;
        foreach (var (_, pump) in _connections)
        {
            pump.Close(Shutdown);
        }

        if (!_connections.IsEmpty)
        {
            _drained.Task.Wait(DrainTimeout);
        }
    }

    private static async ValueTask<bool> WaitAsync(PeriodicTimer timer, CancellationToken stoppingToken)
    {
        try
        {
            return await timer.WaitForNextTickAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private static async ValueTask<bool> WaitAsync(ChannelReader<bool> rings, CancellationToken stoppingToken)
    {
        try
        {
            return await rings.ReadAsync(stoppingToken);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }
}
