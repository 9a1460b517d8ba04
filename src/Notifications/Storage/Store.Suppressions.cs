using Notifications.Channels.Email;
using Notifications.Preferences;

namespace Notifications.Storage;

public sealed partial class Store
{
    /// <summary>Stands for every category.</summary>
    private const string EveryCategory = "";

    /// <summary>No more mail of a category, or of any where it is null, to this address; again has no effect.</summary>
    /// <returns>Whether that is new.</returns>
    public Task<bool> SuppressAsync(string tenant, string address, string? category) => database.WriteAsync(async session =>
        await session.ExecuteAsync(
            "INSERT INTO suppressions (tenant, address, category, created_at) VALUES ($1, $2, $3, $4) ON CONFLICT (tenant, address, category) DO NOTHING",
            tenant, Folded(address), category ?? EveryCategory, Now) > 0);

    /// <summary>Whether an address wants no mail of this category, or none at all. Mail without a category is ended by the latter alone.</summary>
    public Task<bool> IsSuppressedAsync(string tenant, string address, string? category, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.FirstAsync(
            "SELECT 1 FROM suppressions WHERE tenant = $1 AND address = $2 AND category IN ('', $3) LIMIT 1", r => true,
            tenant, Folded(address), category ?? EveryCategory),
        cancellationToken);

    /// <summary>What of these is not wanted: <c>("acme", "ann@example.com", "")</c> where it is every category's mail.</summary>
    /// <param name="asked">Tenant, address and category, the last empty where there is none; at most 500.</param>
    /// <param name="cancellationToken">Stops it.</param>
    /// <returns>The addresses in lower case.</returns>
    public async Task<IReadOnlySet<(string Tenant, string Address, string Category)>> SuppressedAsync(
        IReadOnlyList<(string Tenant, string Address, string Category)> asked, CancellationToken cancellationToken = default)
    {
        if (asked.Count == 0)
        {
            return new HashSet<(string, string, string)>(0);
        }

        var rows = new Rows()
            .With("tenant", asked.Select(a => a.Tenant).ToArray())
            .With("address", asked.Select(a => Folded(a.Address)).ToArray())
            .With("category", asked.Select(a => a.Category).ToArray());
        var found = await database.ReadAsync(
            session => session.QueryAsync(
                "SELECT s.tenant, s.address, s.category FROM {rows} AS r " +
                "JOIN suppressions s ON s.tenant = r.tenant AND s.address = r.address AND s.category IN ('', r.category)",
                r => (r.GetString(0), r.GetString(1), r.GetString(2)), rows),
            cancellationToken);
        return found.ToHashSet();
    }

    /// <summary>
    /// A user who has a profile wants no more email of a category, or none at all where it is null: their other wishes stay, except those for email of
    /// single categories where all of it ends. Again has no effect.
    /// </summary>
    /// <returns>Whether the user has a profile; without one they get no mail.</returns>
    public Task<bool> TurnEmailOffAsync(string tenant, string userId, string? category) => database.WriteAsync(async session =>
    {
        var stored = await session.QueryAsync(
            "SELECT preferences FROM profiles WHERE tenant = $1 AND user_id = $2 {lock}", r => r.IsDBNull(0) ? null : (byte[])r[0], tenant, userId);
        if (stored.Count == 0)
        {
            return false;
        }

        var wishes = (stored[0] is { } json ? PreferenceDocument.Parse(json) : PreferenceDocument.Empty).WithoutEmail(category);
        await session.ExecuteAsync(
            "UPDATE profiles SET preferences = $3, updated_at = $4 WHERE tenant = $1 AND user_id = $2", tenant, userId, wishes.Write(), Now);
        return true;
    });

    private static string Folded(string address) => address.ToLowerInvariant();
}
