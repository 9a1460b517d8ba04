using System.Collections;
using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Notifications.Storage;

/// <summary>
/// A session over one SQLite connection. Everything completes synchronously (SQLite has no asynchronous I/O), which is what lets
/// a unit of work run on the writer's thread from its first statement to its last.
/// </summary>
internal sealed class SqliteSession(SqliteConnection connection) : StoreSession, IDisposable
{
    private readonly Dictionary<string, SqliteCommand> _prepared = new(ReferenceEqualityOrText.Instance);

    /// <summary>Of statements over rows, the names of the columns in the order of the parameters.</summary>
    private readonly Dictionary<SqliteCommand, string[]> _columns = [];

    /// <summary>Runs a statement at once.</summary>
    public int Execute(string sql, params object?[] arguments) => Bind(sql, arguments).ExecuteNonQuery();

    public override ValueTask<int> ExecuteAsync(string sql, params object?[] arguments) => new(Execute(sql, arguments));

    public override ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> map, params object?[] arguments)
    {
        var result = new List<T>();
        Read(Bind(sql, arguments), map, result);
        return new(result);
    }

    public override ValueTask<int> ExecuteAsync(string sql, Rows rows)
    {
        var (command, columns) = Prepare(sql, rows);
        var changed = 0;
        for (var i = 0; i < rows.Count; i++)
        {
            BindRow(command, columns, i);
            changed += command.ExecuteNonQuery();
        }

        return new(changed);
    }

    public override ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> map, Rows rows)
    {
        var (command, columns) = Prepare(sql, rows);
        var result = new List<T>(rows.Count);
        for (var i = 0; i < rows.Count; i++)
        {
            BindRow(command, columns, i);
            Read(command, map, result);
        }

        return new(result);
    }

    public void Dispose()
    {
        foreach (var command in _prepared.Values)
        {
            command.Dispose();
        }

        connection.Dispose();
    }

    private static void Read<T>(SqliteCommand command, Func<DbDataReader, T> map, List<T> result)
    {
        using var reader = command.ExecuteReader();
        while (reader.Read())
        {
            result.Add(map(reader));
        }
    }

    private static void BindRow(SqliteCommand command, IList[] columns, int row)
    {
        for (var c = 0; c < columns.Length; c++)
        {
            command.Parameters[c].Value = columns[c][row] ?? DBNull.Value;
        }
    }

    private SqliteCommand Bind(string sql, object?[] arguments)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            command = Create(sql, sql, arguments.Length);
        }

        for (var i = 0; i < arguments.Length; i++)
        {
            command.Parameters[i].Value = arguments[i] ?? DBNull.Value;
        }

        return command;
    }

    /// <returns>The statement, and the columns in the order of its parameters.</returns>
    private (SqliteCommand Command, IList[] Columns) Prepare(string sql, Rows rows)
    {
        if (!_prepared.TryGetValue(sql, out var command))
        {
            var row = "(SELECT " + string.Join(", ", rows.Columns.Select((column, i) => $"${i + 1} AS {column.Name}")) + ")";
            command = Create(sql, sql.Replace("{rows}", row, StringComparison.Ordinal), rows.Columns.Count);
            _columns.Add(command, rows.Names());
        }

        var names = _columns[command];
        var columns = new IList[names.Length];
        for (var c = 0; c < columns.Length; c++)
        {
            columns[c] = rows.Values(names[c], c);
        }

        return (command, columns);
    }

    private SqliteCommand Create(string key, string text, int parameters)
    {
        var command = connection.CreateCommand();
#pragma warning disable CA2100 // The text is one of this assembly's constants; values are parameters.
        command.CommandText = Text(text);
#pragma warning restore CA2100
        for (var i = 1; i <= parameters; i++)
        {
            command.Parameters.Add(new SqliteParameter($"${i}", null));
        }

        _prepared.Add(key, command);
        return command;
    }

    /// <summary>The statement in SQLite's words; see <see cref="StoreSession"/>. One writer: rows need no locks.</summary>
    private static string Text(string sql)
    {
        var text = sql.Replace("{now}", "CAST(unixepoch('subsec') * 1000 AS INTEGER)", StringComparison.Ordinal);
        var at = text.IndexOf("{lock", StringComparison.Ordinal);
        return at < 0 ? text : text.Remove(at, text.IndexOf('}', at) + 1 - at);
    }

    /// <summary>Statements are constants, so the same text is nearly always the same object.</summary>
    private sealed class ReferenceEqualityOrText : IEqualityComparer<string>
    {
        public static readonly ReferenceEqualityOrText Instance = new();

        public bool Equals(string? x, string? y) => ReferenceEquals(x, y) || string.Equals(x, y, StringComparison.Ordinal);

        public int GetHashCode(string text) => string.GetHashCode(text.AsSpan(0, Math.Min(text.Length, 64)), StringComparison.Ordinal) ^ text.Length;
    }
}
