using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Hosting;
using Notifications.Jobs;
using Notifications.Storage;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Jobs;

/// <summary>What becomes of runs, in a store of its own.</summary>
public sealed class JobRunnerTests : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _folder = new();
    private SqliteDatabase _database = null!;
    private Store _store = null!;
    private JobRunner _runner = null!;

    public async Task InitializeAsync()
    {
        _database = new SqliteDatabase(Path.Combine(_folder.Info.FullName, "jobs.db"), 2, NullLogger<SqliteDatabase>.Instance);
        await Migrator.MigrateSqliteAsync(_database);
        _store = new Store(_database, TimeProvider.System);
        _runner = new JobRunner(
            _store, new Node("me", Roles.All, EngineKind.Embedded), new NoServices(), TimeProvider.System, NullLogger<JobRunner>.Instance);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_run_leaves_its_result_and_a_failure_its_error_until_it_goes_well_again()
    {
        var fails = true;
        var job = Job(_ => fails ? throw new InvalidOperationException("broken") : Task.FromResult("mended"));
        Assert.Equal(JobOutcome.Failed, await _runner.RunAsync(job, due: false, default));
        Assert.Equal(("broken", null, 1), await SeenAsync());
        Assert.Equal(JobOutcome.NotClaimed, await _runner.RunAsync(job, due: true, default));
        fails = false;
        Assert.Equal(JobOutcome.Succeeded, await _runner.RunAsync(job, due: false, default));
        Assert.Equal((null, "mended", 0), await SeenAsync());
    }

    [Fact]
    public async Task A_run_that_hangs_is_cancelled_and_counts_as_failed()
    {
        var job = Job(async cancel =>
        {
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return "never";
        });
        Assert.Equal(JobOutcome.Failed, await _runner.RunAsync(job with { Limit = TimeSpan.FromMilliseconds(50) }, due: false, default));
        Assert.Contains("cancelled", (await SeenAsync()).Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_it_runs_nobody_else_does_and_when_the_process_ends_the_next_one_may()
    {
        using var stop = new CancellationTokenSource();
        var begun = new TaskCompletionSource();
        var job = Job(async cancel =>
        {
            begun.SetResult();
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, cancel);
            return "never";
        });
        var run = _runner.RunAsync(job, due: false, stop.Token);
        await begun.Task;
        Assert.Equal(JobOutcome.NotClaimed, await _runner.RunAsync(job, due: false, default));
        await stop.CancelAsync();
        Assert.Equal(JobOutcome.Stopped, await run);
        Assert.Equal((null, null, 0), await SeenAsync());
        Assert.Equal(["test"], await _store.DueJobsAsync(default));
    }

    private static Job Job(Func<CancellationToken, Task<string>> run) => new("test", "A test.", Schedule.Hours(1), (_, cancel) => run(cancel));

    private async Task<(string? Error, string? Result, int Failures)> SeenAsync()
    {
        var job = Assert.Single(await _store.JobsAsync(default));
        Assert.Null(job.Owner);
        return (job.Error, job.Result, job.Failures);
    }

    private sealed class NoServices : IServiceProvider
    {
        public object? GetService(Type serviceType) => null;
    }
}
