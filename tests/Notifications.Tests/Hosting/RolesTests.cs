using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifications.Dispatch;
using Notifications.Hosting;
using Notifications.Jobs;
using Notifications.Log;
using Notifications.Realtime;

namespace Notifications.Tests.Hosting;

public sealed class RolesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(null, Roles.All)]
    [InlineData("", Roles.All)]
    [InlineData(" , ", Roles.All)]
    [InlineData("gateway", Roles.Gateway)]
    [InlineData("Gateway, INGEST", Roles.Gateway | Roles.Ingest)]
    [InlineData(" dispatch ,channels,,jobs,jobs", Roles.Dispatch | Roles.Channels | Roles.Jobs)]
    public void Roles_are_read_by_name(string? text, Roles roles) => Assert.Equal(roles, RoleNames.Parse(text));

    [Theory]
    [InlineData("all")]
    [InlineData("gateway;ingest")]
    [InlineData("gateway,dispatcher")]
    [InlineData("1")]
    [InlineData("None")]
    public void An_unknown_role_is_refused_and_the_known_ones_are_named(string text)
    {
        var error = Assert.Throws<StartupException>(() => RoleNames.Parse(text)).Message;
        Assert.Contains("Notifications:Roles", error, StringComparison.Ordinal);
        Assert.Contains("gateway, ingest, dispatch, channels, jobs", error, StringComparison.Ordinal);
    }

    [Fact]
    public void The_engine_is_what_the_connection_strings_say_and_only_the_servers_roles_can_be_shared_out()
    {
        var embedded = Configuration(("ConnectionStrings:Redis", ""));
        Assert.Equal(EngineKind.Embedded, EngineChoice.Of(embedded));
        var server = Configuration(("ConnectionStrings:Redis", "localhost"), ("ConnectionStrings:Postgres", "Host=localhost"), ("Notifications:Roles", "jobs"));
        Assert.Equal(EngineKind.Server, EngineChoice.Of(server));

        Assert.Equal(Roles.All, RoleNames.Of(embedded, EngineKind.Embedded));
        Assert.Equal(Roles.All, RoleNames.Of(Configuration(("Notifications:Roles", "gateway,ingest,dispatch,channels,jobs")), EngineKind.Embedded));
        Assert.Equal(Roles.Jobs, RoleNames.Of(server, EngineKind.Server));
        Assert.Contains(
            "ConnectionStrings:Redis and ConnectionStrings:Postgres",
            Assert.Throws<StartupException>(() => RoleNames.Of(server, EngineKind.Embedded)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Roles.Gateway, typeof(Gateway))]
    [InlineData(Roles.Ingest)]
    [InlineData(Roles.Dispatch, typeof(Dispatcher))]
    [InlineData(Roles.Jobs, typeof(JobClockService))]
    [InlineData(Roles.Channels)]
    [InlineData(Roles.All, typeof(Gateway), typeof(Dispatcher), typeof(JobClockService))]
    public void A_role_runs_what_is_its_own(Roles roles, params Type[] running)
    {
        var services = new ServiceCollection().AddNotificationsRoles(roles, EngineKind.Server);
        var known = new[] { typeof(Gateway), typeof(Dispatcher), typeof(JobClockService) };
        var own = services.Where(s => s.ServiceType == typeof(IHostedService)).Select(s => s.ImplementationType).OfType<Type>()
            .Concat(services.Where(s => s.ServiceType == typeof(Gateway)).Select(s => s.ServiceType)).Intersect(known);
        Assert.Equal(running.ToHashSet(), own.ToHashSet());
        Assert.DoesNotContain(services, s => s.ServiceType == typeof(IDoorbell)); // The engine's.
    }

    [Theory]
    [InlineData(Roles.Ingest, "/v1/keys", "/v1/me/inbox", "gateway")]
    [InlineData(Roles.Ingest, "/v1/topics", "/hubs/notifications", "gateway")]
    [InlineData(Roles.Ingest, "/v1/topics", "/hubs/notifications/negotiate", "gateway")]
    [InlineData(Roles.Gateway, null, "/v1/keys", "ingest")]
    [InlineData(Roles.Gateway | Roles.Jobs, null, "/v1/events/evt_1", "ingest")]
    [InlineData(Roles.Dispatch, null, "/v1/me/inbox/counts", "gateway")]
    [InlineData(Roles.Dispatch, null, "/v1/topics", "ingest")]
    public async Task What_another_role_serves_is_not_here_and_the_answer_says_where(Roles roles, string? served, string elsewhere, string role)
    {
        await using var host = await StartAsync(roles);
        if (served is not null)
        {
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync(served)).Status);
        }

        foreach (var credential in new[] { null, "sk_dev_local", "no.valid.token" })
        {
            var detail = (await host.GetAsync(elsewhere, credential)).ShouldBeProblem(404, "not_found").Json.GetProperty("detail").GetString()!;
            Assert.Contains(string.Join(", ", RoleNames.Of(roles)), detail, StringComparison.Ordinal);
            Assert.EndsWith($"serves {role}.", detail, StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/health/live", null)).Status);
    }

    [Fact]
    public async Task Every_node_describes_the_whole_api()
    {
        await using var all = await TestHost.StartAsync(_folder.Info);
        using var other = new TempFolder();
        await using var one = await StartAsync(Roles.Jobs, other);
        Assert.Equal((await all.GetAsync("/openapi/v1.json", null)).Text, (await one.GetAsync("/openapi/v1.json", null)).Text);
    }

    [Fact]
    public async Task A_node_has_the_name_it_is_given_or_one_of_its_own()
    {
        var own = Enumerable.Range(0, 50).Select(_ => Node.NewId()).ToList();
        Assert.All(own, id => Assert.True(Node.IsId(id), id));
        Assert.True(own.Distinct().Count() > 1);

        await using var host = await TestHost.StartAsync(_folder.Info, settings: [("Notifications:Node", "eu-1.a_B")]);
        Assert.Equal(new Node("eu-1.a_B", Roles.All, EngineKind.Embedded), host.Get<Node>());
    }

    [Fact]
    public void The_partitions_are_the_engines_unless_they_are_configured()
    {
        Assert.Equal(new PartitionLayout(4, 1), new LogOptions().Layout(server: false));
        Assert.Equal(new PartitionLayout(16, 4), new LogOptions().Layout(server: true));
        Assert.Equal(new PartitionLayout(7, 4), new LogOptions { Partitions = 7 }.Layout(server: true));
        Assert.Equal(new PartitionLayout(4, 3), new LogOptions { CriticalPartitions = 3 }.Layout(server: false));
    }

    /// <summary>A node of the server engine as far as its endpoints go; under it is the embedded one.</summary>
    private Task<TestHost> StartAsync(Roles roles, TempFolder? folder = null) => TestHost.StartAsync(
        (folder ?? _folder).Info, replace: services => services.AddSingleton(new Node("one", roles, EngineKind.Server)));

    private static IConfiguration Configuration(params (string, string)[] settings) =>
        new ConfigurationBuilder().AddInMemoryCollection(settings.ToDictionary(s => s.Item1, s => (string?)s.Item2)).Build();
}
