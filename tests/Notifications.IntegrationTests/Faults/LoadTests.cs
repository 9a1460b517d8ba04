using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>That the comparison at the end of every load would notice what it is there to notice.</summary>
[NeedsServers]
[Collection(FaultTests.Name)]
[Trait("Faults", "Cluster")]
public sealed class LoadTests(FaultCluster fixture, ITestOutputHelper output) : IAsyncLifetime
{
    public Task InitializeAsync() => fixture.MendAsync();

    public Task DisposeAsync() => Task.CompletedTask;

    [Theory]
    [InlineData("DELETE FROM inbox WHERE user_id = '{0}' AND seq = 2", "accepted events are not in the inbox")]
    [InlineData("UPDATE inbox SET seq = 1000000 + seq WHERE user_id = '{0}' AND seq = 2", "was shown seq 2")]
    [InlineData(
        "UPDATE inbox i SET event_id = o.event_id FROM inbox o WHERE i.user_id = '{0}' AND o.user_id = i.user_id AND i.seq IN (1, 15) AND o.seq = 16 - i.seq",
        "came after")]
    public async Task What_is_lost_or_out_of_order_is_found(string damage, string found)
    {
        await using var load = await Load.StartAsync(fixture.Cluster, new LoadOptions { Users = 5, Lines = 2 });
        await load.GoOnAsync(0.5);
        await load.PauseAsync();
        await fixture.Cluster.Postgres.ExecuteAsync(Cluster.Database, string.Format(null, damage, load.Users[1].Name));
        var e = await Assert.ThrowsAsync<InvalidOperationException>(() => load.FinishAsync("damage", output.WriteLine));
        Assert.Contains(found, e.Message, StringComparison.Ordinal);
    }
}
