namespace Notifications.Storage;

/// <summary>Which throttle.</summary>
/// <param name="Tenant">Whose.</param>
/// <param name="User">The user.</param>
/// <param name="Category">The category.</param>
public sealed record ThrottleKey(string Tenant, string User, string Category);

public sealed partial class Store
{
    /// <summary>The names of all tenants.</summary>
    public Task<List<string>> TenantsAsync(CancellationToken cancellationToken) =>
        database.ReadAsync(session => session.QueryAsync("SELECT id FROM tenants ORDER BY id", r => r.GetString(0)), cancellationToken);

    /// <summary>
    /// Deletes a tenant's deliveries that were made before a time and have ended, with what was in them if they are digests, from a cursor on. Those that
    /// a dead letter names stay as long as it does. What is older than a time is a range of ids, so nothing younger is looked at.
    /// </summary>
    /// <returns>How many were deleted, and the cursor to go on from, or null at the end.</returns>
    public Task<(int Deleted, Guid? Next)> TrimDeliveriesAsync(string tenant, Guid after, DateTimeOffset before, int limit) =>
        database.WriteAsync<(int, Guid?)>(async session =>
        {
            var old = await session.QueryAsync(
                "SELECT d.id, CASE WHEN d.state = 'pending' OR EXISTS (SELECT 1 FROM dead_letters l WHERE l.delivery_id = d.id) THEN 1 ELSE 0 END " +
                "FROM deliveries d WHERE d.tenant = $1 AND d.id > $2 AND d.id < $3 ORDER BY d.id LIMIT $4",
                r => (Id: (byte[])r[0], Used: r.GetInt64(1) != 0), tenant, after.Bytes(), FirstIdAt(before), limit);
            var gone = old.Where(d => !d.Used).Select(d => d.Id).ToArray();
            if (gone.Length > 0)
            {
                await session.ExecuteAsync("DELETE FROM digest_items WHERE delivery_id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", gone));
                await session.ExecuteAsync(
                    "DELETE FROM deliveries WHERE (tenant, id) IN (SELECT r.tenant, r.id FROM {rows} AS r)",
                    new Rows().With("id", gone).With("tenant", Column(gone, _ => tenant)));
            }

            return (gone.Length, old.Count == limit ? Ids.FromBytes(old[^1].Id) : null);
        });

    /// <summary>Deletes dead letters that are older than the retention.</summary>
    /// <returns>How many; ask again while it is the limit.</returns>
    public Task<int> TrimDeadLettersAsync(DateTimeOffset before, int limit) => database.WriteAsync(session => session.ExecuteAsync(
        "DELETE FROM dead_letters WHERE id IN (SELECT d.id FROM dead_letters d WHERE d.id < $1 ORDER BY d.id LIMIT $2)", FirstIdAt(before), limit));

    /// <summary>Deletes operations that ended before a time.</summary>
    /// <returns>How many; ask again while it is the limit.</returns>
    public Task<int> TrimOperationsAsync(DateTimeOffset before, int limit) => database.WriteAsync(session => session.ExecuteAsync(
        "DELETE FROM operations WHERE id IN (SELECT o.id FROM operations o WHERE o.finished_at < $1 ORDER BY o.finished_at LIMIT $2)",
        before.ToUnixTimeMilliseconds(), limit));

    /// <summary>Deletes throttles whose window began before a time, from a cursor on.</summary>
    /// <returns>How many were deleted, and the cursor to go on from, or null at the end.</returns>
    public Task<(int Deleted, ThrottleKey? Next)> TrimThrottlesAsync(ThrottleKey after, DateTimeOffset before, int limit) =>
        database.WriteAsync<(int, ThrottleKey?)>(async session =>
        {
            var keys = await session.QueryAsync(
                "SELECT tenant, user_id, category FROM throttles WHERE (tenant, user_id, category) > ($1, $2, $3) AND window_start < $4 " +
                "ORDER BY tenant, user_id, category LIMIT $5",
                r => new ThrottleKey(r.GetString(0), r.GetString(1), r.GetString(2)), after.Tenant, after.User, after.Category,
                before.ToUnixTimeMilliseconds(), limit);
            var deleted = keys.Count == 0
                ? 0
                : await session.ExecuteAsync(
                    "DELETE FROM throttles WHERE window_start < (SELECT MAX(r.before) FROM {rows} AS r) AND (tenant, user_id, category) IN " +
                    "(SELECT r.tenant, r.user_id, r.category FROM {rows} AS r)",
                    new Rows().With("tenant", Column(keys, k => k.Tenant)).With("user_id", Column(keys, k => k.User)).With("category", Column(keys, k => k.Category))
                        .With("before", Column(keys, _ => before.ToUnixTimeMilliseconds())));
            return (deleted, keys.Count == limit ? keys[^1] : null);
        });

    /// <summary>What all ids that were made at a time or later are above.</summary>
    private static byte[] FirstIdAt(DateTimeOffset time)
    {
        var bytes = Guid.CreateVersion7(time).Bytes();
        bytes.AsSpan(6).Clear();
        return bytes;
    }
}
