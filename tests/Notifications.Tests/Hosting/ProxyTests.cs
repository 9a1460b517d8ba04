namespace Notifications.Tests.Hosting;

/// <summary>What a request says of the way it came: believed from proxies that are known, nothing from anyone else.</summary>
public sealed class ProxyTests : IDisposable
{
    private static readonly (string, string)[] Forwarded =
        [("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "app.example")];

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null)]
    [InlineData("10.0.0.0/8")]
    [InlineData("::1/128")]
    public async Task What_an_unknown_peer_claims_changes_nothing(string? network)
    {
        await using var host = await StartAsync(network);
        var url = host.Client.BaseAddress!.GetLeftPart(UriPartial.Authority);
        Assert.Equal($"{url} 127.0.0.1 local", (await host.GetAsync("/probe/request", null)).Text);
        Assert.Equal($"{url} 127.0.0.1 remote", (await host.GetAsync("/probe/request", null, Forwarded)).Text);

        // A page elsewhere does not become ours by what it says, and the development key is not for what came through a proxy.
        (await host.GetAsync("/hubs/notifications/probe", null, [.. Forwarded, ("Origin", "https://app.example")])).ShouldBeProblem(403, "origin_not_allowed");
        (await host.GetAsync("/v1/keys", headers: Forwarded)).ShouldBeProblem(401, "unauthorized");
    }

    [Fact]
    public async Task A_known_proxy_says_who_asked_and_for_what()
    {
        await using var host = await StartAsync("10.0.0.0/8", "127.0.0.0/8");
        Assert.Equal("https://app.example 203.0.113.9 remote", (await host.GetAsync("/probe/request", null, Forwarded)).Text);
        (await host.GetAsync("/hubs/notifications/probe", null, [.. Forwarded, ("Origin", "https://app.example")])).ShouldBeProblem(401, "unauthorized");
        (await host.GetAsync("/hubs/notifications/probe", null, [.. Forwarded, ("Origin", "http://app.example")])).ShouldBeProblem(403, "origin_not_allowed");
        (await host.GetAsync("/hubs/notifications/probe", null, [.. Forwarded, ("Origin", "https://evil.example")])).ShouldBeProblem(403, "origin_not_allowed");
    }

    [Theory]
    [InlineData("203.0.113.9, 10.0.0.7", "203.0.113.9")]
    [InlineData("203.0.113.9, 10.0.0.7, 127.0.0.2", "203.0.113.9")]
    [InlineData("127.0.0.1, 203.0.113.9", "203.0.113.9")]
    [InlineData("127.0.0.1, 198.51.100.1, 203.0.113.9, 10.0.0.7", "203.0.113.9")]
    [InlineData("nonsense, 203.0.113.9", "203.0.113.9")]
    public async Task The_first_address_that_no_known_proxy_has_is_the_caller(string forwardedFor, string caller)
    {
        await using var host = await StartAsync("10.0.0.0/8", "127.0.0.0/8");
        Assert.Contains($" {caller} remote", (await host.GetAsync("/probe/request", null, ("X-Forwarded-For", forwardedFor))).Text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X-Forwarded-For", "127.0.0.1")]
    [InlineData("X-Forwarded-For", "::1, 127.0.0.1")]
    [InlineData("X-Forwarded-For", "nonsense")]
    [InlineData("X-Forwarded-Proto", "http")]
    [InlineData("X-Forwarded-Host", "localhost")]
    public async Task What_came_through_a_proxy_on_this_machine_is_never_local(string header, string value)
    {
        await using var host = await StartAsync("127.0.0.0/8");
        Assert.EndsWith(" remote", (await host.GetAsync("/probe/request", null, (header, value))).Text, StringComparison.Ordinal);
        (await host.GetAsync("/v1/keys", headers: (header, value))).ShouldBeProblem(401, "unauthorized");
    }

    private Task<TestHost> StartAsync(params string?[] networks) => TestHost.StartAsync(
        _folder.Info, settings: networks.OfType<string>().Select((network, i) => ($"Notifications:Proxy:KnownNetworks:{i}", network)));
}
