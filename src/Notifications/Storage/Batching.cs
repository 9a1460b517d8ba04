namespace Notifications.Storage;

/// <summary>
/// Runs together what several callers want of the store at the same time. Whoever comes first goes at once; whoever comes while as many runs as
/// are allowed are under way waits for one of them to end, and then all that waited go as one. So it costs no time where little happens, and the
/// more happens, the more share a round trip, a transaction and an fsync.
/// </summary>
/// <param name="run">Runs requests as one; a result for each, in order. Of a failure nothing may remain.</param>
/// <param name="size">How large a request is.</param>
/// <param name="maxSize">How large a run becomes; a request that is larger runs alone.</param>
/// <param name="maxRuns">How many runs go side by side.</param>
public sealed class Batching<TRequest, TResult>(Func<IReadOnlyList<TRequest>, Task<TResult[]>> run, Func<TRequest, int> size, int maxSize, int maxRuns)
{
    private readonly Lock _lock = new();
    private readonly Queue<Waiting> _waiting = new();
    private int _runs;

    /// <summary>Runs a request with what others want.</summary>
    /// <exception cref="StoreUnavailableException">The run failed for everybody.</exception>
    public Task<TResult> RunAsync(TRequest request)
    {
        var waiting = new Waiting(request);
        lock (_lock)
        {
            _waiting.Enqueue(waiting);
            if (_runs == maxRuns)
            {
                return waiting.Task;
            }

            _runs++;
        }

        _ = WorkAsync();
        return waiting.Task;
    }

    private async Task WorkAsync()
    {
        while (Take() is { Count: > 0 } batch)
        {
            await RunAsync(batch);
        }
    }

    private List<Waiting> Take()
    {
        var batch = new List<Waiting>();
        lock (_lock)
        {
            for (var room = maxSize; _waiting.TryPeek(out var next) && (batch.Count == 0 || size(next.Request) <= room); room -= size(next.Request))
            {
                batch.Add(_waiting.Dequeue());
            }

            if (batch.Count == 0)
            {
                _runs--;
            }
        }

        return batch;
    }

    /// <summary>What fails together is tried alone, so that nobody fails for what is another's; a store that is away is away for all.</summary>
    private async Task RunAsync(List<Waiting> batch)
    {
        try
        {
            var results = await run(batch.ConvertAll(w => w.Request));
            for (var i = 0; i < results.Length; i++)
            {
                batch[i].SetResult(results[i]);
            }
        }
        catch (Exception e) when (batch.Count == 1 || e is StoreUnavailableException)
        {
            batch.ForEach(w => w.SetException(e));
        }
        catch (Exception)
        {
            foreach (var waiting in batch)
            {
                await RunAsync([waiting]);
            }
        }
    }

    private sealed class Waiting(TRequest request) : TaskCompletionSource<TResult>(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public TRequest Request => request;
    }
}
