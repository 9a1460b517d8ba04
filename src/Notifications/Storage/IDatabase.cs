namespace Notifications.Storage;

/// <summary>
/// A database behind <see cref="Store"/>: how a transaction is run. SQL is written in the subset that SQLite and PostgreSQL share;
/// what they don't share is behind <see cref="StoreSession"/>.
/// </summary>
public interface IDatabase : IAsyncDisposable
{
    /// <summary>
    /// Runs <paramref name="work"/> in a transaction and returns its result once that is committed and durable. An exception from the
    /// work rolls back this work alone and is thrown here. The work may be run on another thread and must await nothing but the session.
    /// </summary>
    /// <exception cref="StoreUnavailableException">The database is away, full, or the outcome of the commit is unknown.</exception>
    Task<T> WriteAsync<T>(Func<StoreSession, ValueTask<T>> work);

    /// <summary>Runs <paramref name="work"/> on one snapshot, which ends before this returns.</summary>
    /// <exception cref="StoreUnavailableException">The database is away.</exception>
    Task<T> ReadAsync<T>(Func<StoreSession, ValueTask<T>> work, CancellationToken cancellationToken = default);
}
