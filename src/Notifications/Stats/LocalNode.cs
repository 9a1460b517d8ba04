using System.Reflection;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Notifications.Hosting;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Stats;

/// <summary>This process as it shows itself: its name and address, what it holds, and, sampled each second, what it does.</summary>
public sealed class LocalNode : BackgroundService
{
    private static readonly TimeSpan SampleEvery = TimeSpan.FromSeconds(1);
    private static readonly string Version =
        typeof(LocalNode).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    private readonly Node _node;
    private readonly IServer _server;
    private readonly TimeProvider _time;
    private readonly DateTimeOffset _startedAt;
    private readonly RateWindow _window;

    /// <summary>Starts the clock of this process.</summary>
    /// <param name="node">Its name and roles.</param>
    /// <param name="server">Knows where it listens.</param>
    /// <param name="services">Have a gateway where it is one.</param>
    /// <param name="time">The clock.</param>
    public LocalNode(Node node, IServer server, IServiceProvider services, TimeProvider time)
    {
        (_node, _server, _time, _startedAt) = (node, server, time, time.GetUtcNow());
        _window = new RateWindow(NodeMeter.Totals, time);
        if (services.GetService<Gateway>() is { } gateway)
        {
            NodeMeter.Observe(() => (gateway.Connections, gateway.Users));
        }
    }

    /// <summary>What it holds and does.</summary>
    public NodeFigures Figures
    {
        get
        {
            var (connections, users) = NodeMeter.Held;
            return new NodeFigures { Connections = connections, Users = users, Rates = _window.Over(NodeMeter.Totals) };
        }
    }

    /// <summary>As it is told to the others.</summary>
    public NodeEntry Entry => new(
        _node.Id, string.Join(',', RoleNames.Of(_node.Roles)), Address, Version, _startedAt,
        JsonSerializer.SerializeToUtf8Bytes(Figures, StatsJson.Default.NodeFigures));

    /// <summary>The first address it listens on; one that stands for all interfaces is shown with the machine's name.</summary>
    private string Address => _server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } address
        ? Reachable(address, Environment.MachineName)
        : "";

    internal static string Reachable(string address, string machine)
    {
        foreach (var any in new[] { "//[::]", "//0.0.0.0", "//*", "//+" })
        {
            address = address.Replace(any, "//" + machine, StringComparison.Ordinal);
        }

        return address.TrimEnd('/');
    }

    /// <inheritdoc/>
    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(SampleEvery, _time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                _window.Sample(NodeMeter.Totals);
            }
        }
        catch (OperationCanceledException)
        {
        }
    }
}
