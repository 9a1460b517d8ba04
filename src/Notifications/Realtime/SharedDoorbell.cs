using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Redis;
using StackExchange.Redis;

namespace Notifications.Realtime;

/// <summary>
/// The doorbell of the server engine: tells this node's own gateway at once, and others over Redis. After a commit it (1) gathers what was rung
/// meanwhile; (2) looks up which gateways hold these users; (3) sends each of them one numbered message.
/// <para>
/// Nobody waits for it, and nothing depends on it. What cannot be sent leaves a hole in the numbers, which the beat tells the gateways of; they
/// then look into the store.
/// </para>
/// </summary>
public sealed class SharedDoorbell(RedisLink link, RedisOptions options, Node node, TimeProvider time) : BackgroundService, IDoorbell
{
    private const int MaxQueued = 20_000;
    private const int MaxPushes = 2_000;
    private const int MaxMessageBytes = 256 * 1024;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan MaxLeave = TimeSpan.FromSeconds(2);

    /// <summary>A gateway that was gone for a moment goes on with its numbers; one that is gone for long has another name when it comes back.</summary>
    private static readonly TimeSpan Forget = TimeSpan.FromMinutes(10);

    private readonly Channel<(IReadOnlyList<UserPush> Pushes, string? Tenant)> _queue =
        Channel.CreateBounded<(IReadOnlyList<UserPush>, string?)>(new BoundedChannelOptions(MaxQueued) { SingleReader = true });

    private readonly Lock _lock = new();

    /// <summary>By gateway, the number of the last message, counted before it is sent, and when the gateway was there last.</summary>
    private readonly Dictionary<string, (long Number, long SeenAt)> _gateways = new(StringComparer.Ordinal);
    private readonly PresenceKeys _keys = new(options.Prefix);
    private Gateway? _local;
    private Task _sending = Task.CompletedTask;

    /// <summary>Of this process, not of its name: numbers begin anew with each.</summary>
    private readonly string _sender = $"{node.Id}/{Guid.NewGuid():N}";

    /// <summary>This node's gateway, where it has one.</summary>
    internal void Attach(Gateway gateway) => _local = gateway;

    /// <inheritdoc/>
    public ValueTask RingAsync(IReadOnlyList<UserPush> pushes)
    {
        if (pushes.Count == 0)
        {
            return default;
        }

        Queue(pushes, null);
        return _local?.RingAsync(pushes) ?? default;
    }

    /// <inheritdoc/>
    public ValueTask RingAllAsync(string tenant)
    {
        Queue([], tenant);
        return _local?.RingAllAsync(tenant) ?? default;
    }

    /// <summary>Something may have been committed that is not rung: every gateway looks into the store.</summary>
    public void Doubt()
    {
        Skip();
        _local?.CompareSoon();
    }

    /// <summary>Sends what was rung, then takes its leave.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        _queue.Writer.TryComplete();
        try
        {
            await _sending.WaitAsync(MaxLeave, time, cancellationToken);
        }
        catch (Exception e) when (e is TimeoutException or OperationCanceledException)
        {
            Skip();
        }

