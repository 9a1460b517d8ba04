using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;
using Notifications.IntegrationTests.Support;
using Notifications.Storage;
using Npgsql;

namespace Notifications.Benchmarks;

/// <summary>
/// The queue of deliveries alone: one claimer takes 100 at a time and settles them as sent. The bare loop has the same tables, and takes, deletes and
/// notes them in one transaction, which nobody could who has to send in between.
/// </summary>
internal static class ClaimFigures
{
    private const int Rows = ClaimRun.Rows;
    private const string Database = "queue";

    /// <summary>Deliveries that become due in the same millisecond, where many events come one after the other.</summary>
    private const int Usual = 10;

    /// <summary>Measures all of it.</summary>
    public static async Task AddAsync(Table table)
    {
        await table.TryAsync("claims, PostgreSQL", () => PostgresAsync(table));
        await table.TryAsync("claims, SQLite", () => SqliteAsync(table));
    }

    private static async Task PostgresAsync(Table table)
    {
        await using var server = await PostgresServer.StartAsync();
        var connectionString = await server.CreateDatabaseAsync(Database);
        await using (var connection = await PostgresDatabase.ConnectAloneAsync(connectionString, CancellationToken.None))
        {
            await Migrator.MigratePostgresAsync(connection, TimeProvider.System, () => { }, CancellationToken.None);
        }

        await using var database = new PostgresDatabase(connectionString);
        var store = new Store(database, TimeProvider.System);
        await table.TryAsync("claims", () => ClaimRun.AddAsync(
            table, "PostgreSQL", "one claimer, 100 at a time; the bare loop does it in one transaction", Turns.Count,
            () => StoreAsync(Usual, held: false), () => BareAsync(Usual, held: false)));
        const string Held = "a transaction that is open for as long, so that nothing that was deleted can be cleared away";
        await table.TryAsync("held", () => ClaimRun.AddAsync(
            table, "PostgreSQL, beside a long transaction", Held, 1, () => StoreAsync(Usual, held: true), () => BareAsync(Usual, held: true)));
        await table.TryAsync("same", () => ClaimRun.AddAsync(
            table, "PostgreSQL, all due at the same time", "as those of one event to many are", 1, () => StoreAsync(Rows, held: false), () => BareAsync(Rows, held: false)));
        await table.TryAsync("same, held", () => ClaimRun.AddAsync(
            table, "PostgreSQL, all due at the same time, beside a long transaction", Held, 1, () => StoreAsync(Rows, held: true), () => BareAsync(Rows, held: true)));

        Task<ClaimRun> StoreAsync(int together, bool held) => BesideAsync(together, held, () => ClaimRun.MeasureAsync(new Claimer(store).NextAsync));

        Task<ClaimRun> BareAsync(int together, bool held) => BesideAsync(together, held, async () =>
        {
            await using var loop = await PostgresLoop.OpenAsync(connectionString);
            return await ClaimRun.MeasureAsync(loop.NextAsync);
        });

        async Task<ClaimRun> BesideAsync(int together, bool held, Func<Task<ClaimRun>> measure)
        {
            await FillAsync(server, together);
            await using var other = new NpgsqlConnection(connectionString + ";Pooling=false");
            await other.OpenAsync();
            await using var transaction = held ? await other.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead) : null;
            await using var snapshot = new NpgsqlCommand("SELECT COUNT(*) FROM nodes", other, transaction);
            await snapshot.ExecuteScalarAsync();
            return await measure();
        }
    }

    private static async Task SqliteAsync(Table table)
    {
        await ClaimRun.AddAsync(table, "SQLite", "the same", Turns.Count, () => MeasureAsync(StoreAsync), () => MeasureAsync(BareAsync));

        static async Task<ClaimRun> MeasureAsync(Func<string, Task<ClaimRun>> measure)
        {
            using var folder = new TempFolder(ServerData.Root);
            var path = Path.Combine(folder.Path, "notifications.db");
            await using (var database = new SqliteDatabase(path, 1, NullLogger<SqliteDatabase>.Instance))
            {
                await Migrator.MigrateSqliteAsync(database);
                foreach (var statement in Filling(Usual, "WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {0})", "unhex(printf('%032x', n))"))
                {
                    await database.WriteAsync(session => session.ExecuteAsync(statement));
                }
            }

            return await measure(path);
        }

        static async Task<ClaimRun> StoreAsync(string path)
        {
            await using var database = new SqliteDatabase(path, 1, NullLogger<SqliteDatabase>.Instance);
            return await ClaimRun.MeasureAsync(new Claimer(new Store(database, TimeProvider.System)).NextAsync);
        }

        static async Task<ClaimRun> BareAsync(string path)
        {
            await using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = path, Pooling = false }.ConnectionString);
            await connection.OpenAsync();
            return await ClaimRun.MeasureAsync(new SqliteLoop(connection).NextAsync);
        }
    }

    private static async Task FillAsync(PostgresServer server, int together)
    {
        await server.ExecuteAsync(Database, "TRUNCATE delivery_queue, deliveries");
        foreach (var statement in Filling(together, "WITH g(n) AS (SELECT generate_series(1, {0}))", "decode(lpad(to_hex(n), 32, '0'), 'hex')"))
        {
            await server.ExecuteAsync(Database, statement);
        }

        await server.ExecuteAsync(Database, "VACUUM ANALYZE delivery_queue, deliveries");
        await server.ExecuteAsync(Database, "CHECKPOINT");
    }

    /// <summary>Deliveries as events leave them, due a minute ago.</summary>
    private static IEnumerable<string> Filling(int together, string numbers, string id)
    {
        var due = TimeProvider.System.GetUtcNow().AddMinutes(-1).ToUnixTimeMilliseconds();
        var g = string.Format(CultureInfo.InvariantCulture, numbers, Rows);
        yield return "INSERT INTO deliveries (tenant, id, event_id, user_id, channel, target, kind, seq, state, reason, created_at, due_at) " +
            $"{g} SELECT '{Claimer.Tenant}', {id}, {id}, 'u' || n % 1000, '{Claimer.Channel}', 'wh_0199f0c52f7b7c3e8a4d5b6c7d8e9f01', 'event', n, 'pending', 'default', " +
            $"{due} + n / {together}, {due} + n / {together} FROM g";
        yield return "INSERT INTO delivery_queue (id, tenant, channel, due_at) SELECT id, tenant, channel, due_at FROM deliveries";
    }
}
