using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>Servers whose data is not what it was: flushed, or restored from an old copy.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class RewoundTests(ITestOutputHelper output)
{
    private static readonly ClusterOptions Two = new() { Nodes = [("front", "gateway,ingest"), ("back", "dispatch,channels,jobs")] };

    [Fact]
    public async Task After_Redis_was_flushed_nothing_is_skipped_and_it_is_said()
    {
        await using var cluster = await Cluster.StartAsync(Two);
        await using var load = await Load.StartAsync(cluster);
        for (var round = 0; round < FaultScale.Pick(2, 10); round++)
        {
            await load.PauseAsync(); // What was not stored yet is lost with the log, which no service could mend.
            await cluster.Redis.CommandAsync("FLUSHALL");
            load.Continue();
            await load.GoOnAsync(1);
            await load.CatchUpAsync();
        }

        Assert.Contains("the log was flushed or is an older copy", cluster["back"].Server.Log, StringComparison.Ordinal);
        await load.FinishAsync("Redis flushed", output.WriteLine);
    }

    [Fact]
    public async Task After_Redis_was_restored_from_an_old_copy_nothing_is_skipped_or_repeated_and_it_is_said()
    {
        await using var cluster = await Cluster.StartAsync(Two);
        await using var load = await Load.StartAsync(cluster);
        for (var round = 0; round < FaultScale.Pick(2, 10); round++)
        {
            await load.GoOnAsync(0.5);
            var copy = await cluster.Redis.CopyAsideAsync();
            await load.GoOnAsync(1);
            await load.PauseAsync();
            await cluster.Redis.KillAsync();
            await cluster.Redis.PutBackAsync(copy);

            // Producers go on at once: the restored log grows before anybody looks at it.
            load.Continue();
            await cluster.Redis.StartAgainAsync();
            await load.GoOnAsync(1);
            await load.CatchUpAsync();
        }

        Assert.Contains("the log was flushed or is an older copy", cluster["back"].Server.Log, StringComparison.Ordinal);
        await load.FinishAsync("Redis restored from an old copy", output.WriteLine);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task After_PostgreSQL_was_restored_from_a_backup_clients_are_told_to_start_over(bool nodesAreStopped)
    {
        await using var cluster = await Cluster.StartAsync(Two);
        var front = cluster["front"].Server;
        var token = await cluster.Api.TokenAsync("ada");
        using var me = cluster.Api.As(token);
        await cluster.Api.PublishAsync("ada", "1");
        await cluster.Api.PublishAsync("ada", "2");
        await me.InboxOfAsync(2);
        var backup = await cluster.Postgres.DumpAsync(Cluster.Database);
        await cluster.Api.PublishAsync("ada", "3");
        await cluster.Api.PublishAsync("ada", "4");
        await me.InboxOfAsync(4);
        var ahead = await me.SyncAsync();
        await using var connected = await HubClient.ConnectAsync(front.Address, new HubOptions { Token = token, After = $"{ahead.Head}", Epoch = ahead.Epoch });
        await connected.WaitForAsync<Resumed>();
        foreach (var node in cluster.Nodes.Where(_ => nodesAreStopped))
        {
            await node.Server.StopAsync();
        }

        await cluster.Postgres.RestoreAsync(Cluster.Database, backup);
        foreach (var node in cluster.Nodes.Where(_ => nodesAreStopped))
        {
            await node.Server.StartAgainAsync();
        }

        // Its position means something else now, whether it stayed connected or comes back.
        if (!nodesAreStopped)
        {
            Assert.True((await connected.WaitForAsync<Reset>()).Epoch > ahead.Epoch);
        }

        await using var back = await HubClient.ConnectAsync(front.Address, new HubOptions { Token = token, After = $"{ahead.Head}", Epoch = ahead.Epoch });
        var reset = await back.WaitForAsync<Reset>();
        Assert.True(reset.Epoch > ahead.Epoch);
        Assert.True((await me.SyncAsync(ahead.Head, ahead.Epoch)).Reset);

        // Redis still has what the backup has not; it is there again, and what comes now too.
        await cluster.Api.PublishAsync("ada", "5");
        await back.WaitForAsync<Notification>(n => n.Item.Title == "5");
        Assert.Equal(["1", "2", "3", "4", "5"], (await me.InboxOfAsync(5)).OrderBy(i => i.Seq).Select(i => i.Title));
    }
}
