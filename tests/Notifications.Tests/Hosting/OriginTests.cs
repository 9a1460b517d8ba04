using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;
using Notifications.Hosting;

namespace Notifications.Tests.Hosting;

public sealed class OriginTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, "http", "svc.example", true)]
    [InlineData("http://svc.example", "http", "svc.example", true)]
    [InlineData("http://svc.example:8080", "http", "svc.example:8080", true)]
    [InlineData("https://svc.example", "http", "svc.example", true)]
    [InlineData("http://svc.example", "https", "svc.example", false)]
    [InlineData("http://svc.example:81", "http", "svc.example:8080", false)]
    [InlineData("http://svc.example.evil", "http", "svc.example", false)]
    [InlineData("https://app.example", "http", "svc.example", true)]
    [InlineData("http://app.example", "http", "svc.example", false)]
    [InlineData("null", "http", "svc.example", false)]
    [InlineData("", "http", "svc.example", false)]
    [InlineData("file://", "http", "svc.example", false)]
    public void An_origin_is_allowed_if_it_is_our_own_or_listed(string? origin, string scheme, string host, bool allowed)
    {
        var policy = new OriginPolicy(Options.Create(new CorsOptions { Origins = ["https://app.example"] }));
        var context = new DefaultHttpContext();
        context.Request.Scheme = scheme;
        context.Request.Host = new HostString(host);
        if (origin is not null)
        {
            context.Request.Headers.Origin = origin;
        }

        Assert.Equal(allowed, policy.IsAllowed(context));
    }

    [Fact]
    public async Task The_list_governs_rest_and_the_hub()
    {
        await using var host = await TestHost.StartAsync(_folder.Info, settings: [("Notifications:Cors:Origins:0", "https://app.example")]);

        var allowed = await PreflightAsync(host, "https://app.example");
        Assert.Equal("https://app.example", allowed.Headers["Access-Control-Allow-Origin"]);
        Assert.Contains("authorization", allowed.Headers["Access-Control-Allow-Headers"], StringComparison.OrdinalIgnoreCase);
        var refused = await PreflightAsync(host, "https://other.example");
        Assert.False(refused.Headers.ContainsKey("Access-Control-Allow-Origin"));

        (await host.GetAsync("/hubs/notifications/probe", null, ("Origin", "https://other.example"))).ShouldBeProblem(403, "origin_not_allowed");
        (await host.GetAsync("/hubs/notifications/probe", null, ("Origin", "https://app.example"))).ShouldBeProblem(401, "unauthorized");
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/probe/view", headers: ("Origin", "https://other.example"))).Status);
    }

    private static Task<Answer> PreflightAsync(TestHost host, string origin) => host.SendAsync(
        HttpMethod.Options, "/v1/keys", null, null, ("Origin", origin), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "authorization"));
}
