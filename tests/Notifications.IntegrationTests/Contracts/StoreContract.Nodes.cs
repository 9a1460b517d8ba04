using System.Text;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

public abstract partial class StoreContract
{
    private static readonly TimeSpan Hour = TimeSpan.FromHours(1);

    [Fact]
    public async Task A_node_that_was_heard_of_is_there_as_it_said_last()
    {
        await Store.HeartbeatAsync(Some("b"), Hour);
        await Store.HeartbeatAsync(Some("a") with { Stats = "{}"u8.ToArray() }, Hour);
        var again = Some("b") with { Roles = "jobs", Address = "http://b:2", Version = "2", StartedAt = Some("b").StartedAt.AddDays(1), Stats = "{\"x\":1}"u8.ToArray() };
        await Store.HeartbeatAsync(again, Hour);

        var nodes = await Store.NodesAsync();
        Assert.Equal(["a", "b"], nodes.Select(n => n.Id));
        Assert.Equal((again.Roles, again.Address, again.Version, again.StartedAt), (nodes[1].Roles, nodes[1].Address, nodes[1].Version, nodes[1].StartedAt));
        Assert.Equal("{\"x\":1}", Encoding.UTF8.GetString(nodes[1].Stats));
        Assert.InRange(nodes[1].ExpiresAt, nodes[0].ExpiresAt, nodes[0].ExpiresAt + Hour);
    }

    [Fact]
    public async Task A_node_that_left_or_was_not_heard_of_is_gone_and_comes_back_when_it_is()
    {
        await Store.HeartbeatAsync(Some("left"), Hour);
        await Store.HeartbeatAsync(Some("silent"), -Hour);
        await Store.HeartbeatAsync(Some("here"), Hour);
        await Store.LeaveAsync("left");
        await Store.LeaveAsync("never came");
        Assert.Equal("here", Assert.Single(await Store.NodesAsync()).Id);

        await Store.HeartbeatAsync(Some("silent"), Hour);
        Assert.Equal(["here", "silent"], (await Store.NodesAsync()).Select(n => n.Id));
    }

    [Fact]
    public async Task Nodes_are_forgotten_an_hour_after_they_ended()
    {
        await Store.HeartbeatAsync(Some("long ago"), -2 * Hour);
        await Store.HeartbeatAsync(Some("just now"), -Hour / 2);
        await Store.HeartbeatAsync(Some("here"), Hour);
        Assert.Equal(1, await Store.ForgetNodesAsync());
        Assert.Equal(0, await Store.ForgetNodesAsync());
        Assert.Single(await Store.NodesAsync());
    }

    [Fact]
    public async Task Partitions_are_listed_with_who_has_them()
    {
        Assert.Empty(await Store.PartitionsAsync());
        await Store.AddPartitionsAsync(3);
        var owner = new Owner(Store, Assert.Single(await Store.RenewPartitionsAsync("one", 3, [], 1)));
        await owner.CommitAsync(To("ann"), To("bob"));
        await Store.AcquirePartitionAsync(1, "two");

        var partitions = await Store.PartitionsAsync();
        Assert.Equal((0, "one", 1L, new LogPosition(2)), (partitions[0].Partition, partitions[0].Owner, partitions[0].Epoch, partitions[0].Position));
        Assert.NotNull(partitions[0].LeaseExpiresAt);
        Assert.Equal(new PartitionEntry(1, "two", 1, LogPosition.Start, null), partitions[1]); // Without an end.
        Assert.Equal(new PartitionEntry(2, null, 0, LogPosition.Start, null), partitions[2]);

        await Store.ReleasePartitionsAsync("one");
        Assert.Equal(new PartitionEntry(0, null, 1, new LogPosition(2), null), (await Store.PartitionsAsync())[0]);
        await _database.WriteAsync(session => session.ExecuteAsync("UPDATE partitions SET owner = 'dead', expires_at = {now} - 1 WHERE id = 2"));
        Assert.Null((await Store.PartitionsAsync())[2].Owner);
    }

    private static NodeEntry Some(string id) => new(
        id, "gateway,ingest", "http://localhost:1", "1", new DateTimeOffset(2026, 3, 1, 12, 0, 0, 123, TimeSpan.Zero), "{\"connections\":1}"u8.ToArray());
}
