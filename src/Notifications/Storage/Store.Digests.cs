using Notifications.Channels;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Closes digests whose time has come: what has gathered for a user becomes one delivery, which is due at once.</summary>
    /// <param name="limit">How many at most.</param>
    /// <returns>How many; ask again while it is the limit.</returns>
    public Task<int> CloseDigestsAsync(int limit) => database.WriteAsync(async session =>
    {
        var now = Now;
        var due = await session.QueryAsync(
            "SELECT tenant, user_id, channel FROM digest_items WHERE delivery_id IS NULL AND due_at <= $1 GROUP BY tenant, user_id, channel LIMIT $2",
            r => (Tenant: r.GetString(0), User: r.GetString(1), Channel: r.GetString(2), Id: Ids.New(time).Bytes()), now, limit);
        var closed = (await session.QueryAsync(
            "UPDATE digest_items SET delivery_id = r.id FROM {rows} AS r WHERE digest_items.tenant = r.tenant AND digest_items.user_id = r.user_id " +
            "AND digest_items.channel = r.channel AND digest_items.delivery_id IS NULL AND digest_items.due_at <= r.due_at RETURNING digest_items.delivery_id",
            r => Ids.FromBytes((byte[])r[0]),
            new Rows().With("tenant", Column(due, d => d.Tenant)).With("user_id", Column(due, d => d.User)).With("channel", Column(due, d => d.Channel))
                .With("id", Column(due, d => d.Id)).With("due_at", Column(due, _ => now)))).ToHashSet();
        var mine = due.FindAll(d => closed.Contains(Ids.FromBytes(d.Id)));
        await session.ExecuteAsync(
            "INSERT INTO deliveries (tenant, id, user_id, channel, target, kind, state, reason, created_at, due_at) " +
            "SELECT r.tenant, r.id, r.user_id, r.channel, COALESCE((SELECT p.email FROM profiles p WHERE p.tenant = r.tenant AND p.user_id = r.user_id), ''), " +
            "'digest', r.state, 'digest', r.created_at, r.created_at FROM {rows} AS r WHERE true",
            new Rows().With("tenant", Column(mine, d => d.Tenant)).With("id", Column(mine, d => d.Id)).With("user_id", Column(mine, d => d.User))
                .With("channel", Column(mine, d => d.Channel)).With("state", Column(mine, _ => DeliveryStates.Pending)).With("created_at", Column(mine, _ => now)));
        await session.ExecuteAsync(
            "INSERT INTO delivery_queue (id, tenant, channel, due_at) SELECT r.id, r.tenant, r.channel, r.due_at FROM {rows} AS r WHERE true",
            new Rows().With("id", Column(mine, d => d.Id)).With("tenant", Column(mine, d => d.Tenant)).With("channel", Column(mine, d => d.Channel))
                .With("due_at", Column(mine, _ => now)));
        return due.Count;
    });
}
