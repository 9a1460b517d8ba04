using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Storage;

namespace Notifications.Stats;

/// <summary>
/// Tells the store that this process runs, every few seconds, and that it ends. Only the server engine has others to tell; the embedded one must not
/// write while nothing happens.
/// </summary>
public sealed partial class Membership(
    LocalNode local, Store store, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<Membership> logger) : BackgroundService
{
    /// <summary>How long a node that is not heard of counts as running.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Every = TimeSpan.FromSeconds(3), LeaveTimeout = TimeSpan.FromSeconds(2);
    private const int ForgetEvery = 100;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await StartedAsync(stoppingToken); // Before, it does not know its address.
            using var timer = new PeriodicTimer(Every, time);
            var away = false;
            for (var beat = 0; ; beat++)
            {
                away = !await BeatAsync(beat, away);
                await timer.WaitForNextTickAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException)
        {
        }

        await LeaveAsync();
    }

    /// <returns>Whether the store took it.</returns>
    private async Task<bool> BeatAsync(int beat, bool wasAway)
    {
        try
        {
            await store.HeartbeatAsync(local.Entry, Lifetime);
            if (beat % ForgetEvery == 0)
            {
                await store.ForgetNodesAsync();
            }

            return true;
        }
        catch (StoreUnavailableException e)
        {
            if (!wasAway)
            {
                LogAway(logger, e.Message);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            LogFailed(logger, e);
        }

        return false;
    }

    private async Task LeaveAsync()
    {
        try
        {
            await store.LeaveAsync(local.Entry.Id).WaitAsync(LeaveTimeout, time, CancellationToken.None);
        }
        catch (Exception e) when (e is StoreUnavailableException or TimeoutException)
        {
            // It expires by itself.
        }
    }

    private async Task StartedAsync(CancellationToken stoppingToken)
    {
        var started = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        using var registration = lifetime.ApplicationStarted.Register(started.SetResult);
        await started.Task.WaitAsync(stoppingToken);
    }

    [LoggerMessage(6001, LogLevel.Warning, "This node cannot tell the store that it runs: {Reason}")]
    private static partial void LogAway(ILogger logger, string reason);

    [LoggerMessage(6002, LogLevel.Error, "This node could not tell the store that it runs")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
