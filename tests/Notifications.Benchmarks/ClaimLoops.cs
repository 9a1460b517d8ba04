using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Notifications.Channels;
using Notifications.Storage;
using Npgsql;

namespace Notifications.Benchmarks;

/// <summary>Takes and settles as the service does, without sending.</summary>
internal sealed class Claimer(Store store)
{
    /// <summary>How many at a time.</summary>
    public const int Batch = 100;

    /// <summary>Of which channel.</summary>
    public const string Channel = "webhook";

    /// <summary>Whose.</summary>
    public const string Tenant = "default";

    private const string Node = "figures";

    private static readonly TimeSpan ClaimLife = TimeSpan.FromSeconds(150);

    /// <summary>As often the service looks from the beginning again.</summary>
    private static readonly TimeSpan FromTheBeginning = TimeSpan.FromSeconds(5);

    private long _began = Stopwatch.GetTimestamp();
    private long _floor;

    /// <summary>Takes some and settles them.</summary>
    /// <returns>How many.</returns>
    public async Task<int> NextAsync()
    {
        if (Stopwatch.GetElapsedTime(_began) > FromTheBeginning)
        {
            (_began, _floor) = (Stopwatch.GetTimestamp(), 0);
        }

        var claims = await store.ClaimAsync(Channel, Node, Batch, _floor, (TimeProvider.System.GetUtcNow() + ClaimLife).ToUnixTimeMilliseconds());
        _floor = claims.Count == Batch ? claims[^1].DueAt : 0;
        await store.SettleAsync(Node, [.. claims.Select(c => new Settlement(c, DeliveryStates.Sent, "sent") { Code = 204 })]);
        return claims.Count;
    }
}

/// <summary>The same with nothing but a driver, in one transaction.</summary>
internal sealed class PostgresLoop : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;

    private PostgresLoop(NpgsqlConnection connection) => _connection = connection;

    public static async Task<PostgresLoop> OpenAsync(string connectionString)
    {
        var connection = new NpgsqlConnection(connectionString + ";Pooling=false;Max Auto Prepare=20;Auto Prepare Min Usages=2");
        await connection.OpenAsync();
        return new PostgresLoop(connection);
    }

    /// <inheritdoc cref="Claimer.NextAsync"/>
    public async Task<int> NextAsync()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await using var transaction = await _connection.BeginTransactionAsync();
        var ids = new List<byte[]>(Claimer.Batch);
        await using (var select = Command(
            "SELECT id FROM delivery_queue WHERE channel = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3 FOR UPDATE SKIP LOCKED", Claimer.Channel, now, Claimer.Batch))
        await using (var reader = await select.ExecuteReaderAsync())
        {
            while (await reader.ReadAsync())
            {
                ids.Add((byte[])reader[0]);
            }
        }

        await using var delete = Command("DELETE FROM delivery_queue WHERE id = ANY($1)", (object)ids.ToArray());
        await delete.ExecuteNonQueryAsync();
        await using var note = Command(
            "UPDATE deliveries SET state = 'sent', reason = 'sent', finished_at = $1, attempts = 1, last_attempt_at = $1, last_code = 204 WHERE tenant = $2 AND id = ANY($3)",
            now, Claimer.Tenant, ids.ToArray());
        await note.ExecuteNonQueryAsync();
        await transaction.CommitAsync();
        return ids.Count;

        NpgsqlCommand Command(string sql, params object[] values)
        {
#pragma warning disable CA2100 // The text is one of the constants above.
            var command = new NpgsqlCommand(sql, _connection, transaction);
#pragma warning restore CA2100
            foreach (var value in values)
            {
                command.Parameters.Add(new NpgsqlParameter { Value = value });
            }

            return command;
        }
    }

    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}

/// <summary>The same with nothing but a driver, in one transaction.</summary>
internal sealed class SqliteLoop
{
    private readonly SqliteConnection _connection;
    private readonly SqliteCommand _select, _delete, _note;

    /// <param name="connection">Open; set here as the service sets its own.</param>
    public SqliteLoop(SqliteConnection connection)
    {
        _connection = connection;
        using var settings = Command(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-64000; PRAGMA mmap_size=268435456; PRAGMA wal_autocheckpoint=4000", 0);
        settings.ExecuteNonQuery();
        _select = Command("SELECT id FROM delivery_queue WHERE channel = $1 AND due_at <= $2 ORDER BY due_at LIMIT $3", 3);
        _delete = Command("DELETE FROM delivery_queue WHERE id = $1", 1);
        _note = Command(
            "UPDATE deliveries SET state = 'sent', reason = 'sent', finished_at = $1, attempts = 1, last_attempt_at = $1, last_code = 204 WHERE tenant = $2 AND id = $3", 3);
    }

    /// <inheritdoc cref="Claimer.NextAsync"/>
    public Task<int> NextAsync()
    {
        var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        using var transaction = _connection.BeginTransaction(deferred: false);
        var ids = new List<byte[]>(Claimer.Batch);
        using (var reader = With(_select, transaction, Claimer.Channel, now, Claimer.Batch).ExecuteReader())
        {
            while (reader.Read())
            {
                ids.Add((byte[])reader[0]);
            }
        }

        foreach (var id in ids)
        {
            With(_delete, transaction, id).ExecuteNonQuery();
            With(_note, transaction, now, Claimer.Tenant, id).ExecuteNonQuery();
        }

        transaction.Commit();
        return Task.FromResult(ids.Count);
    }

    private static SqliteCommand With(SqliteCommand command, SqliteTransaction transaction, params object[] values)
    {
        command.Transaction = transaction;
        for (var i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i];
        }

        return command;
    }

    private SqliteCommand Command(string sql, int parameters)
    {
#pragma warning disable CA2100 // The text is one of the constants above.
        var command = new SqliteCommand(sql, _connection);
#pragma warning restore CA2100
        for (var i = 1; i <= parameters; i++)
        {
            command.Parameters.Add(new SqliteParameter($"${i}", null));
        }

        return command;
    }
}
