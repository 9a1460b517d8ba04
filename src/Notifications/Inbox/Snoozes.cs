using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Inbox;

/// <summary>
/// Brings items back when their snooze ends, each second. Any number of nodes could, for a second time does nothing; on the server engine one at a time
/// does, so that they do not all ask.
/// </summary>
public sealed partial class Snoozes(UserLog log, Store store, Node node, TimeProvider time, ILogger<Snoozes> logger) : BackgroundService
{
    private const string Lease = "snoozes";
    private const int Batch = 500;
    private static readonly TimeSpan Every = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan HeldFor = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan HoldAgainAfter = TimeSpan.FromSeconds(3);

    private long _held;
    private bool _mine;

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            for (; ; await Task.Delay(Every, time, stoppingToken))
            {
                try
                {
                    while (await IsMineAsync() && await log.WakeAsync(Batch, stoppingToken) == Batch)
                    {
                    }
                }
                catch (StoreUnavailableException e)
                {
                    LogPutOff(logger, e.Message);
                }
                catch (Exception e) when (e is not OperationCanceledException)
                {
                    LogFailed(logger, e);
                }
            }
        }
        catch (OperationCanceledException)
        {
        }

        await LetGoAsync();
    }

    private async ValueTask<bool> IsMineAsync()
    {
        if (node.Engine == EngineKind.Embedded)
        {
            return true; // There is no other.
        }

        if (_held == 0 || time.GetElapsedTime(_held) >= HoldAgainAfter)
        {
            _mine = await store.HoldAsync(Lease, node.Id, HeldFor);
            _held = time.GetTimestamp();
        }

        return _mine;
    }

    private async Task LetGoAsync()
    {
        if (!_mine)
        {
            return;
        }

        try
        {
            await store.LetGoAsync(Lease, node.Id);
        }
        catch (StoreUnavailableException)
        {
            // It ends by itself.
        }
    }

    [LoggerMessage(5007, LogLevel.Warning, "Snoozed items wait for the store: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(5008, LogLevel.Error, "Bringing snoozed items back failed and is tried again")]
    private static partial void LogFailed(ILogger logger, Exception exception);
}
