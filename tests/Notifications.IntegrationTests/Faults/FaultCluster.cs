using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>
/// One cluster for the faults after which it goes on as before: two processes of each kind, every one with its own links to Redis and
/// PostgreSQL.
/// </summary>
public sealed class FaultCluster : IAsyncLifetime
{
    private Cluster? _cluster;

    /// <summary>The cluster.</summary>
    public Cluster Cluster => _cluster!;

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Executables.Missing is null || Environment.GetEnvironmentVariable("CI") == "true")
        {
            _cluster = await Cluster.StartAsync(new ClusterOptions
            {
                Nodes =
                [
                    ("ingest1", "ingest"), ("ingest2", "ingest"), ("gateway1", "gateway"), ("gateway2", "gateway"),
                    ("dispatch1", "dispatch,channels,jobs"), ("dispatch2", "dispatch,channels,jobs"),
                ],
                Links = true,
            });
        }
    }

    /// <summary>Brings back what the test before this one left away.</summary>
    public async Task MendAsync()
    {
        Cluster.Redis.Thaw();
        Cluster.Postgres.Thaw();
        foreach (var node in Cluster.Nodes)
        {
            foreach (var link in new[] { node.Redis!, node.Postgres! })
            {
                link.Restore();
                link.DelayToClient = link.DelayToServer = TimeSpan.Zero;
            }

            if (node.Server.IsRunning)
            {
                node.Server.Thaw();
            }
            else
            {
                await node.Server.StartAgainAsync();
            }
        }
    }

    /// <inheritdoc/>
    public async Task DisposeAsync() => await (_cluster?.DisposeAsync() ?? default);
}

/// <summary>The tests that share <see cref="FaultCluster"/>; nothing else runs beside them.</summary>
[CollectionDefinition(Name, DisableParallelization = true)]
public sealed class FaultTests : ICollectionFixture<FaultCluster>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "faults";
}
