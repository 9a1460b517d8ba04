using System.Globalization;

namespace Notifications.IntegrationTests.Support;

/// <summary>
/// One Redis and one PostgreSQL for all tests that neither stop nor fill them; each test has a database and a prefix of keys of its own.
/// </summary>
public sealed class SharedServers : IAsyncLifetime
{
    private int _lastPrefix;
    private RedisServer? _redis;
    private PostgresServer? _postgres;

    /// <summary>The Redis.</summary>
    public RedisServer Redis => _redis!;

    /// <summary>The PostgreSQL; it does not wait for the disk.</summary>
    public PostgresServer Postgres => _postgres!;

    /// <summary>A prefix of keys that no other test has.</summary>
    public string NewPrefix() => string.Create(CultureInfo.InvariantCulture, $"test{Interlocked.Increment(ref _lastPrefix)}:");

    /// <inheritdoc/>
    public async Task InitializeAsync()
    {
        if (Executables.Missing is not null && Environment.GetEnvironmentVariable("CI") != "true")
        {
            return; // Every test that would use them is skipped.
        }

        _redis = await RedisServer.StartAsync();
        _postgres = await PostgresServer.StartAsync(new PostgresOptions { Fsync = false });
    }

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        await (_redis?.DisposeAsync() ?? default);
        await (_postgres?.DisposeAsync() ?? default);
    }
}

/// <summary>The tests that share <see cref="SharedServers"/>.</summary>
[CollectionDefinition(Name)]
public sealed class ServerTests : ICollectionFixture<SharedServers>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "shared servers";
}
