using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Notifications.Inbox;
using Notifications.Storage;

namespace Notifications.Realtime;

/// <summary>
/// Up to where each device has everything. Written in batches: the first at once, the next after <see cref="Pause"/>; what is not written yet is
/// known here, so a client that reconnects to this node resumes exactly.
/// </summary>
public sealed partial class DevicePositions(Store store, TimeProvider time, ILogger<DevicePositions> logger) : IDisposable
{
    private const int MaxBatch = 1_000;

    /// <summary>How long acknowledgements gather before the next write; a crash of the process forgets at most these.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly ConcurrentDictionary<(UserKey Key, string Device), long> _unsaved = new();
    private readonly Batching<(UserKey Key, string Device), long> _read = new(store.PositionsAsync, _ => 1, MaxBatch, maxRuns: 2);
    private readonly SemaphoreSlim _raised = new(0, 1);

    /// <summary>Where a device is; a new one starts at the user's highest.</summary>
    /// <exception cref="StoreUnavailableException">The store does not answer.</exception>
    public async Task<long> GetAsync(UserKey key, string device, CancellationToken cancellationToken)
    {
        var unsaved = _unsaved.GetValueOrDefault((key, device));
        return Math.Max(unsaved, await _read.RunAsync((key, device)).WaitAsync(cancellationToken));
    }

    /// <summary>Notes that a device has everything up to a position.</summary>
    public void Raise(UserKey key, string device, long position)
    {
        _unsaved.AddOrUpdate((key, device), static (_, position) => position, static (_, old, position) => Math.Max(old, position), position);
        try
        {
            _raised.Release();
        }
        catch (SemaphoreFullException)
        {
            // The writer has been told.
        }
    }

    /// <summary>Writes until it is told to stop, and then what is left.</summary>
    internal async Task RunAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                await _raised.WaitAsync(stoppingToken);
                await SaveAsync();
                await Task.Delay(Pause, time, stoppingToken);
            }
            catch (OperationCanceledException)
            {
                break;
            }
        }

        await SaveAsync();
    }

    /// <inheritdoc/>
    public void Dispose() => _raised.Dispose();

    private async Task SaveAsync()
    {
        foreach (var batch in _unsaved.ToArray().Chunk(MaxBatch))
        {
            try
            {
                await store.SavePositionsAsync([.. batch.Select(p => new DevicePosition(p.Key.Key, p.Key.Device, p.Value))]);
            }
            catch (StoreUnavailableException e)
            {
                LogNotSaved(logger, batch.Length, e.Message);
                return; // They stay here, and the next acknowledgement tries again.
            }

            foreach (var saved in batch)
            {
                _unsaved.TryRemove(saved); // Only if it was not raised meanwhile.
            }
        }
    }

    [LoggerMessage(4011, LogLevel.Warning, "{Count} positions of devices could not be stored yet: {Reason}")]
    private static partial void LogNotSaved(ILogger logger, int count, string reason);
}
