using System.Collections.Concurrent;
using Microsoft.Extensions.Hosting;
using Notifications.Hosting;
using Notifications.Redis;

namespace Notifications.Realtime;

/// <summary>
/// The ear of a gateway on the server engine: hands what others ring to the connections here, in the order of each sender, and says once a
/// second that this gateway lives. Where a number is missing, or a sender falls silent without a word, or Redis was away, the gateway compares
/// with the store: a lost ring costs seconds.
/// </summary>
public sealed class DoorbellListener(Gateway gateway, Presence presence, RedisLink link, RedisOptions options, Node node, TimeProvider time) : IHostedService, IDisposable
{
    private const int PruneEveryBeats = 10;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(1);

    /// <summary>Messages are handed over side by side: one that is early waits this long for the one before.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(20);

    private static readonly TimeSpan MaxSilence = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Forget = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, Sender> _senders = new(StringComparer.Ordinal);
    private readonly PresenceKeys _keys = new(options.Prefix);
    private readonly CancellationTokenSource _stopping = new();
    private Task _beating = Task.CompletedTask;

    /// <summary>Listens, before the first connection comes.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        link.Restored += presence.Distrust;
        await TryAsync(async () =>
        {
            await link.SubscribeAsync(_keys.Doorbell(node.Id), Hear);
            await link.SubscribeAsync(_keys.Beat, HearBeat);
            await presence.BeatAsync();
        });
        _beating = BeatAsync();
    }

    /// <summary>Ends it; the connections are gone by now.</summary>
    public async Task StopAsync(CancellationToken cancellationToken)
    {
        link.Restored -= presence.Distrust;
        await _stopping.CancelAsync();
        await _beating;
        await presence.LeaveAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _stopping.Dispose();

    private void Hear(byte[] bytes)
    {
        if (DoorbellMessage.TryRead(bytes) is not { } message)
        {
            gateway.CompareSoon(); // Of a newer version.
            return;
        }

        var sender = _senders.GetOrAdd(message.Sender, static _ => new Sender());
        lock (sender)
        {
            sender.HeardAt = time.GetTimestamp();
            if (message.Number > sender.Expected)
            {
                sender.Early[message.Number] = message;
                if (sender.Early.Count == 1)
                {
                    _ = GiveUpWaitingAsync(sender, sender.Expected);
                }

                return;
            }

            Deliver(message);
            if (message.Number == sender.Expected)
            {
                sender.Expected++;
                while (sender.Early.Remove(sender.Expected, out var next))
                {
                    Deliver(next);
                    sender.Expected++;
                }
            }
        }
    }

    private void HearBeat(byte[] bytes)
    {
        if (DoorbellBeat.TryRead(bytes) is not { } beat)
        {
            return;
        }

        var sender = _senders.GetOrAdd(beat.Sender, static _ => new Sender());
        lock (sender)
        {
            (sender.HeardAt, sender.Silent) = (time.GetTimestamp(), false);
            var number = beat.Numbers.FirstOrDefault(n => n.Key == node.Id).Value;
            if (number >= sender.Expected)
            {
                _ = GiveUpWaitingAsync(sender, sender.Expected, number);
            }
        }

        if (beat.Leaving)
        {
            _senders.TryRemove(beat.Sender, out _);
        }
    }

    /// <summary>What is expected has a moment to come; then what is there is delivered without it, and the store tells the rest.</summary>
    private async Task GiveUpWaitingAsync(Sender sender, long expected, long number = 0)
    {
        await Task.Delay(Patience, time, CancellationToken.None);
        lock (sender)
        {
            if (sender.Expected != expected)
            {
                if (sender.Early.Count > 0)
                {
                    _ = GiveUpWaitingAsync(sender, sender.Expected, number);
                }

                return;
            }

            foreach (var (early, message) in sender.Early)
            {
                Deliver(message);
                number = Math.Max(number, early);
            }

            sender.Early.Clear();
            sender.Expected = Math.Max(sender.Expected, number + 1);
        }

        gateway.CompareSoon();
    }

    private void Deliver(DoorbellMessage message)
    {
        gateway.Ring(message.Pushes);
        foreach (var tenant in message.Tenants)
        {
            gateway.RingAll(tenant);
        }
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(Beat, time);
        try
        {
            for (var beat = 1; await timer.WaitForNextTickAsync(_stopping.Token); beat++)
            {
                await TryAsync(async () =>
                {
                    if (!await presence.BeatAsync())
                    {
                        gateway.CompareSoon();
                    }

                    presence.Sweep(gateway.IsConnected);
                    if (beat % PruneEveryBeats == 0)
                    {
                        await presence.PruneAsync();
                    }
                });
                NoticeSilence();
            }
        }
        catch (OperationCanceledException)
        {
        }
    }

    /// <summary>A sender that is gone may have committed something it did not ring.</summary>
    private void NoticeSilence()
    {
        foreach (var (id, sender) in _senders)
        {
            lock (sender)
            {
                var silence = time.GetElapsedTime(sender.HeardAt);
                if (silence > Forget)
                {
                    _senders.TryRemove(id, out _);
                }
                else if (silence > MaxSilence && !sender.Silent)
                {
                    sender.Silent = true;
                    gateway.CompareSoon();
                }
            }
        }
    }

    private static async Task TryAsync(Func<Task> call)
    {
        try
        {
            await call();
        }
        catch (RedisUnavailableException)
        {
            // The link reports it, and the next beat tries again.
        }
    }

    /// <summary>What is known of somebody who rings.</summary>
    private sealed class Sender
    {
        public long Expected { get; set; } = 1;

        public SortedDictionary<long, DoorbellMessage> Early { get; } = [];

        public long HeardAt { get; set; }

        public bool Silent { get; set; }
    }
}
