using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Dead letters of events, after an id, and which of them are of events for this user alone. What cannot be read is nobody's.</summary>
    /// <returns>Those dead letters, and the id to go on from, or null at the end.</returns>
    public Task<(List<Guid> Letters, Guid? Next)> DeadEventsForAsync(UserKey key, Guid after, int limit) => database.ReadAsync<(List<Guid>, Guid?)>(async session =>
    {
        var rows = await session.QueryAsync(
            "SELECT id, event_id, payload FROM dead_letters WHERE tenant = $1 AND id > $2 AND kind = 'event' ORDER BY id LIMIT $3",
            r => (Id: Ids.FromBytes((byte[])r[0]), Event: Ids.FromBytes((byte[])r[1]), Payload: (byte[])r[2]), key.Tenant, after.Bytes(), limit);
        var user = new Recipient(RecipientKind.User, key.User);
        var own = rows.FindAll(l => EventRecord.TryRead(new LogEntry(default, key.Tenant, l.Event, l.Payload), out var record) == RecordState.Valid
            && record!.To.All(to => to == user));
        return (own.ConvertAll(l => l.Id), rows.Count == limit ? rows[^1].Id : null);
    });

    /// <summary>Deletes dead letters.</summary>
    public Task<int> DeleteDeadLettersAsync(IReadOnlyList<Guid> letters) => database.WriteAsync(session => session.ExecuteAsync(
        "DELETE FROM dead_letters WHERE id IN (SELECT r.id FROM {rows} AS r)", new Rows().With("id", Column(letters, l => l.Bytes()))));
}
