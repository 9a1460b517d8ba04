namespace Notifications.IntegrationTests.Support;

/// <summary>One server for all tests that neither stop it nor address everyone; each test has users of its own.</summary>
public sealed class ServerFixture : IAsyncLifetime
{
    private int _lastUser;
    private ServerProcess? _server;

    /// <summary>The server.</summary>
    public ServerProcess Server => _server!;

    /// <summary>A user that no other test has.</summary>
    public string NewUser(string name = "user") => $"{name}-{Interlocked.Increment(ref _lastUser)}";

    /// <inheritdoc/>
    public async Task InitializeAsync() => _server = await ServerProcess.StartAsync();

    /// <inheritdoc/>
    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}

/// <summary>The tests that share <see cref="ServerFixture"/>.</summary>
[CollectionDefinition(Name)]
public sealed class SharedServer : ICollectionFixture<ServerFixture>
{
    /// <summary>Name of the collection.</summary>
    public const string Name = "shared server";
}
