using Notifications.IntegrationTests.Support;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>A database of its own in the shared PostgreSQL, migrated.</summary>
internal sealed class PostgresEngine(SharedServers servers)
{
    private readonly List<PostgresDatabase> _open = [];
    private string? _connectionString;

    /// <summary>Opens the database, a second time after <see cref="CloseAsync"/>.</summary>
    public async Task<PostgresDatabase> OpenAsync()
    {
        _connectionString ??= await servers.Postgres.CreateDatabaseAsync();
        await using (var connection = await PostgresDatabase.ConnectAloneAsync(_connectionString, CancellationToken.None))
        {
            await Migrator.MigratePostgresAsync(connection, TimeProvider.System, () => { }, CancellationToken.None);
        }

        var database = new PostgresDatabase(_connectionString);
        _open.Add(database);
        return database;
    }

    public async Task CloseAsync()
    {
        foreach (var database in _open)
        {
            await database.DisposeAsync();
        }

        _open.Clear();
    }

    public async Task DeleteAsync()
    {
        await CloseAsync();
        if (_connectionString is not null)
        {
            await servers.Postgres.DropDatabaseAsync(_connectionString.Split('=')[^1]);
        }
    }
}

[NeedsServers]
[Collection(ServerTests.Name)]
public sealed class PostgresStoreTests(SharedServers servers) : StoreContract
{
    private readonly PostgresEngine _engine = new(servers);

    protected override async Task<IDatabase> OpenAsync() => await _engine.OpenAsync();

    protected override Task CloseAsync() => _engine.DeleteAsync();
}
