using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

public abstract partial class StoreContract
{
    private static readonly TimeSpan Ended = TimeSpan.FromSeconds(-1);
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    [Fact]
    public async Task Of_nodes_that_claim_a_job_at_once_one_has_it()
    {
        await Store.AddJobsAsync(["a", "b"], free: false);
        Assert.Equal(["a", "b"], (await Store.DueJobsAsync(Never)).Order());
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.ClaimJobAsync("a", $"node{i}", Hour, Minute, due: true)));
        var winner = $"node{Array.IndexOf(claims, true)}";
        Assert.Single(claims, true);
        Assert.Equal(["b"], await Store.DueJobsAsync(Never));
        Assert.Equal(winner, (await JobAsync("a")).Owner);

        // It is the winner's until it ends, even for who does not care whether it is due.
        Assert.False(await Store.ClaimJobAsync("a", "impatient", Hour, Minute, due: false));
        Assert.True(await Store.RenewJobAsync("a", winner, Hour));
        Assert.False(await Store.RenewJobAsync("a", "impatient", Hour));
        await Store.FinishJobAsync("a", "impatient", "not mine", null, Minute, Minute);
        Assert.Null((await JobAsync("a")).FinishedAt);
        await Store.FinishJobAsync("a", winner, "done", null, Minute, Minute);
        var job = await JobAsync("a");
        Assert.Equal(("done", null, 0, null), (job.Result, job.Error, job.Failures, job.Owner));
        Assert.Equal(job.SucceededAt, job.FinishedAt);

        // It is due again at the next whole minute, and before that for those who do not care.
        Assert.Equal(0, job.NextAt.ToUnixTimeMilliseconds() % 60_000);
        Assert.InRange(job.NextAt - job.StartedAt!.Value, TimeSpan.FromMilliseconds(1), Minute);
        Assert.True(await Store.ClaimJobAsync("a", "impatient", Hour, Minute, due: false));
    }

    [Fact]
    public async Task A_job_whose_node_died_is_taken_over_and_the_dead_one_changes_nothing_any_more()
    {
        Assert.True(await Store.ClaimJobAsync("a", "dead", Ended, Hour, due: false));
        Assert.Equal(["a"], await Store.DueJobsAsync(Never));
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.ClaimJobAsync("a", $"node{i}", Hour, Hour, due: true)));
        Assert.Single(claims, true);
        Assert.False(await Store.RenewJobAsync("a", "dead", Hour));
        await Store.FinishJobAsync("a", "dead", null, "I lived", Minute, Minute);
        await Store.ReleaseJobAsync("a", "dead");
        var job = await JobAsync("a");
        Assert.Equal(($"node{Array.IndexOf(claims, true)}", null), (job.Owner, job.Error));
    }

    [Fact]
    public async Task A_job_that_fails_is_due_after_a_pause_that_grows_to_its_period()
    {
        var pauses = new List<TimeSpan>();
        for (var i = 0; i < 6; i++)
        {
            Assert.True(await Store.ClaimJobAsync("a", "me", Hour, 24 * Hour, due: false));
            await Store.FinishJobAsync("a", "me", null, $"failure {i}", Minute, 10 * Minute);
            var failed = await JobAsync("a");
            Assert.Equal((i + 1, $"failure {i}", null), (failed.Failures, failed.Error, failed.SucceededAt));
            pauses.Add(failed.NextAt - failed.FinishedAt!.Value);
        }

        Assert.Equal([1, 2, 4, 8, 10, 10], pauses.Select(p => (int)Math.Round(p.TotalMinutes)));
        Assert.True(await Store.ClaimJobAsync("a", "me", Hour, Hour, due: false));
        await Store.FinishJobAsync("a", "me", "fine", null, Minute, Minute);
        var job = await JobAsync("a");
        Assert.Equal((0, null, "fine"), (job.Failures, job.Error, job.Result));
    }

    [Fact]
    public async Task A_job_that_is_asked_for_is_due_at_once_and_once_more_if_it_runs()
    {
        Assert.True(await Store.ClaimJobAsync("a", "me", Hour, Hour, due: false));
        await Store.TriggerJobAsync("a");
        Assert.Empty(await Store.DueJobsAsync(Never));
        await Store.FinishJobAsync("a", "me", "done", null, Minute, Minute);
        Assert.Equal(["a"], await Store.DueJobsAsync(Never));
        await Store.TriggerJobAsync("never run before");
        Assert.Equal(["a", "never run before"], (await Store.DueJobsAsync(Never)).Order());

        // A node that ends leaves it to the next one, without a failure.
        Assert.True(await Store.ClaimJobAsync("a", "me", Hour, Hour, due: true));
        await Store.ReleaseJobAsync("a", "me");
        Assert.Contains("a", await Store.DueJobsAsync(Never));
        Assert.Equal(0, (await JobAsync("a")).Failures);
    }

    [Fact]
    public async Task The_one_process_that_there_is_knows_that_no_other_runs_a_job()
    {
        await Store.ClaimJobAsync("a", "crashed", Hour, Hour, due: false);
        await Store.AddJobsAsync(["a"], free: false);
        Assert.Empty(await Store.DueJobsAsync(Never));
        await Store.AddJobsAsync(["a"], free: true);
        Assert.Equal(["a"], await Store.DueJobsAsync(Never));
    }

    [Fact]
    public async Task What_one_node_at_a_time_does_is_one_nodes_until_it_lets_go_or_is_not_heard_of()
    {
        var holds = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.HoldAsync("s", $"node{i}", Hour)));
        var holder = $"node{Array.IndexOf(holds, true)}";
        Assert.Single(holds, true);
        Assert.True(await Store.HoldAsync("s", holder, Hour));
        Assert.False(await Store.HoldAsync("s", "other", Hour));
        await Store.LetGoAsync("s", "other");
        Assert.False(await Store.HoldAsync("s", "other", Hour));
        await Store.LetGoAsync("s", holder);
        Assert.True(await Store.HoldAsync("s", "other", Ended));
        Assert.True(await Store.HoldAsync("s", holder, Hour));
    }

    private async Task<JobEntry> JobAsync(string name) => (await Store.JobsAsync(Never)).Single(j => j.Name == name);
}
