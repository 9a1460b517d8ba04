using Notifications.Storage;

namespace Notifications.Tests.Storage;

public sealed class BatchingTests
{
    private readonly List<int[]> _runs = [];
    private readonly Queue<TaskCompletionSource> _gates = new();

    [Fact]
    public async Task The_first_goes_at_once_and_those_that_come_meanwhile_go_together()
    {
        var batching = Create(maxSize: 100, gates: 1);
        var first = batching.RunAsync(1);
        var others = new[] { batching.RunAsync(2), batching.RunAsync(3), batching.RunAsync(4) };
        Assert.Equal([[1]], _runs);
        Assert.DoesNotContain(others, o => o.IsCompleted);

        _gates.Dequeue().SetResult();
        Assert.Equal(10, await first);
        Assert.Equal((int[])[20, 30, 40], await Task.WhenAll(others));
        Assert.Equal([[1], [2, 3, 4]], _runs);

        Assert.Equal(50, await batching.RunAsync(5)); // And once more from rest.
        Assert.Equal([5], _runs[^1]);
    }

    [Fact]
    public async Task A_run_takes_what_fits_in_the_order_in_which_it_came()
    {
        var batching = Create(maxSize: 10, gates: 1);
        Task<int>[] all = [batching.RunAsync(1), batching.RunAsync(6), batching.RunAsync(4), batching.RunAsync(1), batching.RunAsync(50), batching.RunAsync(2)];
        _gates.Dequeue().SetResult();
        await Task.WhenAll(all);
        Assert.Equal([[1], [6, 4], [1], [50], [2]], _runs);
    }

    [Fact]
    public async Task No_more_runs_go_side_by_side_than_are_allowed()
    {
        var batching = Create(maxSize: 100, gates: 2, maxRuns: 2);
        Task<int>[] all = [batching.RunAsync(1), batching.RunAsync(2), batching.RunAsync(3), batching.RunAsync(4)];
        Assert.Equal([[1], [2]], _runs);
        _gates.Dequeue().SetResult();
        await all[0];
        _gates.Dequeue().SetResult();
        await Task.WhenAll(all);
        Assert.Equal([3, 4], _runs.Skip(2).SelectMany(r => r));
    }

    [Fact]
    public async Task Nobody_fails_for_what_is_anothers()
    {
        var batching = Create(maxSize: 100, gates: 1);
        Task<int>[] all = [batching.RunAsync(1), batching.RunAsync(2), batching.RunAsync(-3), batching.RunAsync(4)];
        _gates.Dequeue().SetResult();
        Assert.Equal((int[])[10, 20, 40], await Task.WhenAll(all[0], all[1], all[3]));
        Assert.Equal("-3", (await Assert.ThrowsAsync<InvalidOperationException>(() => all[2])).Message);
        Assert.Equal([[1], [2, -3, 4], [2], [-3], [4]], _runs);
    }

    [Fact]
    public async Task A_store_that_is_away_is_away_for_all_and_not_asked_again_for_each()
    {
        var batching = Create(maxSize: 100, gates: 1);
        Task<int>[] all = [batching.RunAsync(1), batching.RunAsync(2), batching.RunAsync(0), batching.RunAsync(4)];
        _gates.Dequeue().SetResult();
        await all[0];
        foreach (var failed in all.Skip(1))
        {
            await Assert.ThrowsAsync<StoreUnavailableException>(() => failed);
        }

        Assert.Equal([[1], [2, 0, 4]], _runs);
        Assert.Equal(50, await batching.RunAsync(5));
    }

    /// <summary>Multiplies by ten; 0 is a store that is away, what is negative is refused. The first runs wait for their gates.</summary>
    private Batching<int, int> Create(int maxSize, int gates, int maxRuns = 1)
    {
        var closed = new Queue<TaskCompletionSource>(Enumerable.Range(0, gates).Select(_ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)));
        foreach (var gate in closed)
        {
            _gates.Enqueue(gate);
        }

        return new Batching<int, int>(
            async requests =>
            {
                Task open;
                lock (_runs)
                {
                    _runs.Add([.. requests]);
                    open = closed.TryDequeue(out var gate) ? gate.Task : Task.CompletedTask;
                }

                await open;
                return requests.Contains(0) ? throw new StoreUnavailableException("away")
                    : requests.FirstOrDefault(r => r < 0) is < 0 and var bad ? throw new InvalidOperationException(bad.ToString(System.Globalization.CultureInfo.InvariantCulture))
                    : [.. requests.Select(r => r * 10)];
            },
            Math.Abs, maxSize, maxRuns);
    }
}
