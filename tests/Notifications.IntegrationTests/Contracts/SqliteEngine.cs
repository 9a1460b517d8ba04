using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>The embedded engine over a folder of its own, which goes with it.</summary>
internal sealed class SqliteEngine
{
    private readonly string _folder = Directory.CreateTempSubdirectory("notifications-").FullName;
    private readonly List<SqliteDatabase> _open = [];

    /// <summary>Opens the folder's database, a second time after <see cref="CloseAsync"/>.</summary>
    public async Task<SqliteDatabase> OpenAsync()
    {
        var database = new SqliteDatabase(Path.Combine(_folder, "notifications.db"), 2, NullLogger<SqliteDatabase>.Instance);
        _open.Add(database);
        await Migrator.MigrateSqliteAsync(database);
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
        Directory.Delete(_folder, recursive: true);
    }
}

public sealed class SqliteStoreTests : StoreContract
{
    private readonly SqliteEngine _engine = new();

    protected override async Task<IDatabase> OpenAsync() => await _engine.OpenAsync();

    protected override Task CloseAsync() => _engine.DeleteAsync();
}

public sealed class SqliteEventLogTests : EventLogContract
{
    private readonly SqliteEngine _engine = new();

    protected override async Task<(IEventLog Log, Store Store)> OpenAsync(PartitionLayout layout, long limitBytes)
    {
        var database = await _engine.OpenAsync();
        return (await SqliteEventLog.OpenAsync(database, Time, layout, limitBytes), new Store(database, Time));
    }

    protected override Task CloseAsync() => _engine.CloseAsync();

    protected override Task DeleteAsync() => _engine.DeleteAsync();
}
