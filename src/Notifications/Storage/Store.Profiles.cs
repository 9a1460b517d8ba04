using System.Data.Common;
using Notifications.Inbox;
using Notifications.Preferences;
using Notifications.Users;

namespace Notifications.Storage;

/// <summary>A user as stored.</summary>
/// <param name="Profile">What is known of them; nothing but the id for one who was only named.</param>
/// <param name="CreatedAt">When they first had a profile, Unix milliseconds, or null.</param>
/// <param name="UpdatedAt">When it was last written, or null.</param>
public sealed record StoredUser(Profile Profile, long? CreatedAt, long? UpdatedAt);

public sealed partial class Store
{
    /// <summary>The most profiles that one transaction writes.</summary>
    public const int MaxProfilesPerWrite = 500;

    private const string ProfileColumns = "p.tenant, p.user_id, p.email, p.name, p.locale, p.time_zone, p.preferences";

    private const string UserColumns =
        "SELECT h.user_id, p.email, p.name, p.locale, p.time_zone, p.preferences, p.created_at, p.updated_at FROM heads h " +
        "LEFT JOIN profiles p ON p.tenant = h.tenant AND p.user_id = h.user_id WHERE h.tenant = $1 ";

    /// <summary>A user, or null where nobody has named them.</summary>
    public Task<StoredUser?> UserAsync(UserKey key, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.FirstAsync(UserColumns + "AND h.user_id = $2", ReadUser, key.Tenant, key.User), cancellationToken);

    /// <summary>Users by id, after a cursor.</summary>
    public Task<List<StoredUser>> UsersAsync(string tenant, string after, int limit, CancellationToken cancellationToken) => database.ReadAsync(
        session => session.QueryAsync(UserColumns + "AND h.user_id > $2 ORDER BY h.user_id LIMIT $3", ReadUser, tenant, after, limit), cancellationToken);

    /// <summary>A user's profile, empty where there is none, and the policy that it stands under, of one snapshot.</summary>
    public Task<(Profile Profile, Policy Policy)> PreferencesAsync(UserKey key, CancellationToken cancellationToken) => database.ReadAsync(
        async session => (await ProfileAsync(session, key), await PolicyAsync(session, key.Tenant)), cancellationToken);

    /// <summary>
    /// Writes users' profiles; the users exist from here on. (1) lock the heads; (2) what was there; (3) write; (4) what waits for a user whose
    /// hours, schedule or zone have changed gets a new time.
    /// </summary>
    /// <param name="tenant">Their tenant.</param>
    /// <param name="users">At most <see cref="MaxProfilesPerWrite"/>, none twice.</param>
    /// <param name="change">Makes the new profile of the old one, which is empty for a new user; null refuses, and that user's is left as it is.</param>
    /// <returns>For each user what is stored now, and whether nobody had named them before; null for a refused one.</returns>
    public Task<List<(Profile Profile, bool Created)?>> WriteProfilesAsync(string tenant, IReadOnlyList<string> users, Func<Profile, Profile?> change) =>
        database.WriteAsync(async session =>
        {
            if (await session.FirstAsync("SELECT has_profiles FROM tenants WHERE id = $1", r => r.GetInt64(0), tenant) == 0)
            {
                await NoteProfilesAsync(session, tenant); // Only then, for it locks the tenant.
            }

            var known = await NameUsersAsync(session, tenant, users); // (1)
            var before = (await ProfilesAsync(session, tenant, users)).ToDictionary(p => p.UserId); // (2)
            var result = users.Select(user => change(before.GetValueOrDefault(user) ?? new Profile { UserId = user }) is { } profile
                ? ((Profile Profile, bool Created)?)(profile, !known.Contains(user))
                : null).ToList();
            var written = result.OfType<(Profile Profile, bool Created)>().Select(r => r.Profile).ToArray();
            await InsertProfilesAsync(session, tenant, written); // (3)
            Policy? policy = null;
            foreach (var profile in written) // (4)
            {
                if (before.TryGetValue(profile.UserId, out var old) && IsRetimed(old, profile))
                {
                    policy ??= await PolicyAsync(session, tenant);
                    await RetimeAsync(session, tenant, profile, policy);
                }
            }

            return result;
        });

    /// <summary>The profiles of a tenant's users, in no promised order; who has none is missing.</summary>
    internal static ValueTask<List<Profile>> ProfilesAsync(StoreSession session, string tenant, IReadOnlyList<string> users) => session.QueryAsync(
        "SELECT " + ProfileColumns + " FROM {rows} AS r JOIN profiles p ON p.tenant = r.tenant AND p.user_id = r.user_id", r => ReadProfile(r, 1),
        new Rows().With("tenant", Column(users, _ => tenant)).With("user_id", Column(users, u => u)));

