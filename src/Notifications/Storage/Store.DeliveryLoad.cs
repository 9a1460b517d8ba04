using System.Data.Common;
using Notifications.Channels;
using Notifications.Events;
using Notifications.Preferences;
using Notifications.Users;

namespace Notifications.Storage;

/// <summary>A delivery with what it stands for, as it is now.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Tenant">Whose.</param>
/// <param name="Kind"><c>event</c> or <c>digest</c>.</param>
/// <param name="Target">Address, or id of the webhook.</param>
/// <param name="Category">Of the event.</param>
/// <param name="CreatedAt">When it was decided, Unix milliseconds.</param>
/// <param name="UserId">The user, or null.</param>
/// <param name="Profile">What is known of the user, or null.</param>
/// <param name="Items">One; several of a digest; none where the event is gone.</param>
public sealed record LoadedDelivery(
    Guid Id, string Tenant, string Kind, string Target, string? Category, long CreatedAt, string? UserId, Profile? Profile, IReadOnlyList<LoadedItem> Items);

/// <summary>An event of a delivery.</summary>
/// <param name="Item">As it is sent.</param>
/// <param name="Category">Its category.</param>
/// <param name="Options">What the event asked for.</param>
/// <param name="HasNotification">Whether it is in the user's inbox.</param>
/// <param name="Seen">Whether it was seen on any device.</param>
/// <param name="Read">Whether it was read or archived.</param>
/// <param name="Gone">Whether the event was withdrawn, or its user deleted the notification.</param>
/// <param name="Replaced">Whether another event stands in its place.</param>
/// <param name="ExpiresAt">Unix milliseconds, or null.</param>
public sealed record LoadedItem(
    OutgoingItem Item, string? Category, EventOptions? Options, bool HasNotification, bool Seen, bool Read, bool Gone, bool Replaced, long? ExpiresAt);

public sealed partial class Store
{
    private const string LoadItems =
        "e.id, e.external_id, e.recipients, e.accepted_at, COALESCE(i.content, e.content), e.options, e.category, e.withdrawn_at, e.expires_at, " +
        "i.seq, i.created_at, i.seen_at, i.read_at, i.archived_at, i.withdrawn_at, i.shown_event, i.event_id ";

    /// <summary>Loads claimed deliveries; one that was deleted meanwhile is missing.</summary>
    public Task<List<LoadedDelivery>> LoadDeliveriesAsync(IReadOnlyList<Claim> claims, CancellationToken cancellationToken) => database.ReadAsync(
        async session =>
        {
            const int Items = 12;
            var loaded = await session.QueryAsync(
                "SELECT d.tenant, d.id, d.kind, d.target, d.category, d.created_at, d.user_id, p.email, p.name, p.locale, p.time_zone, p.preferences, " + LoadItems +
                "FROM {rows} AS r JOIN deliveries d ON d.tenant = r.tenant AND d.id = r.id LEFT JOIN events e ON e.id = d.event_id " +
                "LEFT JOIN inbox i ON i.tenant = d.tenant AND i.user_id = d.user_id AND i.seq = COALESCE(d.seq, (SELECT MAX(x.seq) FROM inbox x " +
                "WHERE x.event_id = d.event_id AND x.user_id = d.user_id AND x.tenant = d.tenant)) " + // An event to everyone is taken later.
                "LEFT JOIN profiles p ON p.tenant = d.tenant AND p.user_id = d.user_id",
                r => new LoadedDelivery(
                    Ids.FromBytes((byte[])r[1]), r.GetString(0), r.GetString(2), r.GetString(3), Text(r, 4), r.GetInt64(5), Text(r, 6),
                    r.IsDBNull(6) ? null : ReadContact(r, r.GetString(6), 7), ReadLoaded(r, Items, Text(r, 6)) is { } item ? [item] : []),
                new Rows().With("tenant", Column(claims, c => c.Tenant)).With("id", Column(claims, c => c.Id.Bytes())));
            for (var i = 0; i < loaded.Count; i++)
            {
                if (loaded[i] is { Kind: "digest" } digest)
                {
                    loaded[i] = digest with { Items = await DigestItemsAsync(session, digest) };
                }
            }

            return loaded;
        },
        cancellationToken);

    private static ValueTask<List<LoadedItem>> DigestItemsAsync(StoreSession session, LoadedDelivery digest) => session.QueryAsync(
        "SELECT " + LoadItems + "FROM digest_items d JOIN events e ON e.id = d.event_id " +
        "LEFT JOIN inbox i ON i.tenant = d.tenant AND i.user_id = d.user_id AND i.seq = d.seq WHERE d.delivery_id = $1 AND d.tenant = $2 " +
        "ORDER BY e.accepted_at DESC, e.id DESC LIMIT 1000",
        r => ReadLoaded(r, 0, digest.UserId)!, digest.Id.Bytes(), digest.Tenant);

    private static Profile ReadContact(DbDataReader r, string user, int at) => new()
    {
        UserId = user,
        Email = Text(r, at),
        Name = Text(r, at + 1),
        Locale = Text(r, at + 2),
        TimeZone = Text(r, at + 3),
        Preferences = r.IsDBNull(at + 4) ? PreferenceDocument.Empty : PreferenceDocument.Parse((byte[])r[at + 4]),
    };

    private static LoadedItem? ReadLoaded(DbDataReader r, int at, string? user)
    {
        if (r.IsDBNull(at))
        {
            return null;
        }

        var id = Ids.FromBytes((byte[])r[at]);
        var options = r.IsDBNull(at + 5) ? null : EventOptions.Read((byte[])r[at + 5]);
        var hasItem = !r.IsDBNull(at + 9);
        return new LoadedItem(
            new OutgoingItem(
                id, Text(r, at + 1), r.GetString(at + 2).Split('\n'), DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(at + 3)), (byte[])r[at + 4], options?.Template,
                hasItem ? Ids.Format(Ids.Notification, Ids.ForNotification(r.GetInt64(at + 10), r.GetInt64(at + 9), Ids.FromBytes((byte[])r[at + 16]), user!)) : null),
            Text(r, at + 6), options, hasItem, Seen: hasItem && !r.IsDBNull(at + 11), Read: hasItem && !(r.IsDBNull(at + 12) && r.IsDBNull(at + 13)),
            Gone: !r.IsDBNull(at + 7) || (hasItem && !r.IsDBNull(at + 14)),
            Replaced: hasItem && Ids.FromBytes((byte[])(r.IsDBNull(at + 15) ? r[at + 16] : r[at + 15])) != id,
            ExpiresAt: r.IsDBNull(at + 8) ? null : r.GetInt64(at + 8));
    }
}
