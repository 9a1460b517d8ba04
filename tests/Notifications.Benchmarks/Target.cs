using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>What is measured.</summary>
/// <param name="Ingest">Where events go.</param>
/// <param name="Gateways">Where clients connect, in turn.</param>
/// <param name="Servers">All processes of the service.</param>
internal sealed record Target(ServerProcess Ingest, IReadOnlyList<ServerProcess> Gateways, IReadOnlyList<ServerProcess> Servers)
{
    /// <summary>One process that does everything.</summary>
    public Target(ServerProcess server)
        : this(server, [server], [server])
    {
    }

    /// <summary>The API for producers and operators.</summary>
    public Api Api => Ingest.Api;

    /// <summary>What all processes of the service used so far.</summary>
    public TimeSpan ProcessorTime => TimeSpan.FromTicks(Servers.Sum(s => s.ProcessorTime.Ticks));

    /// <summary>Where a client connects.</summary>
    public Uri Gateway(int client) => Gateways[client % Gateways.Count].Address;

    /// <summary>An event to one user, with a text of the usual length.</summary>
    /// <param name="id">The producer's id.</param>
    /// <param name="user">Who gets it.</param>
    /// <param name="number">Its number.</param>
    /// <param name="data">More members of its data.</param>
    /// <param name="critical">Whether it is critical.</param>
    /// <param name="more">More members of it.</param>
    public static string Event(string id, string user, int number, string data = "", bool critical = false, string more = "") =>
        $$$"""{"id":"{{{id}}}","type":"figures.event","to":["user:{{{user}}}"],"title":"Event {{{number}}}","body":"A text of the usual length, as people write them.","priority":"{{{(critical ? "critical" : "normal")}}}","data":{"n":{{{number}}}{{{data}}}}{{{more}}}}""";

    /// <summary>Events as a batch.</summary>
    public static string Batch(IEnumerable<string> events) => $"[{string.Join(',', events)}]";
}
