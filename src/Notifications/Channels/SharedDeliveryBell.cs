using Microsoft.Extensions.Hosting;
using Notifications.Redis;

namespace Notifications.Channels;

/// <summary>
/// The delivery bell between nodes, on the server engine: who commits tells those who send. At most so often: a ring stands for all that came with it.
/// </summary>
public sealed class SharedDeliveryBell(DeliveryBell bell, RedisLink link, RedisOptions options, bool listens, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan AtMostEvery = TimeSpan.FromMilliseconds(20);

    private readonly SemaphoreSlim _rung = new(0, 1);
    private readonly string _channel = options.Prefix + "deliveries";

    /// <inheritdoc/>
    public override void Dispose()
    {
        base.Dispose();
        _rung.Dispose();
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        bell.Rung += Rung;
        try
        {
            if (listens)
            {
                await SubscribeAsync();
            }

            while (true)
            {
                await _rung.WaitAsync(stoppingToken);
                try
                {
                    await link.PublishAsync(_channel, []);
                }
                catch (RedisUnavailableException)
                {
                    // Who sends looks every second.
                }

                await Task.Delay(AtMostEvery, time, stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
        }
        finally
        {
            bell.Rung -= Rung;
        }
    }

    private async Task SubscribeAsync()
    {
        try
        {
            await link.SubscribeAsync(_channel, _ => bell.Hear());
        }
        catch (RedisUnavailableException)
        {
            // Subscribed when Redis is back.
        }
    }

    private void Rung()
    {
        try
        {
            _rung.Release();
        }
        catch (SemaphoreFullException)
        {
        }
    }
}
