using Microsoft.Extensions.Logging;
using Notifications.Hosting;
using Notifications.Log;
using Notifications.Redis;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>
/// The leases of the server engine: rows in the store, by the store's clock. Every few seconds each dispatcher renews what it has, gives up what
/// is above its share, and takes what is free below it. The shares follow from who is alive, in the order of the names, so that all come to the
/// same result without asking each other. Who gives something up rings, so that it is taken at once; a lost ring costs a second.
/// </summary>
public sealed partial class SharedLeases(
    IEventLog log, Store store, Node node, RedisLink link, RedisOptions options, ILogger<SharedLeases> logger) : ILeases, IDisposable
{
    private static readonly TimeSpan Period = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan HungryPeriod = TimeSpan.FromSeconds(1);

    private readonly SemaphoreSlim _rung = new(0, 1);
    private readonly Dictionary<int, Worker> _workers = [];
    private readonly string _channel = options.Prefix + "leases";

    /// <inheritdoc/>
    public Task<PartitionLease?> OpenAsync(int partition, CancellationToken cancellationToken) =>
        store.PartitionLeaseAsync(partition, node.Id, cancellationToken);

    /// <inheritdoc/>
    public async Task RunAsync(Func<int, CancellationToken, Task> work, CancellationToken stoppingToken)
    {
        await SubscribeAsync();
        var ready = false;
        while (!stoppingToken.IsCancellationRequested)
        {
            var wait = HungryPeriod;
            try
            {
                if (!ready)
                {
                    await store.AddPartitionsAsync(log.Layout.Count);
                    await store.ReleasePartitionsAsync(node.Id); // Of a process before this one that had the same name.
                    ready = true;
                }

                if (await BalanceAsync(work, stoppingToken))
                {
                    wait = Period;
                }
            }
            catch (StoreUnavailableException e)
            {
                LogPutOff(logger, e.Message); // The workers stay: they cannot commit either, and what nobody takes stays theirs.
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (Exception e) when (e is not OperationCanceledException)
            {
                LogFailed(logger, e);
            }

            await Task.WhenAny(_rung.WaitAsync(wait, stoppingToken));
        }

        await StopAsync([.. _workers.Keys]);
        try
        {
            await store.LeaveAsync(node.Id);
            await store.ReleasePartitionsAsync(node.Id);
            await RingAsync();
        }
        catch (StoreUnavailableException e)
        {
            LogPutOff(logger, e.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _rung.Dispose();

    /// <summary>(1) the share; (2) stop what is above it; (3) renew, release, take; (4) stop what was lost and start what was won.</summary>
    /// <returns>Whether it has its share.</returns>
    private async Task<bool> BalanceAsync(Func<int, CancellationToken, Task> work, CancellationToken stoppingToken)
    {
        var share = await ShareAsync(stoppingToken); // (1)
        var surplus = Surplus([.. _workers.Keys.Order()], share);
        await StopAsync(surplus); // (2)
        var mine = await store.RenewPartitionsAsync(node.Id, log.Layout.Count, surplus, share); // (3)
        if (surplus.Length > 0)
        {
            await RingAsync();
        }

        var owned = mine.Select(lease => lease.Partition).ToHashSet(); // (4)
        await StopAsync([.. _workers.Where(w => !owned.Contains(w.Key) || w.Value.Task.IsCompleted).Select(w => w.Key)]);
        var won = owned.Where(partition => !_workers.ContainsKey(partition)).ToArray();
        foreach (var partition in won)
        {
            var cancel = CancellationTokenSource.CreateLinkedTokenSource(stoppingToken);
            _workers.Add(partition, new Worker(Task.Run(() => work(partition, cancel.Token), CancellationToken.None), cancel));
        }

        if (won.Length + surplus.Length > 0)
        {
            LogChanged(logger, _workers.Count, log.Layout.Count);
        }

        return owned.Count >= share;
    }

    private async Task<int> ShareAsync(CancellationToken cancellationToken)
    {
        var dispatchers = new SortedSet<string>(await store.DispatchersAsync(cancellationToken), StringComparer.Ordinal) { node.Id };
        var rank = dispatchers.TakeWhile(id => id != node.Id).Count();
        return (log.Layout.Count / dispatchers.Count) + (rank < log.Layout.Count % dispatchers.Count ? 1 : 0);
    }

    /// <summary>What to give up: spread over what it has, so that partitions for critical events are spread too.</summary>
    private static int[] Surplus(int[] mine, int share)
    {
        var count = Math.Max(0, mine.Length - share);
        return [.. Enumerable.Range(0, count).Select(i => mine[(int)((long)i * mine.Length / count)])];
    }

    private async Task StopAsync(int[] partitions)
    {
        foreach (var partition in partitions)
        {
            await _workers[partition].Cancel.CancelAsync();
        }

        foreach (var partition in partitions)
        {
            var worker = _workers[partition];
            await worker.Task;
            worker.Cancel.Dispose();
            _workers.Remove(partition);
        }
    }

    private async Task SubscribeAsync()
    {
        try
        {
            await link.SubscribeAsync(_channel, _ => Rung());
        }
        catch (RedisUnavailableException)
        {
            // Subscribed when Redis is back; until then a second is soon enough.
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

    private async Task RingAsync()
    {
        try
        {
            await link.PublishAsync(_channel, []);
        }
        catch (RedisUnavailableException)
        {
        }
    }

    [LoggerMessage(3010, LogLevel.Information, "This node works on {Count} of {All} partitions")]
    private static partial void LogChanged(ILogger logger, int count, int all);

    [LoggerMessage(3011, LogLevel.Warning, "Leases of partitions are neither renewed nor taken: {Reason}")]
    private static partial void LogPutOff(ILogger logger, string reason);

    [LoggerMessage(3012, LogLevel.Error, "Leases of partitions are neither renewed nor taken")]
    private static partial void LogFailed(ILogger logger, Exception exception);

    private readonly record struct Worker(Task Task, CancellationTokenSource Cancel);
}
