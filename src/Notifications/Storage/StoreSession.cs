using System.Collections;
using System.Data.Common;

namespace Notifications.Storage;

/// <summary>
/// One transaction or snapshot. Statements are prepared once per connection and found again by their text, so a statement is a
/// constant; parameters are positional (<c>$1</c>, <c>$2</c>, …), which both databases understand. <c>{lock}</c> at the end of a query locks
/// the rows it returns, <c>{lock a}</c> only those of the table named <c>a</c> in it, <c>{lock free}</c> those nobody else has locked;
/// <c>{now}</c> is the time by the database's clock, in Unix milliseconds.
/// </summary>
public abstract class StoreSession
{
    /// <summary>Runs a statement and returns the number of rows it changed.</summary>
    public abstract ValueTask<int> ExecuteAsync(string sql, params object?[] arguments);

    /// <summary>Runs a query and maps each row.</summary>
    public abstract ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> map, params object?[] arguments);

    /// <summary>Runs a query of at most one row; default where there is none.</summary>
    public async ValueTask<T?> FirstAsync<T>(string sql, Func<DbDataReader, T> map, params object?[] arguments)
    {
        var rows = await QueryAsync(sql, map, arguments);
        return rows.Count == 0 ? default : rows[0];
    }

    /// <summary>
    /// Runs a statement for a set of rows, which it names <c>{rows}</c>, as in <c>INSERT INTO t (a, b) SELECT r.a, r.b FROM {rows} AS r
    /// WHERE true</c>. Each row is one execution of a prepared statement in SQLite, all are one statement over arrays in PostgreSQL.
    /// </summary>
    /// <returns>How many rows were changed.</returns>
    public abstract ValueTask<int> ExecuteAsync(string sql, Rows rows);

    /// <summary>Like <see cref="ExecuteAsync(string, Rows)"/>, for statements that return rows (in no promised order).</summary>
    public abstract ValueTask<List<T>> QueryAsync<T>(string sql, Func<DbDataReader, T> map, Rows rows);
}

/// <summary>The columns of a set of rows, each an array of the same length.</summary>
public sealed class Rows
{
    private readonly List<(string Name, IList Values)> _columns = [];

    /// <summary>The columns, in the order of their parameters.</summary>
    public IReadOnlyList<(string Name, IList Values)> Columns => _columns;

    /// <summary>How many rows there are.</summary>
    public int Count { get; private set; }

    /// <summary>The names of the columns, in the order of the parameters.</summary>
    internal string[] Names() => [.. _columns.Select(c => c.Name)];

    /// <summary>
    /// The values of a column by its name. A statement is kept with the columns it was first used with, and may be used elsewhere with the same ones
    /// in another order.
    /// </summary>
    /// <param name="name">Which.</param>
    /// <param name="expected">Where it nearly always is.</param>
    /// <exception cref="ArgumentException">There is none.</exception>
    internal IList Values(string name, int expected)
    {
        if (expected < _columns.Count && _columns[expected].Name == name)
        {
            return _columns[expected].Values;
        }

        var at = _columns.FindIndex(c => c.Name == name);
        return at >= 0 ? _columns[at].Values : throw new ArgumentException($"The statement needs a column {name}.", nameof(name));
    }

    /// <summary>Adds a column.</summary>
    /// <exception cref="ArgumentException">Its length differs from that of the columns before.</exception>
    public Rows With<T>(string name, T[] values)
    {
        if (_columns.Count > 0 && values.Length != Count)
        {
            throw new ArgumentException($"Column {name} has {values.Length} values, the others {Count}.", nameof(values));
        }

        Count = values.Length;
        _columns.Add((name, values));
        return this;
    }
}
