using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Log;
using Notifications.Redis;
using Notifications.Storage;
using Npgsql;

namespace Notifications.Hosting;

/// <summary>The server engine: Redis and PostgreSQL, shared with other processes. Opened once, before the service listens.</summary>
public sealed partial class ServerEngine(
    IConfiguration configuration, IOptions<NotificationsOptions> options, IOptions<RedisOptions> redisOptions, IOptions<PostgresOptions> postgresOptions,
    PostgresIdentity identity, TimeProvider time, ILoggerFactory loggers) : IAsyncDisposable
{
    private const int MinPostgresVersion = 140_000;
    private const int MinThreads = 32;
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan ReportEvery = TimeSpan.FromSeconds(5);

    private readonly ILogger _logger = loggers.CreateLogger<ServerEngine>();
    private PostgresDatabase? _database;
    private RedisLink? _link;
    private RedisEventLog? _log;

    /// <summary>The database.</summary>
    public PostgresDatabase Database => _database ?? throw NotOpen();

    /// <summary>The connection to Redis.</summary>
    public RedisLink Link => _link ?? throw NotOpen();

    /// <summary>The event log.</summary>
    public RedisEventLog Log => _log ?? throw NotOpen();

    /// <summary>Opens, in this order: (1) PostgreSQL, as it must be; (2) its schema; (3) the pool; (4) Redis, as it must be; (5) the log.</summary>
    /// <exception cref="StartupException">It cannot be opened; the message says why and what to do.</exception>
    public async Task OpenAsync()
    {
        // A database that hangs makes its driver block threads for moments; on a small machine everything else would wait for those.
        ThreadPool.GetMinThreads(out var workers, out var completions);
        ThreadPool.SetMinThreads(Math.Max(workers, MinThreads), completions);
        await using (var connection = await ConnectPostgresAsync()) // (1)
        {
            try
            {
                using var limit = new CancellationTokenSource(Patience, time);
                await Migrator.MigratePostgresAsync(connection, time, () => LogMigrating(_logger), limit.Token); // (2)
            }
            catch (InvalidOperationException e)
            {
                throw new StartupException(e.Message, e);
            }
            catch (OperationCanceledException e)
            {
                throw new StartupException("Another node has been migrating the database in ConnectionStrings:Postgres for too long; see its log, and start again when it is done.", e);
            }
            catch (NpgsqlException e)
            {
                throw new StartupException($"The database in ConnectionStrings:Postgres could not be migrated: {e.Message} Its user needs the right to create tables.", e);
            }
        }

        _database = new PostgresDatabase(configuration.GetConnectionString("Postgres")!, identity.CheckAsync); // (3)
        await OpenRedisAsync(); // (4)
        try
        {
            _log = await RedisEventLog.OpenAsync(_link!, redisOptions.Value, time, options.Value.Log.Layout(server: true), options.Value.Log.LimitBytes); // (5)
            await _database.ReadAsync(session => session.FirstAsync("SELECT 1", r => r.GetInt32(0)));
        }
        catch (Exception e) when (e is InvalidOperationException or RedisUnavailableException or LogUnavailableException or StoreUnavailableException)
        {
            throw new StartupException(e.Message, e);
        }
    }

    /// <summary>Checks, changing no data, what <see cref="OpenAsync"/> would find.</summary>
    /// <returns>The store as it is, or null where there is no schema yet.</returns>
    /// <exception cref="StartupException">It could not be opened.</exception>
    public async Task<Store?> CheckAsync()
    {
        bool migrated;
        await using (var connection = await ConnectPostgresAsync())
        {
            await using var command = connection.CreateCommand();
            command.CommandText = "SELECT to_regclass('schema_version') IS NOT NULL AND to_regclass('settings') IS NOT NULL";
            migrated = await command.ExecuteScalarAsync() is true;
        }

        await OpenRedisAsync();
        _database = new PostgresDatabase(configuration.GetConnectionString("Postgres")!);
        return migrated ? new Store(_database, time) : null;
    }

    /// <summary>Closes in the opposite order.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_log is not null)
        {
            await _log.DisposeAsync();
        }

        if (_link is not null)
        {
            await _link.DisposeAsync();
        }

        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        (_log, _link, _database) = (null, null, null);
    }

    private TimeSpan Patience => TimeSpan.FromSeconds(options.Value.StartupWaitSeconds);

    private async Task<NpgsqlConnection> ConnectPostgresAsync()
    {
        var text = configuration.GetConnectionString("Postgres")!;
        NpgsqlConnection connection;
        try
        {
            connection = await WaitForAsync("ConnectionStrings:Postgres", () => PostgresDatabase.ConnectAloneAsync(text, CancellationToken.None), IsTransient);
        }
        catch (ArgumentException e)
        {
            throw new StartupException($"ConnectionStrings:Postgres cannot be read: {e.Message}", e);
        }

        try
        {
            await CheckPostgresAsync(connection);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    private async Task CheckPostgresAsync(NpgsqlConnection connection)
    {
        await using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT pg_is_in_recovery(), current_setting('synchronous_commit'), current_setting('fsync'), current_setting('server_encoding'), " +
            "current_setting('server_version_num')::int, current_setting('server_version')";
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        var (synchronous, fsync) = (reader.GetString(1), reader.GetString(2));
        if (reader.GetBoolean(0))
        {
            throw new StartupException(
                "ConnectionStrings:Postgres names a standby, which takes no writes and may show commits in another order; name the primary (with several hosts: Target Session Attributes=primary).");
        }

        if (synchronous == "off" && !postgresOptions.Value.AllowDataLoss)
        {
            throw new StartupException(
                "PostgreSQL runs with synchronous_commit=off, so a crash would lose commits that were acknowledged. Set synchronous_commit=on (ALTER DATABASE … SET synchronous_commit = on), or accept the risk with Notifications:Postgres:AllowDataLoss=true.");
        }

        if (fsync == "off" && !postgresOptions.Value.AllowDataLoss)
        {
            throw new StartupException(
                "PostgreSQL runs with fsync=off, so a crash can destroy the database. Set fsync=on in postgresql.conf, or accept the risk with Notifications:Postgres:AllowDataLoss=true.");
        }

        if (reader.GetString(3) != "UTF8")
        {
            throw new StartupException($"The database in ConnectionStrings:Postgres has the encoding {reader.GetString(3)}; create one with ENCODING 'UTF8'.");
        }

        if (reader.GetInt32(4) < MinPostgresVersion)
        {
            throw new StartupException($"PostgreSQL {reader.GetString(5)} is too old; this service needs {MinPostgresVersion / 10_000} or newer.");
        }
    }

    private async Task OpenRedisAsync()
    {
        try
        {
            _link = await WaitForAsync(
                "ConnectionStrings:Redis",
                () => RedisLink.ConnectAsync(configuration.GetConnectionString("Redis")!, redisOptions.Value, time, loggers.CreateLogger<RedisLink>()),
                e => e is RedisUnavailableException);
        }
        catch (RedisUnsafeException e)
        {
            throw new StartupException(e.Message, e);
        }
        catch (ArgumentException e)
        {
            throw new StartupException($"ConnectionStrings:Redis cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Tries until it succeeds, or fails for good, or the patience that is configured is at its end.</summary>
    private async Task<T> WaitForAsync<T>(string setting, Func<Task<T>> connect, Func<Exception, bool> isTransient)
    {
        var started = time.GetTimestamp();
        var reported = TimeSpan.Zero;
        while (true)
        {
            try
            {
                return await connect();
            }
            catch (Exception e) when (isTransient(e))
            {
                var waited = time.GetElapsedTime(started);
                var reason = e.InnerException is { } inner && e is not RedisUnavailableException ? $"{e.Message} ({inner.Message})" : e.Message;
                if (waited + Retry > Patience)
                {
                    throw new StartupException($"The server in {setting} cannot be used after {waited.TotalSeconds:0} s: {reason.TrimEnd('.')}. Is it running and the address right? Notifications:StartupWaitSeconds says how long to wait.", e);
                }

                if (reported == TimeSpan.Zero || waited - reported >= ReportEvery)
                {
                    LogWaiting(_logger, setting, waited.TotalSeconds, Patience.TotalSeconds, reason);
                    reported = waited + TimeSpan.FromTicks(1);
                }

                await Task.Delay(Retry, time);
            }
            catch (PostgresException e)
            {
                throw new StartupException($"PostgreSQL refused the connection in {setting}: {e.MessageText}", e);
            }
        }
    }

    /// <summary>Not there yet, or starting; as opposed to a wrong password or database.</summary>
    private static bool IsTransient(Exception e) => e switch
    {
        PostgresException p => p.SqlState[..2] is "57" or "53" or "08",
        NpgsqlException or TimeoutException or IOException => true,
        _ => false,
    };

    private static InvalidOperationException NotOpen() => new("The engine is not open: OpenNotificationsAsync comes first.");

    [LoggerMessage(2030, LogLevel.Warning, "Waiting for the server in {Setting} ({Waited:0} of {Limit:0} s): {Reason}")]
    private static partial void LogWaiting(ILogger logger, string setting, double waited, double limit, string reason);

    [LoggerMessage(2031, LogLevel.Information, "Waiting for another node to migrate the database")]
    private static partial void LogMigrating(ILogger logger);
}
