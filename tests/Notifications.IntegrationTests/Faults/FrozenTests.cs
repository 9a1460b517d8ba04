using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Processes and servers that stand still for longer than anybody waits for them, and answers that are lost.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class FrozenTests(FaultCluster fixture, ITestOutputHelper output) : IAsyncLifetime
{
    private Cluster Cluster => fixture.Cluster;

    public Task InitializeAsync() => fixture.MendAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_dispatcher_that_stands_still_is_replaced_and_writes_nothing_when_it_wakes_up(bool inTransaction)
    {
        await using var load = await Load.StartAsync(Cluster);
        await load.CatchUpAsync();
        var node = Cluster["dispatch1"];
        if (inTransaction)
        {
            // It begins to write, and never hears what its first statement did.
            await node.Postgres!.When(Direction.ToServer, bytes => bytes.IndexOf("READ COMMITTED"u8) >= 0, node.Server.Freeze);
            await Until.TrueAsync("its transaction stands open", async () => await Cluster.Postgres.NumberAsync(
                Cluster.Database, "SELECT count(*) FROM pg_stat_activity WHERE state LIKE 'idle in transaction%' AND state_change < clock_timestamp() - interval '1 s'") > 0);
        }
        else
        {
            node.Server.Freeze();
        }

        // Its partitions are somebody else's: everything is shown that was accepted since.
        await load.GoOnAsync(1);
        await load.CatchUpAsync();
        node.Server.Thaw();
        await load.GoOnAsync(1);
        await load.CatchUpAsync();
        await load.FinishAsync(inTransaction ? "SIGSTOP a dispatcher in a transaction" : "SIGSTOP a dispatcher", output.WriteLine);
    }

    [Fact]
    public async Task While_Redis_stands_still_callers_are_told_so_and_then_all_goes_on()
    {
        await using var load = await Load.StartAsync(Cluster);
        await load.CatchUpAsync();
        Cluster.Redis.Freeze();
        var refusals = load.Producer.Refusals;
        await Until.TrueAsync("callers hear 503", () => Task.FromResult(load.Producer.Refusals > refusals));

        // The inbox and connections need no Redis.
        var token = await Cluster["ingest1"].Server.Api.TokenAsync(load.Users[0].Name);
        using (var me = Cluster["gateway1"].Server.Api.As(token))
        {
            (await me.GetAsync("/v1/me/inbox/counts")).Expect(200);
        }

        (await Cluster["gateway1"].Server.Api.GetAsync("/health/ready")).Expect(200);
        await Task.Delay(TimeSpan.FromSeconds(FaultScale.Pick(4, 60)), TimeProvider.System);
        Cluster.Redis.Thaw();
        await load.GoOnAsync(1);
        await load.CatchUpAsync();
        await load.FinishAsync("SIGSTOP redis-server", output.WriteLine, $"{load.Producer.Refusals} refused, {load.Producer.Silences} not answered in 10 s");
        Assert.Equal(0, load.Producer.Silences);
    }

    [Fact]
    public async Task While_PostgreSQL_stands_still_events_are_taken_and_then_all_goes_on()
    {
        await using var load = await Load.StartAsync(Cluster);
        await load.CatchUpAsync();
        Cluster.Postgres.Freeze();
        await load.GoOnAsync(FaultScale.Pick(3, 60));
        Cluster.Postgres.Thaw();
        await load.CatchUpAsync();
        await load.FinishAsync("SIGSTOP postgres", output.WriteLine);
    }

    [Fact]
    public async Task A_commit_whose_answer_is_lost_happened_once()
    {
        await using var load = await Load.StartAsync(Cluster);
        var times = FaultScale.Pick(6, 60);
        for (var i = 0; i < times; i++)
        {
            var lost = Cluster[i % 2 == 0 ? "dispatch1" : "dispatch2"].Postgres!.CutWhen(Direction.ToClient, CommitAnswer.Is);
            await Task.WhenAny(lost, load.GoOnAsync(20));
            Assert.True(lost.IsCompleted, "No commit was seen.");
            await load.CatchUpAsync();
        }

        await load.FinishAsync($"the answer of a COMMIT lost, {times} times", output.WriteLine);
    }

    [Fact]
    public async Task An_append_whose_answer_is_lost_happened_once()
    {
        await using var load = await Load.StartAsync(Cluster);
        var times = FaultScale.Pick(6, 60);
        for (var i = 0; i < times; i++)
        {
            var lost = Cluster[i % 2 == 0 ? "ingest1" : "ingest2"].Redis!.LoseAnswerTo(bytes => bytes.IndexOf("EVAL"u8) >= 0);
            await Task.WhenAny(lost, load.GoOnAsync(20));
            Assert.True(lost.IsCompleted, "No append was seen.");
            await Until.TrueAsync("the node has its Redis back", async () => (await Cluster[i % 2 == 0 ? "ingest1" : "ingest2"].Server.Api.GetAsync("/health/ready")).Status == 200);
        }

        await load.CatchUpAsync();
        Assert.True(load.Producer.Duplicates > 0, "No answer of an append was lost.");
        await load.FinishAsync($"the answer of an append lost, {times} times", output.WriteLine, $"{load.Producer.Duplicates} were known before");
    }
}
