using Notifications.Storage;

namespace Notifications.Channels;

/// <summary>What comes of attempts, and how it is written.</summary>
public sealed partial class DeliveryPump
{
    /// <summary>The channel has not been set up: see <see cref="Email.SmtpOptions.Host"/>.</summary>
    private const string NotConfigured = "not_configured";

    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(24);

    private Settlement Settlement(Claim claim, LoadedDelivery delivery, SendOutcome outcome)
    {
        var settlement = new Settlement(claim, DeliveryStates.Sent, outcome.Reason)
        {
            Code = outcome.Code,
            Error = outcome.Error,
            Response = outcome.Response,
            Recheck = claim.Recheck,
        };
        switch (outcome.Status)
        {
            case SendStatus.Sent:
                _rests = 0;
                return settlement;
            case SendStatus.Rejected when outcome.Reason == NotConfigured:
                return settlement with { State = DeliveryStates.Dead, Payload = Payload(delivery) }; // Once it is, an operator can replay it.
            case SendStatus.Rejected or SendStatus.Gone:
                _rests = 0;
                return settlement with { State = DeliveryStates.Rejected };
            case SendStatus.Unavailable:
                Rest(outcome.Error);
                return settlement with { State = DeliveryStates.Pending, DueAt = context.Time.GetUtcNow().ToUnixTimeMilliseconds(), NotTried = true };
            case SendStatus.Retry when claim.Attempts >= context.Options.Attempts:
                _rests = 0;
                LogDead(context.Logger, channel.Name, claim.Id, claim.Attempts, outcome.Reason);
                return settlement with { State = DeliveryStates.Dead, Payload = Payload(delivery) };
            default:
                _rests = 0;
                var wait = context.Options.Backoff(claim.Attempts, Random.Shared.NextDouble());
                if (outcome.RetryAfter is { } asked && asked > wait)
                {
                    wait = asked < MaxRetryAfter ? asked : MaxRetryAfter;
                }

                return settlement with { State = DeliveryStates.Pending, DueAt = (context.Time.GetUtcNow() + wait).ToUnixTimeMilliseconds() };
        }
    }

    /// <summary>The channel itself is away: nothing is claimed for a while, longer each time, and then one at a time until one goes through.</summary>
    private void Rest(string? error)
    {
        var now = context.Time.GetUtcNow();
        if (Volatile.Read(ref _restsUntil) > now.ToUnixTimeMilliseconds())
        {
            return; // Others that were under way say the same.
        }

        var most = TimeSpan.FromSeconds(context.Options.MaxRestSeconds);
        var rest = FirstRest * Math.Pow(2, Math.Min(_rests++, 20));
        rest = rest < most ? rest : most;
        Volatile.Write(ref _restsUntil, (now + rest).ToUnixTimeMilliseconds());
        LogAway(context.Logger, channel.Name, rest.TotalSeconds, error);
    }

    private void GiveUp(Claim claim, LoadedDelivery? delivery)
    {
        var reason = claim.Lost >= MaxLost ? "crashed_process" : "attempts_exhausted";
        LogDead(context.Logger, channel.Name, claim.Id, claim.Attempts - 1, reason);
        Settle(new Settlement(claim, DeliveryStates.Dead, reason)
        {
            NotTried = true, // This time.
            Error = claim.Lost >= MaxLost ? "Several processes ended while they sent this." : "No attempt came to an end.",
            Payload = delivery is null ? default : Payload(delivery),
        });
    }

    private static ReadOnlyMemory<byte> Payload(LoadedDelivery delivery) => delivery.Items is [var item] ? item.Item.Content : default;

    private void Settle(Settlement settlement) => _settled.Writer.TryWrite(settlement);

    /// <summary>(6) Writes what has gathered, and frees the slots; while the store is away it waits, and with it the claiming.</summary>
    private async Task SettleAsync()
    {
        var batch = new List<Settlement>(MaxSettle);
        while (await _settled.Reader.WaitToReadAsync())
        {
            while (batch.Count < MaxSettle && _settled.Reader.TryRead(out var settlement))
            {
                batch.Add(settlement);
            }

            while (true)
            {
                try
                {
                    await context.Store.SettleAsync(context.Node.Id, batch);
                    break;
                }
                catch (StoreUnavailableException e)
                {
                    if (_abort.IsCancellationRequested)
                    {
                        break; // The claims come back by themselves.
                    }

                    LogPutOff(context.Logger, channel.Name, e.Message);
                    await Task.WhenAny(Task.Delay(Pause, context.Time, _abort.Token));
                }
                catch (Exception e)
                {
                    // Not for what is in them: they are bounded numbers and texts. What was claimed is due again when the claims end.
                    LogFailed(context.Logger, channel.Name, e);
                    break;
                }
            }

            Interlocked.Add(ref _held, -batch.Count);
            batch.Clear();
            try
            {
                _freed.Release();
            }
            catch (SemaphoreFullException)
            {
            }
        }
    }
}
