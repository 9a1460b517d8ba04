using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>What operators see of a server that works.</summary>
[Collection(SharedServer.Name)]
public sealed class StatsTests(ServerFixture fixture)
{
    private Api Api => fixture.Server.Api;

    [Fact]
    public async Task What_is_done_shows_in_the_rates_and_who_is_connected_in_the_counts()
    {
        var user = fixture.NewUser();
        await using var client = await HubClient.ConnectAsync(fixture.Server.Address, new HubOptions { Token = await Api.TokenAsync(user) });
        var stats = await Until.ValueAsync(
            "an event in every rate",
            async () =>
            {
                await Api.PublishAsync(user, "one more");
                return (await Api.GetAsync("/v1/stats")).Expect(200).Json;
            },
            s => s.GetProperty("totals").GetProperty("rates").EnumerateObject().All(rate => rate.Value.GetDouble() > 0));

        var node = Assert.Single(stats.GetProperty("nodes").EnumerateArray());
        Assert.True(node.GetProperty("connections").GetInt32() >= 1);
        Assert.True(node.GetProperty("users").GetInt32() >= 1);
        Assert.Equal(node.GetProperty("connections").GetInt32(), stats.GetProperty("totals").GetProperty("connections").GetInt32());
        Assert.Equal(fixture.Server.Address.GetLeftPart(UriPartial.Authority), node.GetProperty("address").GetString());
    }

    [Fact]
    public async Task Every_stream_has_an_owner_and_is_worked_off()
    {
        await Api.PublishAsync(fixture.NewUser(), "counted");
        var streams = await Until.ValueAsync(
            "streams in which nothing waits",
            async () => (await Api.GetAsync("/v1/streams")).Expect(200).Json.GetProperty("data").EnumerateArray().ToList(),
            all => all.TrueForAll(s => s.GetProperty("lag").GetInt64() == 0) && all.Sum(s => s.GetProperty("length").GetInt64()) > 0);
        Assert.Equal(["normal", "normal", "normal", "normal", "critical"], streams.Select(s => s.GetProperty("class").GetString()!));
        Assert.All(streams, s => Assert.False(string.IsNullOrEmpty(s.GetProperty("owner").GetString())));
    }
}