        await base.StopAsync(cancellationToken);
    }

    /// <inheritdoc/>
    protected override Task ExecuteAsync(CancellationToken stoppingToken)
    {
        _sending = SendAsync();
        return BeatAsync(stoppingToken);
    }

    private void Queue(IReadOnlyList<UserPush> pushes, string? tenant)
    {
        if (!_queue.Writer.TryWrite((pushes, tenant)))
        {
            Skip();
        }
    }

    /// <summary>Something will not be sent to anyone: a hole in everybody's numbers.</summary>
    private void Skip()
    {
        lock (_lock)
        {
            foreach (var (gateway, (number, seenAt)) in _gateways)
            {
                _gateways[gateway] = (number + 1, seenAt);
            }
        }
    }

    private long Next(string gateway)
    {
        lock (_lock)
        {
            var number = _gateways.GetValueOrDefault(gateway).Number + 1;
            _gateways[gateway] = (number, time.GetTimestamp());
            return number;
        }
    }

    private async Task SendAsync()
    {
        while (await _queue.Reader.WaitToReadAsync(CancellationToken.None))
        {
            var (pushes, tenants) = (new List<UserPush>(), new HashSet<string>(StringComparer.Ordinal)); // (1)
            while (pushes.Count < MaxPushes && _queue.Reader.TryRead(out var rung))
            {
                pushes.AddRange(rung.Pushes);
                if (rung.Tenant is not null)
                {
                    tenants.Add(rung.Tenant);
                }
            }

            try
            {
                await SendAsync(pushes, tenants);
            }
            catch (RedisUnavailableException)
            {
                Skip();
            }
        }
    }

    private async Task SendAsync(List<UserPush> pushes, HashSet<string> tenants)
    {
        var users = pushes.Select(p => p.Key).Distinct().ToArray();
        string[] known;
        lock (_lock)
        {
            known = [.. _gateways.Keys];
        }

        var listing = link.CallAsync(database => database.SetMembersAsync(_keys.Gateways)); // (2)
        var present = known.ToDictionary(gateway => gateway, gateway => PresentAsync(gateway, users));
        var gateways = (await listing).Select(g => (string)g!).Where(g => g != node.Id).ToArray();
        foreach (var gateway in gateways.Where(g => !present.ContainsKey(g)))
        {
            present.Add(gateway, PresentAsync(gateway, users));
        }

        await Task.WhenAll(present.Values);
        await Task.WhenAll(gateways.Select(gateway => SendAsync(gateway, pushes.FindAll(p => present[gateway].Result.Contains(p.Key)), tenants))); // (3)
    }

    private async Task<HashSet<UserKey>> PresentAsync(string gateway, UserKey[] users)
    {
        if (users.Length == 0)
        {
            return [];
        }

        var arguments = new object[1 + users.Length];
        arguments[0] = _keys.Users(gateway);
        for (var i = 0; i < users.Length; i++)
        {
            arguments[1 + i] = PresenceKeys.Member(users[i]);
        }

        var flags = (RedisResult[])(await link.CallAsync(database => database.ExecuteAsync("SMISMEMBER", arguments)))!;
        return [.. users.Where((_, i) => (int)flags[i] != 0)];
    }

    /// <summary>Everything is on its way, in order, when this returns; awaiting it tells whether it was published.</summary>
    private Task SendAsync(string gateway, List<UserPush> pushes, HashSet<string> tenants)
    {
        var sent = new List<Task>();
        for (var from = 0; from < pushes.Count || tenants.Count > 0;)
        {
            var (to, bytes) = (from, 0);
            while (to < pushes.Count && bytes < MaxMessageBytes)
            {
                bytes += 100 + pushes[to++].Items.Sum(i => 100 + i.Content.Length);
            }

            var message = new DoorbellMessage(_sender, Next(gateway), tenants, pushes.GetRange(from, to - from)).Write();
            sent.Add(link.PublishAsync(_keys.Doorbell(gateway), message));
            (from, tenants) = (to, []);
        }

        return Task.WhenAll(sent);
    }

    private async Task BeatAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await MeetAsync();
                await BeatAsync(leaving: false);
            }
        }
        catch (OperationCanceledException)
        {
            await BeatAsync(leaving: true);
        }
    }

    /// <summary>Gateways that never had to be told anything have a number too, so that they can be told that something was not sent.</summary>
    private async Task MeetAsync()
    {
        try
        {
            foreach (var gateway in (await link.CallAsync(database => database.SetMembersAsync(_keys.Gateways))).Select(g => (string)g!).Where(g => g != node.Id))
            {
                lock (_lock)
                {
                    _gateways[gateway] = (_gateways.GetValueOrDefault(gateway).Number, time.GetTimestamp());
                }
            }
        }
        catch (RedisUnavailableException)
        {
        }
    }

    private async Task BeatAsync(bool leaving)
    {
        KeyValuePair<string, long>[] numbers;
        lock (_lock)
        {
            foreach (var gone in _gateways.Where(g => time.GetElapsedTime(g.Value.SeenAt) > Forget).Select(g => g.Key).ToArray())
            {
                _gateways.Remove(gone);
            }

            numbers = [.. _gateways.Select(g => KeyValuePair.Create(g.Key, g.Value.Number))];
        }

        try
        {
            await link.PublishAsync(_keys.Beat, new DoorbellBeat(_sender, leaving, numbers).Write());
        }
        catch (RedisUnavailableException)
        {
            // The gateways notice the silence.
        }
    }
}
