namespace Notifications.Storage;

/// <summary>
/// Everything that is stored, in plain SQL, by feature in partial files. Lock order, jobs included: partition, broadcast counter, heads by
/// (tenant, user) in ordinal order, the rest.
/// </summary>
/// <param name="database">Where it is stored.</param>
/// <param name="time">The clock that stamps what is stored.</param>
public sealed partial class Store(IDatabase database, TimeProvider time)
{
    /// <summary>Now, in Unix milliseconds, the unit of every time in the store.</summary>
    private long Now => time.GetUtcNow().ToUnixTimeMilliseconds();

    private static string? Text(System.Data.Common.DbDataReader r, int column) => r.IsDBNull(column) ? null : r.GetString(column);
}
