using System.Threading.Channels;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Hosting;
using Notifications.Stats;
using Notifications.Storage;
using Notifications.Templates;
using Notifications.Users;

namespace Notifications.Channels;

/// <summary>What the pumps of all channels share.</summary>
public sealed record DeliveryContext(
    Store Store, TenantConfigs Configs, TemplateRenderer Templates, DeliveryBell Bell, Node Node, ChannelOptions Options, TimeProvider Time, ILogger<DeliveryPump> Logger);

/// <summary>
/// Takes the deliveries of one channel from the queue to the other side: (1) claim as many as can be sent at once; (2) load them as they are now; (3) ask
/// whether each is still wanted; (4) wait for the room that its host has; (5) send; (6) settle, many in one transaction. Each step is bounded, and a
/// process that ends anywhere in it leaves claims that come back by themselves.
/// </summary>
/// <param name="channel">Which.</param>
/// <param name="slots">Deliveries claimed and not settled, at most.</param>
/// <param name="limits">What one host may have of them.</param>
/// <param name="after">Told of each outcome, or null.</param>
/// <param name="context">What it works with.</param>
public sealed partial class DeliveryPump(IChannel channel, int slots, BucketLimits limits, Func<Outgoing, SendOutcome, Task>? after, DeliveryContext context) : BackgroundService
{
    private const int MaxClaim = 100;
    private const int MaxSettle = 250;

    /// <summary>A delivery that was under way in so many processes that ended is taken to have ended them.</summary>
    private const int MaxLost = 5;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(1);

    /// <summary>Rings of a busy time are taken together: an empty look costs a statement.</summary>
    private static readonly TimeSpan Gather = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ReclaimEvery = TimeSpan.FromSeconds(5);

    /// <summary>How far apart those that go alone are tried: a node that is killed leaves a hundred of them.</summary>
    private static readonly TimeSpan NextSuspect = TimeSpan.FromMilliseconds(50);

    /// <summary>The longest attempt. A claim outlives it, so that nobody else begins one meanwhile.</summary>
    private static readonly TimeSpan MaxAttempt = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan ClaimLife = TimeSpan.FromSeconds(150);

    /// <summary>How long attempts that are under way may go on when the process ends.</summary>
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(10);

    private readonly Buckets _buckets = new(limits, context.Time);
    private readonly Channel<Settlement> _settled = Channel.CreateUnbounded<Settlement>(new UnboundedChannelOptions { SingleReader = true });
    private readonly SemaphoreSlim _freed = new(0, 1);
    private readonly SemaphoreSlim _suspect = new(1, 1);
    private readonly CancellationTokenSource _abort = new();
    private int _held;
    private int _rests;
    private long _restsUntil;
    private DateTimeOffset _nextReclaim, _nextSuspect;
    private long _floor;
    private bool _started, _backlog;

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _freed.Dispose();
        _suspect.Dispose();
        _abort.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var settling = SettleAsync();
        while (!stoppingToken.IsCancellationRequested)
        {
            var rung = context.Bell.NextAsync();
            try
            {
                await ReclaimAsync();
                if (await TakeAsync(stoppingToken))
                {
                    continue;
                }
            }
            catch (StoreUnavailableException e)
            {
                LogPutOff(context.Logger, channel.Name, e.Message);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e)
            {
                LogFailed(context.Logger, channel.Name, e);
                await Task.WhenAny(Task.Delay(Pause, context.Time, stoppingToken));
            }

            using var stop = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            await Task.WhenAny(rung, _freed.WaitAsync(stop.Token), Task.Delay(Idle, context.Time, stop.Token));
            await stop.CancelAsync();
            await Task.WhenAny(Task.Delay(Gather, context.Time, stoppingToken));
        }

        _buckets.Close();
        _abort.CancelAfter(Farewell);
        while (Volatile.Read(ref _held) > 0 && !_abort.IsCancellationRequested)
        {
            await Task.WhenAny(_freed.WaitAsync(_abort.Token), Task.Delay(Pause, context.Time, CancellationToken.None));
        }

