using Notifications.Benchmarks.Scale;

namespace Notifications.Benchmarks;

/// <summary>What is measured with one name on the command line, and saved in one file.</summary>
/// <param name="Name">The name.</param>
/// <param name="Title">For people.</param>
/// <param name="NeedsServers">Whether Redis and PostgreSQL have to be installed.</param>
/// <param name="Measures">All of it, in the order in which it is measured.</param>
internal sealed record Group(string Name, string Title, bool NeedsServers, IReadOnlyList<Measure> Measures);

/// <summary>All groups.</summary>
internal static class Catalogue
{
    /// <summary>In the order in which they are measured.</summary>
    public static IReadOnlyList<Group> Groups { get; } =
    [
        new(
            "server", "Server engine (Redis and PostgreSQL)", NeedsServers: true,
            [
                .. CeilingRows.All, .. AcceptRows.Server, .. DeliveryRows.Of(StartServerAsync), DeliveryRows.ToTopic(StartServerAsync, insert: true),
                .. LatencyRows.Of(StartServerAsync),
            ]),
        new(
            "embedded", "Embedded engine (SQLite)", NeedsServers: false,
            [
                .. AcceptRows.Embedded, .. DeliveryRows.Of(Service.StartEmbeddedAsync), DeliveryRows.ToTopic(Service.StartEmbeddedAsync, insert: false),
                .. LatencyRows.Of(Service.StartEmbeddedAsync),
            ]),
        new("scale", "What is stored, registered and connected (server engine)", NeedsServers: true, [.. ScaleRows.All]),
    ];

    private static Task<Service> StartServerAsync() => Service.StartAsync();
}
