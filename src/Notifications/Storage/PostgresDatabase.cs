using System.Net.Sockets;
using Npgsql;

namespace Notifications.Storage;

/// <summary>
/// PostgreSQL as the store. Every session is bounded on both sides: the server ends a transaction that stands still, waits for a lock or runs too
/// long, so that a process that froze in the middle of one holds nobody up; the driver gives up on a server that does not answer.
/// </summary>
public sealed class PostgresDatabase : IDatabase
{
    private const int MaxAttempts = 5;

    /// <summary>
    /// A frozen dispatcher would otherwise hold its users' heads for ever (idle). Whoever waits for a lock waits longer than that, so that the wait ends
    /// well (lock). Nothing that runs here takes long (statement).
    /// </summary>
    private const string ServerLimits =
        "-c idle_in_transaction_session_timeout=5s -c lock_timeout=10s -c statement_timeout=15s";

    private readonly NpgsqlDataSource _source;
    private readonly Func<StoreSession, ValueTask>? _onConnect;

    /// <summary>Prepares the connection pool; connects on first use.</summary>
    /// <param name="connectionString">Npgsql's; what it leaves open is set to what this service needs.</param>
    /// <param name="onConnect">Looks at the database over each new connection before that is used; what it throws fails the connection.</param>
    public PostgresDatabase(string connectionString, Func<StoreSession, ValueTask>? onConnect = null)
    {
        _onConnect = onConnect;
        var builder = new NpgsqlDataSourceBuilder(Complete(connectionString).ConnectionString);
        builder.UsePhysicalConnectionInitializer(_ => throw new NotSupportedException("Connections are opened asynchronously."), InitializeAsync);
        _source = builder.Build();
    }

    /// <summary>Told when the answer to a COMMIT was lost: something may be stored that nobody will tell of. Must return at once.</summary>
    public event Action? InDoubt;

    /// <inheritdoc/>
    /// <remarks>
    /// A transaction that lost a deadlock or a race of serialization was rolled back whole, and is run again. Where it cannot be known
    /// whether a COMMIT happened, the caller hears <see cref="StoreUnavailableException"/> and looks.
    /// </remarks>
    public async Task<T> WriteAsync<T>(Func<StoreSession, ValueTask<T>> work)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var connection = await _source.OpenConnectionAsync();
                await using var transaction = await connection.BeginTransactionAsync();
                var result = await work(new PostgresSession(connection, transaction));
                await CommitAsync(transaction);
                return result;
            }
            catch (PostgresException e) when (e.SqlState is PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure && attempt < MaxAttempts)
            {
            }
            catch (Exception e) when (IsUnavailable(e))
            {
                throw new StoreUnavailableException($"The database did not commit: {Innermost(e)}", e);
            }
        }
    }

    /// <inheritdoc/>
    public async Task<T> ReadAsync<T>(Func<StoreSession, ValueTask<T>> work, CancellationToken cancellationToken = default)
    {
        try
        {
            await using var connection = await _source.OpenConnectionAsync(cancellationToken);
            await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, cancellationToken);
            var result = await work(new PostgresSession(connection, transaction));
            await transaction.CommitAsync(CancellationToken.None);
            return result;
        }
        catch (Exception e) when (IsUnavailable(e))
        {
            throw new StoreUnavailableException($"The database cannot be read: {Innermost(e)}", e);
        }
    }

    /// <summary>
    /// A connection outside the pool and without its limits, for what takes long or must not be pooled: migrations, checks at start.
    /// </summary>
    public static async Task<NpgsqlConnection> ConnectAloneAsync(string connectionString, CancellationToken cancellationToken)
    {
        var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Timeout = 5, CommandTimeout = 0 }.ConnectionString);
        try
        {
            await connection.OpenAsync(cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _source.DisposeAsync();

    private async Task CommitAsync(NpgsqlTransaction transaction)
    {
        try
        {
            await transaction.CommitAsync();
        }
        catch (Exception e) when (e is not PostgresException { SqlState: PostgresErrorCodes.DeadlockDetected or PostgresErrorCodes.SerializationFailure })
        {
            InDoubt?.Invoke();
            throw;
        }
    }

    /// <summary>Faults of the server, the network or the disk, as opposed to those of a statement.</summary>
    internal static bool IsUnavailable(Exception exception) => exception switch
    {
        PostgresException e => IsUnavailable(e.SqlState),
        NpgsqlException or SocketException or IOException or TimeoutException or ObjectDisposedException => true,
        _ => false,
    };

    /// <summary>
    /// Only what a value or a row is refused for is the statement's own fault: classes 22 (data), 23 (constraints) and 54 (limits). All else is the
    /// server, its disk, its schema or a race, and may be gone the next time.
    /// </summary>
    private static bool IsUnavailable(string state) => state[..2] is not ("22" or "23" or "54");

    private static string Innermost(Exception e) => e.InnerException is { } inner ? $"{e.Message}: {Innermost(inner)}" : e.Message;

    private static NpgsqlConnectionStringBuilder Complete(string connectionString)
    {
        var given = new NpgsqlConnectionStringBuilder(connectionString);
        var result = new NpgsqlConnectionStringBuilder(connectionString) { MaxAutoPrepare = 200, AutoPrepareMinUsages = 2, Multiplexing = false, NoResetOnClose = true };
        SetUnlessGiven("Timeout", 5);
        SetUnlessGiven("Command Timeout", 12);
        SetUnlessGiven("Cancellation Timeout", -1);
        SetUnlessGiven("Keepalive", 10);
        SetUnlessGiven("Maximum Pool Size", 40);
        SetUnlessGiven("Application Name", "notifications");
        result.Options = given.Options is { Length: > 0 } options ? $"{ServerLimits} {options}" : ServerLimits;
        return result;

        void SetUnlessGiven(string keyword, object value)
        {
            if (!given.ShouldSerialize(keyword))
            {
                result[keyword] = value;
            }
        }
    }

    private async Task InitializeAsync(NpgsqlConnection connection)
    {
        if (_onConnect is not null)
        {
            await using var transaction = await connection.BeginTransactionAsync();
            await _onConnect(new PostgresSession(connection, transaction));
            await transaction.CommitAsync();
        }
    }
}
