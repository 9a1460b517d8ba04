using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Hosting;

/// <summary>The embedded engine: SQLite in a folder of this process. Opened once, before the service listens.</summary>
public sealed class EmbeddedEngine(
    IOptions<NotificationsOptions> options, IHostEnvironment environment, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private const int Readers = 8;

    private DataFolder? _folder;
    private SqliteDatabase? _database;
    private SqliteEventLog? _log;
    private RestoreStamp? _stamp;

    /// <summary>The folder.</summary>
    public DataFolder Folder => _folder ?? throw NotOpen();

    /// <summary>The database.</summary>
    public SqliteDatabase Database => _database ?? throw NotOpen();

    /// <summary>The event log.</summary>
    public SqliteEventLog Log => _log ?? throw NotOpen();

    /// <summary>What tells a restored database from the one that was here.</summary>
    public RestoreStamp Stamp => _stamp ?? throw NotOpen();

    /// <summary>Opens, in this order: (1) the folder and its lock, (2) the database, (3) its schema, (4) its stamp, (5) the log.</summary>
    /// <exception cref="StartupException">It cannot be opened; the message says why and what to do.</exception>
    public async Task OpenAsync()
    {
        var settings = options.Value;
        await GuardAsync(async () =>
        {
            _folder = new DataFolder(Path.Combine(environment.ContentRootPath, settings.DataPath)); // (1)
            _folder.MakeDatabase();
            _database = new SqliteDatabase(_folder.DatabasePath, Readers, loggers.CreateLogger<SqliteDatabase>()); // (2)
            await Migrator.MigrateSqliteAsync(_database); // (3)
            _stamp = await RestoreStamp.OpenAsync(_database, _folder.StampPath, time, loggers.CreateLogger<RestoreStamp>()); // (4)
            _log = await SqliteEventLog.OpenAsync(_database, time, settings.Log.Layout(server: false), settings.Log.LimitBytes); // (5)
        });
    }

    /// <summary>Checks, changing no data, what <see cref="OpenAsync"/> would find. A database that is not there yet is fine.</summary>
    /// <returns>The store as it is, or null where there is no schema yet.</returns>
    /// <exception cref="StartupException">It could not be opened.</exception>
    public async Task<Store?> CheckAsync()
    {
        Store? store = null;
        await GuardAsync(async () =>
        {
            _folder = new DataFolder(Path.Combine(environment.ContentRootPath, options.Value.DataPath));
            if (!File.Exists(_folder.DatabasePath))
            {
                return;
            }

            _database = new SqliteDatabase(_folder.DatabasePath, Readers, loggers.CreateLogger<SqliteDatabase>());
            var version = await _database.ReadAsync(session => session.FirstAsync("PRAGMA user_version", r => r.GetInt32(0)));
            var newest = Migrator.Scripts("Sqlite").Keys.Max();
            if (version > newest)
            {
                throw new StartupException($"The data in {_folder.Path} was written by a newer version of this service (schema {version}, this one knows {newest}).");
            }

            store = version > 0 ? new Store(_database, time) : null;
        });
        return store;
    }

    /// <summary>Closes in the opposite order: what is queued is committed, then stamped, then the folder is free.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_stamp is not null)
        {
            await _stamp.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        _folder?.Dispose();
        (_stamp, _database, _folder) = (null, null, null);
    }

    private static async Task GuardAsync(Func<Task> open)
    {
        try
        {
            await open();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or InvalidOperationException or StoreUnavailableException)
        {
            throw new StartupException(e.Message, e);
        }
        catch (SqliteException e)
        {
            throw new StartupException($"The database in Notifications:DataPath cannot be opened: {e.Message}", e);
        }
    }

    private static InvalidOperationException NotOpen() => new("The engine is not open: OpenNotificationsAsync comes first.");
}