    /// <summary>The profiles of users of any tenants; who has none is missing.</summary>
    internal static async ValueTask<Dictionary<UserKey, Profile>> ProfilesAsync(StoreSession session, IReadOnlyList<UserKey> users)
    {
        var rows = await session.QueryAsync(
            "SELECT " + ProfileColumns + " FROM {rows} AS r JOIN profiles p ON p.tenant = r.tenant AND p.user_id = r.user_id",
            r => (Key: new UserKey(r.GetString(0), r.GetString(1)), Profile: ReadProfile(r, 1)),
            new Rows().With("tenant", Column(users, k => k.Tenant)).With("user_id", Column(users, k => k.User)));
        var result = new Dictionary<UserKey, Profile>(rows.Count);
        foreach (var (key, profile) in rows)
        {
            result[key] = profile;
        }

        return result;
    }

    /// <summary>
    /// What waits for a user gets a new time: what is gathered goes into the next digest, and what quiet hours held back is asked about again
    /// at once, to be sent or held anew. What is being sent, or waits to be tried again, is left alone.
    /// </summary>
    internal async ValueTask RetimeAsync(StoreSession session, string tenant, Profile profile, Policy policy)
    {
        var now = time.GetUtcNow();
        var next = PreferenceRules.NextDigest(policy, profile.Preferences, PreferenceRules.Zone(policy, profile.TimeZone), now);
        await session.ExecuteAsync(
            "UPDATE digest_items SET due_at = $3 WHERE tenant = $1 AND user_id = $2 AND delivery_id IS NULL",
            tenant, profile.UserId, next.ToUnixTimeMilliseconds());
        await session.ExecuteAsync(
            "UPDATE delivery_queue SET due_at = $3 WHERE recheck = 1 AND owner = '' AND attempts = 0 AND due_at > $3 AND id IN " +
            "(SELECT d.id FROM deliveries d WHERE d.tenant = $1 AND d.user_id = $2 AND d.state = 'pending')",
            tenant, profile.UserId, now.ToUnixTimeMilliseconds());
    }

    /// <summary>Makes users exist and locks their heads.</summary>
    /// <returns>Those who existed before.</returns>
    private static async ValueTask<HashSet<string>> NameUsersAsync(StoreSession session, string tenant, IReadOnlyList<string> users)
    {
        var known = await session.QueryAsync(
            "SELECT h.user_id FROM {rows} AS r JOIN heads h ON h.tenant = r.tenant AND h.user_id = r.user_id", r => r.GetString(0),
            new Rows().With("tenant", Column(users, _ => tenant)).With("user_id", Column(users, u => u)));
        await BumpAsync(session, users.ToDictionary(u => new UserKey(tenant, u), _ => 0), []);
        return [.. known];
    }

    private ValueTask<int> InsertProfilesAsync(StoreSession session, string tenant, Profile[] profiles)
    {
        var now = Now;
        return session.ExecuteAsync(
            "INSERT INTO profiles (tenant, user_id, email, name, locale, time_zone, preferences, created_at, updated_at) " +
            "SELECT r.tenant, r.user_id, r.email, r.name, r.locale, r.time_zone, r.preferences, r.now, r.now FROM {rows} AS r WHERE true " +
            "ON CONFLICT (tenant, user_id) DO UPDATE SET email = excluded.email, name = excluded.name, locale = excluded.locale, " +
            "time_zone = excluded.time_zone, preferences = excluded.preferences, updated_at = excluded.updated_at",
            new Rows().With("tenant", Column(profiles, _ => tenant)).With("user_id", Column(profiles, p => p.UserId))
                .With("email", Column(profiles, p => p.Email)).With("name", Column(profiles, p => p.Name)).With("locale", Column(profiles, p => p.Locale))
                .With("time_zone", Column(profiles, p => p.TimeZone))
                .With("preferences", Column(profiles, p => p.Preferences.IsEmpty ? null : p.Preferences.Write())).With("now", Column(profiles, _ => now)));
    }

    private static async ValueTask<Profile> ProfileAsync(StoreSession session, UserKey key) => await session.FirstAsync(
        "SELECT " + ProfileColumns + " FROM profiles p WHERE p.tenant = $1 AND p.user_id = $2", r => ReadProfile(r, 1), key.Tenant, key.User)
        ?? new Profile { UserId = key.User };

    private static bool IsRetimed(Profile before, Profile after) =>
        before.TimeZone != after.TimeZone || before.Preferences.QuietHours != after.Preferences.QuietHours || before.Preferences.Digest != after.Preferences.Digest;

    private static Profile ReadProfile(DbDataReader r, int at) => new()
    {
        UserId = r.GetString(at),
        Email = Text(r, at + 1),
        Name = Text(r, at + 2),
        Locale = Text(r, at + 3),
        TimeZone = Text(r, at + 4),
        Preferences = r.IsDBNull(at + 5) ? PreferenceDocument.Empty : PreferenceDocument.Parse((byte[])r[at + 5]),
    };

    private static StoredUser ReadUser(DbDataReader r) => new(ReadProfile(r, 0), Time(r, 6), Time(r, 7));

}
