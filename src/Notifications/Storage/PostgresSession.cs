using System.Collections.Concurrent;
using System.Data.Common;
using Npgsql;

namespace Notifications.Storage;

/// <summary>
/// A session over one PostgreSQL connection, in a transaction or a snapshot. Statements are prepared by the driver once they were used twice;
/// a set of rows goes over as one array per column.
/// </summary>
internal sealed class PostgresSession(NpgsqlConnection connection, NpgsqlTransaction transaction) : StoreSession
{
    /// <summary>What the database's clock says, in Unix milliseconds; not the time the transaction began.</summary>
    private const string Clock = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000)::bigint";

    private static readonly ConcurrentDictionary<string, string> Texts = new(StringComparer.Ordinal);

    /// <summary>Statements over rows, each with the names of its columns in the order of its parameters.</summary>
    private static readonly ConcurrentDictionary<string, (string Text, string[] Names)> RowTexts = new(StringComparer.Ordinal);

    public override async ValueTask<int> ExecuteAsync(string sql, params object?[] arguments)
    {
        await using var command = Bind(sql, arguments);
        return Math.Max(0, await command.ExecuteNonQueryAsync());
    }

    public override async ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> map, params object?[] arguments)
    {
        await using var command = Bind(sql, arguments);
        return await ReadAsync(command, map);
    }

    public override async ValueTask<int> ExecuteAsync(string sql, Rows rows)
    {
        if (rows.Count == 0)
        {
            return 0;
        }

        await using var command = Bind(sql, rows);
        return Math.Max(0, await command.ExecuteNonQueryAsync());
    }

    public override async ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> map, Rows rows)
    {
        if (rows.Count == 0)
        {
            return [];
        }

        await using var command = Bind(sql, rows);
        return await ReadAsync(command, map);
    }

    private static async ValueTask<List<T>> ReadAsync<T>(NpgsqlCommand command, Func<DbDataReader, T> map)
    {
        var result = new List<T>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            result.Add(map(reader));
        }

        return result;
    }

    private NpgsqlCommand Bind(string sql, object?[] arguments)
    {
        var command = Create(Texts.GetOrAdd(sql, Text));
        foreach (var argument in arguments)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = argument ?? DBNull.Value });
        }

        return command;
    }

    private NpgsqlCommand Bind(string sql, Rows rows)
    {
        if (!RowTexts.TryGetValue(sql, out var known))
        {
            known = RowTexts.GetOrAdd(sql, (Text(sql).Replace("{rows}", Unnest(rows), StringComparison.Ordinal), rows.Names()));
        }

        var command = Create(known.Text);
        for (var i = 0; i < known.Names.Length; i++)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = rows.Values(known.Names[i], i) });
        }

        return command;
    }

    private NpgsqlCommand Create(string text)
    {
#pragma warning disable CA2100 // The text is one of this assembly's constants; values are parameters.
        return new NpgsqlCommand(text, connection, transaction);
#pragma warning restore CA2100
    }

    /// <summary>The statement in PostgreSQL's words; see <see cref="StoreSession"/>.</summary>
    private static string Text(string sql)
    {
        var text = sql.Replace("{now}", Clock, StringComparison.Ordinal).Replace("{lock}", "FOR UPDATE", StringComparison.Ordinal)
            .Replace("{lock free}", "FOR UPDATE SKIP LOCKED", StringComparison.Ordinal);
        var at = text.IndexOf("{lock ", StringComparison.Ordinal);
        return at < 0 ? text : string.Concat(text.AsSpan(0, at), "FOR UPDATE OF ", text.AsSpan(at + 6, text.IndexOf('}', at) - at - 6), text.AsSpan(text.IndexOf('}', at) + 1));
    }

    private static string Unnest(Rows rows) =>
        "(SELECT * FROM unnest(" + string.Join(", ", rows.Columns.Select((column, i) => $"${i + 1}::{Type(column.Values)}[]")) + ") AS u(" +
        string.Join(", ", rows.Columns.Select(column => column.Name)) + "))";

    private static string Type(System.Collections.IList values) => values switch
    {
        string?[] => "text",
        byte[]?[] => "bytea",
        long[] or long?[] => "bigint",
        int[] or int?[] => "integer",
        _ => throw new ArgumentException($"{values.GetType()} is no column that is stored.", nameof(values)),
    };
}
