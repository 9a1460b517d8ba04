using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Auth;

public sealed class StoreAwayTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Callers_that_are_known_are_served_and_the_others_are_told_to_try_again()
    {
        SwitchedDatabase? database = null;
        await using var host = await TestHost.StartAsync(_folder.Info, replace: services => services.AddSingleton(provider =>
            new Store(database = new SwitchedDatabase(provider.GetRequiredService<EmbeddedEngine>().Database), TimeProvider.System)));
        var (known, _) = await host.MakeKeyAsync([Scopes.View]);
        var (unseen, _) = await host.MakeKeyAsync([Scopes.View]);
        var issuer = host.Get<TokenIssuer>();
        var user = issuer.Issue("default", "alice", TimeSpan.FromMinutes(5)).Token;
        var stranger = issuer.Issue("other", "alice", TimeSpan.FromMinutes(5)).Token;
        await host.GetAsync("/probe/view", known);
        await host.GetAsync("/probe/user", user);

        database!.Away = true;

        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/probe/view", known)).Status);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/probe/user", user)).Status);
        Assert.Equal("1", (await host.GetAsync("/probe/view", unseen)).ShouldBeProblem(503, "unavailable").Headers["Retry-After"]);
        (await host.GetAsync("/probe/user", stranger)).ShouldBeProblem(503, "unavailable");
        (await host.GetAsync("/v1/keys")).ShouldBeProblem(503, "unavailable");
        var ready = await host.GetAsync("/health/ready", null);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.Status);
        Assert.Equal("unavailable", ready.Json.GetProperty("notReady").GetProperty("store").GetString());
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/health/live", null)).Status);
    }
}
