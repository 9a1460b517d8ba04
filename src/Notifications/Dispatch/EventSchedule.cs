using Microsoft.Extensions.Hosting;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>
/// When the next scheduled event of each partition is due: read once a second for all partitions together, and told by whoever commits one, so
/// that an event comes at its time and not at the next look.
/// </summary>
public sealed class EventSchedule(Store store, TimeProvider time) : BackgroundService
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private Dictionary<int, long> _next = [];
    private TaskCompletionSource _changed = New();

    /// <summary>An event of a partition is due at a time, Unix milliseconds.</summary>
    public void Add(int partition, long dueAt)
    {
        lock (_lock)
        {
            if (!_next.TryGetValue(partition, out var next) || dueAt < next)
            {
                _next[partition] = dueAt;
                Interlocked.Exchange(ref _changed, New()).TrySetResult();
            }
        }
    }

    /// <summary>Everything that was due of a partition is done: what comes next.</summary>
    public async Task DoneAsync(int partition, CancellationToken cancellationToken)
    {
        var next = await store.NextScheduledAsync(partition, cancellationToken);
        lock (_lock)
        {
            _next.Remove(partition);
            if (next is { } dueAt)
            {
                _next.Add(partition, dueAt);
            }
        }
    }

    /// <summary>Completes when an event of the partition is due.</summary>
    public async Task WaitAsync(int partition, CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            long? due;
            lock (_lock)
            {
                changed = _changed.Task;
                due = _next.TryGetValue(partition, out var next) ? next : null;
            }

            var wait = due is null ? Timeout.InfiniteTimeSpan : DateTimeOffset.FromUnixTimeMilliseconds(due.Value) - time.GetUtcNow();
            if (wait != Timeout.InfiniteTimeSpan && wait <= TimeSpan.Zero)
            {
                return;
            }

            // Timers have a longest time; a day at a time is short enough, and clocks are set meanwhile.
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            await Task.WhenAny(changed, Task.Delay(wait > TimeSpan.FromHours(1) ? TimeSpan.FromHours(1) : wait, time, stop.Token));
            await stop.CancelAsync();
            cancellationToken.ThrowIfCancellationRequested();
        }
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            do
            {
                try
                {
                    var next = await store.NextScheduledAsync(stoppingToken);
                    lock (_lock)
                    {
                        _next = next;
                        Interlocked.Exchange(ref _changed, New()).TrySetResult();
                    }
                }
                catch (StoreUnavailableException)
                {
                    // The workers wait for it too.
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException)
        {
        }
    }

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
