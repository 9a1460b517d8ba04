using System.Diagnostics;
using Notifications.IntegrationTests.Support;
using Npgsql;

namespace Notifications.Benchmarks;

/// <summary>Inbox rows written with nothing but a driver, into a table with the same columns and indexes, one for each of many users in each transaction.</summary>
internal sealed class InsertFloor : IAsyncDisposable
{
    private readonly NpgsqlConnection _connection;
    private readonly string[] _users;
    private long _seq;

    private InsertFloor(NpgsqlConnection connection, int users)
    {
        _connection = connection;
        _users = [.. Enumerable.Range(0, users).Select(u => $"u{u}").Order(StringComparer.Ordinal)];
    }

    /// <summary>Makes the table.</summary>
    public static async Task<InsertFloor> OpenAsync(Cluster cluster, int users)
    {
        var connection = new NpgsqlConnection(cluster.Postgres.ConnectionString(Cluster.Database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand("CREATE TABLE floor_inbox (LIKE inbox INCLUDING ALL)", connection);
        await command.ExecuteNonQueryAsync();
        return new InsertFloor(connection, users);
    }

    /// <summary>Inserts for as long as a turn takes.</summary>
    /// <returns>Rows each second.</returns>
    public async Task<double> MeasureAsync()
    {
        await using var insert = new NpgsqlCommand(
            "INSERT INTO floor_inbox (tenant, user_id, seq, rev, event_id, created_at) SELECT 'default', u, $2, $2, $3, $4 FROM unnest($1) u", _connection);
        insert.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = _users });
        var seq = new NpgsqlParameter<long>();
        var id = new NpgsqlParameter<byte[]>();
        insert.Parameters.Add(seq);
        insert.Parameters.Add(id);
        insert.Parameters.Add(new NpgsqlParameter<long> { TypedValue = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() });
        await insert.PrepareAsync();
        var (began, rows) = (Stopwatch.GetTimestamp(), 0L);
        while (Stopwatch.GetElapsedTime(began) < Turn.Length)
        {
            (seq.TypedValue, id.TypedValue) = (++_seq, Guid.CreateVersion7().ToByteArray(bigEndian: true));
            rows += await insert.ExecuteNonQueryAsync();
        }

        return rows / Stopwatch.GetElapsedTime(began).TotalSeconds;
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _connection.DisposeAsync();
}