        _settled.Writer.Complete();
        await settling;
    }

    /// <summary>Steps 1 to 4.</summary>
    /// <returns>Whether there may be more at once.</returns>
    private async Task<bool> TakeAsync(CancellationToken stoppingToken)
    {
        var now = context.Time.GetUtcNow();
        var limit = Math.Min(slots - Volatile.Read(ref _held), MaxClaim);
        var resting = Volatile.Read(ref _rests) > 0;
        if (limit <= 0 || Volatile.Read(ref _restsUntil) > now.ToUnixTimeMilliseconds() || (resting && Volatile.Read(ref _held) > 0))
        {
            return false;
        }

        limit = resting ? 1 : limit; // A channel that was away is tried with one.
        if (limit < slots / 4 && _backlog && !resting)
        {
            return false; // Several at a time: a statement for each that was just settled would cost more than it brings forward.
        }

        var claims = await context.Store.ClaimAsync(channel.Name, context.Node.Id, limit, _floor, (now + ClaimLife).ToUnixTimeMilliseconds()); // (1)
        var more = claims.Count == limit;
        _backlog = more;
        if (claims.Count == 0)
        {
            more = _floor > 0;
            _floor = 0;
            return more;
        }

        _floor = more ? claims[^1].DueAt : 0;
        Interlocked.Add(ref _held, claims.Count);
        var begun = 0;
        try
        {
            var loaded = (await context.Store.LoadDeliveriesAsync(claims, stoppingToken)).ToDictionary(d => d.Id); // (2)
            var configs = await context.Configs.GetAsync([.. claims.Select(c => c.Tenant).Distinct()], stoppingToken);
            for (; begun < claims.Count; begun++)
            {
                await BeginAsync(claims[begun], loaded, configs, stoppingToken);
            }

            return more;
        }
        catch
        {
            // What was not begun goes back, untried.
            foreach (var claim in claims.Skip(begun))
            {
                Settle(new Settlement(claim, DeliveryStates.Pending, "") { DueAt = claim.DueAt, NotTried = true, Recheck = claim.Recheck });
            }

            throw;
        }
    }

    private async Task BeginAsync(Claim claim, Dictionary<Guid, LoadedDelivery> loaded, IReadOnlyDictionary<string, TenantConfig> configs, CancellationToken stoppingToken)
    {
        if (claim.Lost >= MaxLost || claim.Attempts > context.Options.Attempts)
        {
            GiveUp(claim, loaded.GetValueOrDefault(claim.Id));
        }
        else if (!loaded.TryGetValue(claim.Id, out var delivery))
        {
            Settle(new Settlement(claim, DeliveryStates.Cancelled, "deleted") { NotTried = true });
        }
        else
        {
            await AdmitAsync(claim, delivery, DeliveryJudge.Judge(delivery, channel.Name, claim, configs[claim.Tenant], context.Time.GetUtcNow()), stoppingToken); // (3)
        }
    }

    private async Task AdmitAsync(Claim claim, LoadedDelivery delivery, Judgement judgement, CancellationToken stoppingToken)
    {
        switch (judgement)
        {
            case { Cancel: { } reason }:
                Settle(new Settlement(claim, DeliveryStates.Cancelled, reason) { NotTried = true });
                break;
            case { Dead: { } reason }:
                Settle(new Settlement(claim, DeliveryStates.Dead, reason)
                {
                    NotTried = true,
                    Error = "The webhook is disabled or was removed.",
                    Payload = Payload(delivery),
                });
                break;
            case { HoldUntil: { } until }:
                Settle(new Settlement(claim, DeliveryStates.Pending, "quiet_hours")
                {
                    DueAt = until.ToUnixTimeMilliseconds(),
                    NotTried = true,
                    Recheck = claim.Recheck,
                });
                break;
            default:
                var outgoing = await RenderedAsync(judgement.Send!, delivery, stoppingToken);
                var bucket = channel.Bucket(outgoing);

                // What may have ended a process goes alone. Others like it are not held meanwhile: they would be counted as lost with it.
                var suspect = claim.Lost > 0;
                if (suspect && !_suspect.Wait(0, CancellationToken.None))
                {
                    // Each has a time of its own: were they all looked at again at once, all but one would go back again.
                    var now = context.Time.GetUtcNow();
                    _nextSuspect = (_nextSuspect > now ? _nextSuspect : now) + NextSuspect;
                    PutBack(claim, _nextSuspect);
                    break;
                }

                _buckets.Enter( // (4)
                    bucket,
                    () => _ = SendAsync(claim, delivery, outgoing, bucket, suspect),
                    slot =>
                    {
                        Clear(suspect);
                        PutBack(claim, slot);
                    });
                break;
        }
    }

    private void PutBack(Claim claim, DateTimeOffset until) =>
        Settle(new Settlement(claim, DeliveryStates.Pending, "") { DueAt = until.ToUnixTimeMilliseconds(), NotTried = true, Recheck = claim.Recheck });

    private void Clear(bool suspect)
    {
        if (suspect)
        {
            _suspect.Release();
        }
    }

    /// <summary>What has no inbox item of its own is rendered now: an address, or an event to everyone that its user has not taken yet.</summary>
    private async Task<Outgoing> RenderedAsync(Outgoing outgoing, LoadedDelivery delivery, CancellationToken stoppingToken)
    {
        if (outgoing.Items is not [{ Template: { } key } item] || delivery.Items[0].HasNotification)
        {
            return outgoing;
        }

        try
        {
            var template = await context.Templates.FindAsync(outgoing.Tenant, outgoing.Config.Version, key, stoppingToken);
            return template is null
                ? outgoing
                : outgoing with { Items = [item with { Content = template.RenderInbox(item.Content, item.EventId, outgoing.Recipient, outgoing.Config.Policy.Locale) }] };
        }
        catch (TemplateException)
        {
            return outgoing; // What the event itself says is sent.
        }
    }

    private async Task SendAsync(Claim claim, LoadedDelivery delivery, Outgoing outgoing, string bucket, bool suspect) // (5)
    {
        var began = context.Time.GetTimestamp();
        SendOutcome outcome;
        try
        {
            using var timeout = new CancellationTokenSource(MaxAttempt, context.Time);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, _abort.Token);
            outcome = await channel.SendAsync(outgoing, stop.Token);
        }
        catch (OperationCanceledException) when (_abort.IsCancellationRequested)
        {
            Interlocked.Decrement(ref _held);
            return; // The claim comes back by itself.
        }
        catch (OperationCanceledException)
        {
            outcome = new SendOutcome(SendStatus.Retry, "timeout", "There was no answer in time.");
        }
        catch (Exception e)
        {
            LogThrew(context.Logger, channel.Name, delivery.Id, e);
            outcome = new SendOutcome(SendStatus.Retry, "failed", e.Message);
        }

        Clear(suspect);
        _buckets.Leave(bucket, outcome.Status == SendStatus.Retry, context.Time.GetElapsedTime(began));
        NodeMeter.Delivered(channel.Name, outcome.Status);
        if (after is not null)
        {
            try
            {
                await after(outgoing, outcome);
            }
            catch (Exception e)
            {
                LogFailed(context.Logger, channel.Name, e);
            }
        }

        Settle(Settlement(claim, delivery, outcome));
    }

    private async Task ReclaimAsync()
    {
        var now = context.Time.GetUtcNow();
        if (_nextReclaim <= now)
        {
            await context.Store.ReclaimAsync(channel.Name, context.Node.Id, starting: !_started, (now + ClaimLife).ToUnixTimeMilliseconds());
            (_started, _nextReclaim) = (true, now + ReclaimEvery);
            _floor = 0; // Under steady load too: what came with an earlier time must not wait for its end.
        }
    }

    [LoggerMessage(7001, LogLevel.Warning, "Channel {Channel} waits for the store: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string channel, string reason);

    [LoggerMessage(7002, LogLevel.Error, "Channel {Channel} stumbled and goes on")]
    private static partial void LogFailed(ILogger logger, string channel, Exception exception);

    [LoggerMessage(7003, LogLevel.Error, "Channel {Channel}: sending {Delivery} failed in an unforeseen way; it is tried again")]
    private static partial void LogThrew(ILogger logger, string channel, Guid delivery, Exception exception);

    [LoggerMessage(7004, LogLevel.Warning, "Channel {Channel} is away and tried again in {Seconds} s: {Error}")]
    private static partial void LogAway(ILogger logger, string channel, double seconds, string? error);

    [LoggerMessage(7005, LogLevel.Warning, "Channel {Channel} gave up on {Delivery} after {Attempts} attempts: {Reason}")]
    private static partial void LogDead(ILogger logger, string channel, Guid delivery, int attempts, string reason);
}
