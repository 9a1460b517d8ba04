using System.Data.Common;
using Notifications.Operations;

namespace Notifications.Storage;

public sealed partial class Store
{
    private const string OperationColumns =
        "tenant, id, kind, request, state, cursor, total, done, counts, error, created_at, updated_at, finished_at";

    /// <summary>An operation by its id, or null.</summary>
    public Task<Operation?> OperationAsync(string tenant, Guid id, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync("SELECT " + OperationColumns + " FROM operations WHERE tenant = $1 AND id = $2", ReadOperation, tenant, id.Bytes()),
        cancellationToken);

    /// <summary>A tenant's operations before an id, newest first.</summary>
    public Task<List<Operation>> OperationsAsync(string tenant, string? state, string? kind, Guid before, int limit, CancellationToken cancellationToken) =>
        database.ReadAsync(
            session => session.QueryAsync(
                "SELECT " + OperationColumns + " FROM operations WHERE tenant = $1 AND id < $2 AND (CAST($3 AS TEXT) IS NULL OR state = $3) " +
                "AND (CAST($4 AS TEXT) IS NULL OR kind = $4) ORDER BY id DESC LIMIT $5",
                ReadOperation, tenant, before.Bytes(), state, kind, limit),
            cancellationToken);

    /// <summary>Open operations that nobody works on, the oldest first.</summary>
    public Task<List<Guid>> OpenOperationsAsync(CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT id FROM operations WHERE state IN ('pending', 'running') AND lease_until <= {now} ORDER BY created_at, id LIMIT 1000",
            r => Ids.FromBytes((byte[])r[0])),
        cancellationToken);

    /// <summary>Begins an operation, or goes on with one that nobody works on any more.</summary>
    /// <returns>The operation, or null where it is not open or somebody works on it.</returns>
    public Task<Operation?> ClaimOperationAsync(Guid id, string owner, TimeSpan lease) => database.WriteAsync(async session =>
    {
        var operation = await session.FirstAsync(
            "UPDATE operations SET state = 'running', owner = $2, lease_until = {now} + $3 " +
            "WHERE state IN ('pending', 'running') AND id = $1 AND lease_until <= {now} RETURNING " + OperationColumns,
            ReadOperation, id.Bytes(), owner, (long)lease.TotalMilliseconds);
        return operation is null ? null : operation with { Owner = owner };
    });

    /// <summary>Stops an operation; what was done stays done.</summary>
    /// <returns>Whether it was open.</returns>
    public Task<bool> CancelOperationAsync(string tenant, Guid id) => database.WriteAsync(async session => await session.ExecuteAsync(
        "UPDATE operations SET state = 'cancelled', owner = '', lease_until = 0, error = NULL, finished_at = $3, updated_at = $3 " +
        "WHERE tenant = $1 AND id = $2 AND state IN ('pending', 'running')",
        tenant, id.Bytes(), Now) == 1);

    /// <summary>Leaves an operation for later, to whoever comes first; nothing happens where it is not the owner's any more.</summary>
    public Task<int> PutOffOperationAsync(Operation operation, string? error) => database.WriteAsync(session => session.ExecuteAsync(
        "UPDATE operations SET owner = '', lease_until = 0, error = $4, updated_at = $5 WHERE tenant = $1 AND id = $2 AND owner = $3",
        operation.Tenant, operation.Id.Bytes(), operation.Owner, Cut(error), Now));

    /// <summary>Ends an operation that cannot be done; nothing happens where it is not the owner's any more.</summary>
    public Task<int> FailOperationAsync(Operation operation, string error) => database.WriteAsync(session => session.ExecuteAsync(
        "UPDATE operations SET state = 'failed', owner = '', lease_until = 0, error = $4, updated_at = $5, finished_at = $5 " +
        "WHERE tenant = $1 AND id = $2 AND owner = $3",
        operation.Tenant, operation.Id.Bytes(), operation.Owner, Cut(error), Now));

    /// <summary>An operation begins to exist in this transaction.</summary>
    private async ValueTask<Operation> AddOperationAsync(StoreSession session, string tenant, string kind, byte[] request, long? total)
    {
        var operation = new Operation(
            tenant, Ids.New(time), kind, request, OperationState.Pending, null, total, 0, new Dictionary<string, long>(0), null, Moment(Now), Moment(Now), null);
        await session.ExecuteAsync(
            "INSERT INTO operations (tenant, id, kind, request, state, total, counts, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8)",
            tenant, operation.Id.Bytes(), kind, request, operation.State, total, Operation.Write(operation.Counts), Now);
        return operation;
    }

    /// <summary>A step of an operation begins to write: nobody else cancels it or takes it over until the transaction ends.</summary>
    /// <exception cref="OperationLostException">It was cancelled or has another owner: the transaction is to be rolled back.</exception>
    private static async ValueTask LockOperationAsync(StoreSession session, Operation operation)
    {
        if (!await session.FirstAsync(
            "SELECT 1 FROM operations WHERE tenant = $1 AND id = $2 AND owner = $3 AND state = 'running' {lock}", r => true,
            operation.Tenant, operation.Id.Bytes(), operation.Owner))
        {
            throw new OperationLostException(operation.Id);
        }
    }

    /// <summary>Saves a step's progress, in the step's own transaction, which began with <see cref="LockOperationAsync"/>; renews the lease.</summary>
    private async ValueTask<OperationStep> AdvanceAsync(StoreSession session, Operation operation, bool last)
    {
        var now = Now;
        var changed = await session.ExecuteAsync(
            "UPDATE operations SET cursor = $4, done = $5, counts = $6, error = NULL, updated_at = $7, state = CASE WHEN $8 = 1 THEN 'finished' ELSE state END, " +
            "finished_at = CASE WHEN $8 = 1 THEN $7 ELSE NULL END, owner = CASE WHEN $8 = 1 THEN '' ELSE owner END, " +
            "lease_until = CASE WHEN $8 = 1 THEN 0 ELSE {now} + $9 END WHERE tenant = $1 AND id = $2 AND owner = $3 AND state = 'running'",
            operation.Tenant, operation.Id.Bytes(), operation.Owner, operation.Cursor, operation.Done, Operation.Write(operation.Counts), now,
            last ? 1 : 0, (long)OperationRunner.Lease.TotalMilliseconds);
        return changed == 1 ? new OperationStep(operation, last) : throw new OperationLostException(operation.Id);
    }

    private static Operation ReadOperation(DbDataReader r) => new(
        r.GetString(0), Ids.FromBytes((byte[])r[1]), r.GetString(2), (byte[])r[3], r.GetString(4), r.IsDBNull(5) ? null : (byte[])r[5],
        r.IsDBNull(6) ? null : r.GetInt64(6), r.GetInt64(7), Operation.ReadCounts((byte[])r[8]), Text(r, 9), Moment(r.GetInt64(10)), Moment(r.GetInt64(11)),
        Moment(r, 12));
}
