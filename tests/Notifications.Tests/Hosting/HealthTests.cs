using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifications.Hosting;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Tests.Hosting;

public sealed class HealthTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ShiftedTime _time = new();
    private SwitchedDatabase _database = null!;
    private SwitchedLog _log = null!;

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("/health/live")]
    [InlineData("/health/ready")]
    public async Task A_probe_may_ask_for_the_status_alone(string path)
    {
        await using var host = await TestHost.StartAsync(_folder.Info);
        var answer = await host.SendAsync(HttpMethod.Head, path, null);
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        Assert.Empty(answer.Text);
        Assert.Equal("application/json", answer.ContentType);
        (await host.SendAsync(HttpMethod.Post, path, null)).ShouldBeProblem(405, "method_not_allowed");
    }

    [Theory]
    [InlineData(Roles.All, true, false, true, "store")]
    [InlineData(Roles.All, false, true, true, "log")]
    [InlineData(Roles.All, true, true, false, "log,store")]
    [InlineData(Roles.Gateway, true, false, false, "store")]
    [InlineData(Roles.Gateway, false, true, true, "")]
    [InlineData(Roles.Gateway | Roles.Dispatch, true, false, false, "store")]
    [InlineData(Roles.Ingest, true, false, true, "")]
    [InlineData(Roles.Ingest, false, true, false, "log")]
    [InlineData(Roles.Ingest | Roles.Jobs, true, false, true, "store")]
    [InlineData(Roles.Dispatch, true, false, false, "store")]
    [InlineData(Roles.Dispatch, false, true, true, "")]
    [InlineData(Roles.Jobs | Roles.Channels, true, true, false, "store")]
    public async Task A_node_is_ready_while_one_of_its_roles_that_are_called_can_serve(
        Roles roles, bool storeAway, bool logAway, bool ready, string faults)
    {
        await using var host = await StartAsync(roles, EngineKind.Server);
        await ShouldBeAsync(host, true, "");
        (_database.Away, _log.Fault) = (storeAway, logAway ? "frozen" : null);
        await ShouldBeAsync(host, ready, faults);
        (_database.Away, _log.Fault) = (false, null);
        await ShouldBeAsync(host, true, "");
    }

    [Fact]
    public async Task The_embedded_log_is_a_part_of_its_store()
    {
        await using var host = await StartAsync(Roles.All, EngineKind.Embedded);
        _database.Away = true;
        await ShouldBeAsync(host, false, "store");
    }

    [Fact]
    public async Task A_log_that_does_not_answer_is_away()
    {
        await using var host = await StartAsync(Roles.Ingest, EngineKind.Server);
        _log.Away = true;
        var answer = await ShouldBeAsync(host, false, "log");
        Assert.Equal("unavailable", answer.Json.GetProperty("notReady").GetProperty("log").GetString());
    }

    [Fact]
    public async Task A_condition_counts_for_the_roles_that_cannot_do_without()
    {
        await using var host = await StartAsync(Roles.Gateway | Roles.Ingest | Roles.Dispatch, EngineKind.Server);
        var faults = new Dictionary<Roles, string?>();
        foreach (var roles in new[] { Roles.Dispatch, Roles.Gateway, Roles.Jobs, Roles.Http })
        {
            host.Get<Readiness>().Add(roles.ToString(), roles, () => faults.GetValueOrDefault(roles));
        }

        (faults[Roles.Dispatch], faults[Roles.Jobs]) = ("stopped", "stopped");
        await ShouldBeAsync(host, true, "Dispatch");
        faults[Roles.Gateway] = "stopped";
        await ShouldBeAsync(host, true, "Dispatch,Gateway");
        faults[Roles.Http] = "stopped";
        await ShouldBeAsync(host, false, "Dispatch,Gateway,Http");
    }

    [Fact]
    public async Task A_node_that_shuts_down_is_not_ready()
    {
        await using var host = await StartAsync(Roles.All, EngineKind.Embedded);
        host.Get<IHostApplicationLifetime>().StopApplication();
        var (ready, faults) = await host.Get<Readiness>().CheckAsync(default);
        Assert.False(ready);
        Assert.Equal("shutting down", Assert.Single(faults).Value);
    }

    private Task<TestHost> StartAsync(Roles roles, EngineKind engine) => TestHost.StartAsync(_folder.Info, replace: services => services
        .AddSingleton<TimeProvider>(_time)
        .AddSingleton(new Node("one", roles, engine))
        .AddSingleton(provider => new Store(_database = new SwitchedDatabase(provider.GetRequiredService<EmbeddedEngine>().Database), _time))
        .AddSingleton<IEventLog>(provider => _log = new SwitchedLog(provider.GetRequiredService<EmbeddedEngine>().Log)));

    private async Task<Answer> ShouldBeAsync(TestHost host, bool ready, string faults)
    {
        _time.Shift += TimeSpan.FromSeconds(2); // An answer is kept for one.
        var answer = await host.GetAsync("/health/ready", null);
        Assert.Equal(ready ? HttpStatusCode.OK : HttpStatusCode.ServiceUnavailable, answer.Status);
        Assert.Equal(ready ? "ready" : "notReady", answer.Json.GetProperty("status").GetString());
        Assert.Equal(faults, string.Join(',', answer.Json.GetProperty("notReady").EnumerateObject().Select(f => f.Name).Order(StringComparer.Ordinal)));
        return answer;
    }
}

/// <summary>A log that can be away, which one in the same process cannot.</summary>
internal sealed class SwitchedLog(IEventLog log) : IEventLog
{
    public bool Away { get; set; }

    public string? Fault { get; set; }

    public PartitionLayout Layout => log.Layout;

    public ValueTask<AppendResult[]> AppendAsync(IReadOnlyList<LogAppend> entries) => Away ? throw Gone() : log.AppendAsync(entries);

    public ValueTask<List<LogEntry>> ReadAsync(int partition, LogPosition after, int maxEntries, int maxBytes, CancellationToken cancellationToken) =>
        Away ? throw Gone() : log.ReadAsync(partition, after, maxEntries, maxBytes, cancellationToken);

    public Task WaitAsync(int partition, CancellationToken cancellationToken) => log.WaitAsync(partition, cancellationToken);

    public ValueTask<LogState> BeginAsync(int partition, LogPosition committed) => Away ? throw Gone() : log.BeginAsync(partition, committed);

    public void Committed(int partition, LogPosition position, long bytes) => log.Committed(partition, position, bytes);

    public ValueTask<int> TrimAsync(int partition, LogPosition committed, DateTimeOffset before, int maxEntries) =>
        Away ? throw Gone() : log.TrimAsync(partition, committed, before, maxEntries);

    public async ValueTask<string?> FaultAsync(CancellationToken cancellationToken) =>
        Away ? throw Gone() : Fault ?? await log.FaultAsync(cancellationToken);

    public ValueTask<IReadOnlyList<PartitionStats>> StatsAsync(CancellationToken cancellationToken) => Away ? throw Gone() : log.StatsAsync(cancellationToken);

    private static LogUnavailableException Gone() => new("away");
}
