using System.Globalization;
using System.Reflection;
using Npgsql;

namespace Notifications.Storage;

/// <summary>Brings a database to the version of this program: numbered scripts, each in a transaction of its own.</summary>
public static class Migrator
{
    /// <summary>Any number that no other program in the same database locks.</summary>
    private const long AdvisoryLock = 0x6E6F_7469_6669_6361;

    private static readonly Assembly Assembly = typeof(Migrator).Assembly;

    /// <summary>The scripts of an engine, by version.</summary>
    /// <param name="engine">The folder under <c>Storage/Migrations</c>.</param>
    public static SortedDictionary<int, string> Scripts(string engine)
    {
        var prefix = $"Notifications.Storage.Migrations.{engine}.";
        var scripts = new SortedDictionary<int, string>();
        foreach (var name in Assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var stream = Assembly.GetManifestResourceStream(name)!;
            using var text = new StreamReader(stream);
            scripts.Add(int.Parse(name.AsSpan(prefix.Length, 3), CultureInfo.InvariantCulture), text.ReadToEnd());
        }

        return scripts;
    }

    /// <summary>Migrates the embedded database.</summary>
    /// <exception cref="InvalidOperationException">The data was written by a newer version.</exception>
    public static async Task MigrateSqliteAsync(IDatabase database)
    {
        var scripts = Scripts("Sqlite");
        await database.WriteAsync(async session =>
        {
            var version = await session.FirstAsync("PRAGMA user_version", r => r.GetInt32(0));
            if (version > scripts.Keys.Max())
            {
                throw new InvalidOperationException(
                    $"The data was written by a newer version of this service (schema {version}, this one knows {scripts.Keys.Max()}). " +
                    "Run that version, or point Notifications:DataPath at another folder.");
            }

            foreach (var (number, script) in scripts.Where(s => s.Key > version))
            {
                await session.ExecuteAsync(script);
                await session.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {number}"));
            }

            return version;
        });
    }

    /// <summary>
    /// Migrates the shared database. Nodes of this version and the one before run side by side while they are replaced, so a script only adds;
    /// what is no longer needed goes a version later. (1) one node at a time; (2) what is there; (3) each missing script.
    /// </summary>
    /// <param name="connection">A connection of its own.</param>
    /// <param name="time">The clock.</param>
    /// <param name="waiting">Told now and then while another node migrates.</param>
    /// <param name="cancellationToken">Gives up waiting.</param>
    /// <exception cref="InvalidOperationException">The data was written by a version that this one cannot work beside.</exception>
    public static async Task MigratePostgresAsync(NpgsqlConnection connection, TimeProvider time, Action waiting, CancellationToken cancellationToken)
    {
        var scripts = Scripts("Postgres");
        while (!await ScalarAsync<bool>(connection, $"SELECT pg_try_advisory_lock({AdvisoryLock})", cancellationToken)) // (1)
        {
            waiting();
            await Task.Delay(TimeSpan.FromMilliseconds(250), time, cancellationToken);
        }

        try
        {
            await ExecuteAsync( // (2)
                connection, "CREATE TABLE IF NOT EXISTS schema_version (version INTEGER NOT NULL PRIMARY KEY, oldest_program INTEGER NOT NULL)");
            var version = await ScalarAsync<int>(connection, "SELECT COALESCE(MAX(version), 0) FROM schema_version", cancellationToken);
            var oldest = await ScalarAsync<int>(connection, "SELECT COALESCE(MAX(oldest_program), 0) FROM schema_version", cancellationToken);
            if (oldest > scripts.Keys.Max())
            {
                throw new InvalidOperationException(
                    $"The data was written by a newer version of this service (schema {version}, this one knows {scripts.Keys.Max()}). " +
                    "Run that version, or point ConnectionStrings:Postgres at another database.");
            }

            foreach (var (number, script) in scripts.Where(s => s.Key > version)) // (3)
            {
                await using var transaction = await connection.BeginTransactionAsync(CancellationToken.None);
                await ExecuteAsync(connection, script);
                await ExecuteAsync(connection, string.Create(
                    CultureInfo.InvariantCulture, $"INSERT INTO schema_version (version, oldest_program) VALUES ({number}, {OldestProgram(script, number)})"));
                await transaction.CommitAsync(CancellationToken.None);
            }
        }
        finally
        {
            await ExecuteAsync(connection, $"SELECT pg_advisory_unlock({AdvisoryLock})");
        }
    }

    /// <summary>
    /// Up to which schema a program must know to work on this one: a script that older programs cannot work with begins with
    /// <c>-- oldest program: N</c>.
    /// </summary>
    private static int OldestProgram(string script, int number)
    {
        const string Mark = "-- oldest program: ";
        return script.StartsWith(Mark, StringComparison.Ordinal)
            ? int.Parse(script.AsSpan(Mark.Length, script.IndexOf('\n', StringComparison.Ordinal) - Mark.Length), CultureInfo.InvariantCulture)
            : Math.Min(number, 1);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = connection.CreateCommand();
#pragma warning disable CA2100 // Constants and numbers of this assembly.
        command.CommandText = sql;
#pragma warning restore CA2100
        return await command.ExecuteScalarAsync(cancellationToken) is T value ? value : default!;
    }

    private static Task<object?> ExecuteAsync(NpgsqlConnection connection, string sql) => ScalarAsync<object?>(connection, sql, CancellationToken.None);
}
