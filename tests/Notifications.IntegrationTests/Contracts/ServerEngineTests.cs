using Microsoft.Extensions.Logging.Abstractions;
using Notifications.IntegrationTests.Support;
using Notifications.Log;
using Notifications.Redis;
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

[NeedsServers]
[Collection(ServerTests.Name)]
public sealed class RedisEventLogTests(SharedServers servers) : EventLogContract
{
    private readonly PostgresEngine _engine = new(servers);
    private readonly RedisOptions _options = new() { Prefix = servers.NewPrefix() };
    private RedisLink? _link;
    private RedisEventLog? _log;

    protected override async Task<(IEventLog Log, Store Store)> OpenAsync(PartitionLayout layout, long limitBytes)
    {
        var database = await _engine.OpenAsync();
        _link = await RedisLink.ConnectAsync(servers.Redis.ConnectionString, _options, TimeProvider.System, NullLogger<RedisLink>.Instance);
        _log = await RedisEventLog.OpenAsync(_link, _options, Time, layout, limitBytes);
        return (_log, new Store(database, Time));
    }

    protected override async Task CloseAsync()
    {
        await (_log?.DisposeAsync() ?? default);
        await (_link?.DisposeAsync() ?? default);
        (_log, _link) = (null, null);
        await _engine.CloseAsync();
    }

    protected override async Task DeleteAsync()
    {
        await CloseAsync();
        await _engine.DeleteAsync();
    }
}
