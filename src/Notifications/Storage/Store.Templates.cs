namespace Notifications.Storage;

/// <summary>A version of a template.</summary>
/// <param name="Key">Which template.</param>
/// <param name="Version">From 1; never used twice, not even after a deletion.</param>
/// <param name="Document">JSON in UTF-8; null where this version is the deletion.</param>
/// <param name="CreatedAt">Unix milliseconds.</param>
public sealed record StoredTemplate(string Key, long Version, byte[]? Document, long CreatedAt);

/// <summary>What came of a write that had a condition.</summary>
/// <param name="Version">The version that was written, or, where nothing was, the one that is there; 0 is none.</param>
/// <param name="Written">Whether the condition held.</param>
/// <param name="Created">Whether there was no template before.</param>
/// <param name="CreatedAt">When it was written, Unix milliseconds.</param>
public readonly record struct TemplateWrite(long Version, bool Written, bool Created, long CreatedAt);

public sealed partial class Store
{
    /// <summary>How many versions of a template are kept.</summary>
    public const int MaxTemplateVersions = 100;

    /// <summary>How many templates a tenant can have.</summary>
    public const int MaxTemplates = 1_000;

    /// <summary>A condition of <see cref="WriteTemplateAsync"/>: there is one, of whatever version.</summary>
    public const long AnyTemplate = -1;

    private const string LiveTemplates = "FROM templates AS t WHERE t.tenant = $1 AND t.document IS NOT NULL " +
        "AND NOT EXISTS (SELECT 1 FROM templates AS n WHERE n.tenant = t.tenant AND n.key = t.key AND n.version > t.version)";

    private const string CurrentTemplate =
        "SELECT key, version, document, created_at FROM templates WHERE tenant = $1 AND key = $2 ORDER BY version DESC LIMIT 1";

    /// <summary>A template as it is now, or one of its versions; null where there never was one. A deleted one has no document.</summary>
    /// <exception cref="StoreUnavailableException">The store is away.</exception>
    public Task<StoredTemplate?> TemplateAsync(string tenant, string key, long? version, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => version is { } wanted
            ? session.FirstAsync("SELECT key, version, document, created_at FROM templates WHERE tenant = $1 AND key = $2 AND version = $3", ReadTemplate, tenant, key, wanted)
            : session.FirstAsync(CurrentTemplate, ReadTemplate, tenant, key),
        cancellationToken);

    /// <summary>The templates that a tenant has now, by key, after one; without their documents.</summary>
    public Task<List<StoredTemplate>> TemplatesAsync(string tenant, string after, int limit, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.QueryAsync(
            "SELECT t.key, t.version, t.created_at " + LiveTemplates + " AND t.key > $2 ORDER BY t.key LIMIT $3",
            r => new StoredTemplate(r.GetString(0), r.GetInt64(1), null, r.GetInt64(2)), tenant, after, limit),
        cancellationToken);

    /// <summary>A template's versions, newest first, before one.</summary>
    public Task<List<StoredTemplate>> TemplateVersionsAsync(string tenant, string key, long before, int limit, CancellationToken cancellationToken = default) =>
        database.ReadAsync(
            session => session.QueryAsync(
                "SELECT key, version, document, created_at FROM templates WHERE tenant = $1 AND key = $2 AND version < $3 ORDER BY version DESC LIMIT $4",
                ReadTemplate, tenant, key, before, limit),
            cancellationToken);

    /// <summary>Writes the next version of a template, or its deletion, where a condition holds. A document that is there already is left as it is.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="key">Which.</param>
    /// <param name="document">JSON in UTF-8; null deletes.</param>
    /// <param name="expected">The version that must be there now: 0 is none at all, <see cref="AnyTemplate"/> any, null whatever there is.</param>
    /// <returns>What came of it; null where the tenant has <see cref="MaxTemplates"/> already.</returns>
    public Task<TemplateWrite?> WriteTemplateAsync(string tenant, string key, byte[]? document, long? expected) => database.WriteAsync<TemplateWrite?>(async session =>
    {
        // The tenant's row, which every such write changes, makes them come one after the other.
        await AddTenantAsync(session, tenant);
        await session.QueryAsync("SELECT id FROM tenants WHERE id = $1 {lock}", r => r.GetString(0), tenant);
        var current = await session.FirstAsync(CurrentTemplate, ReadTemplate, tenant, key);
        var there = current is { Document: not null } ? current.Version : 0;
        if ((expected is { } version && (version == AnyTemplate ? there == 0 : version != there)) || (document is null && there == 0))
        {
            return new TemplateWrite(there, false, false, 0);
        }

        if (document is not null && there > 0 && current!.Document.AsSpan().SequenceEqual(document))
        {
            return new TemplateWrite(there, true, false, current.CreatedAt);
        }

        if (there == 0 && await session.FirstAsync("SELECT COUNT(*) " + LiveTemplates, r => r.GetInt64(0), tenant) >= MaxTemplates)
        {
            return null;
        }

        var next = (current?.Version ?? 0) + 1;
        var now = Now;
        await session.ExecuteAsync(
            "INSERT INTO templates (tenant, key, version, document, created_at) VALUES ($1, $2, $3, $4, $5)", tenant, key, next, document, now);
        await session.ExecuteAsync(
            "DELETE FROM templates WHERE tenant = $1 AND key = $2 AND version <= $3", tenant, key, next - MaxTemplateVersions);
        await RaiseVersionAsync(session, tenant);
        return new TemplateWrite(next, true, there == 0, now);
    });

    private static StoredTemplate ReadTemplate(System.Data.Common.DbDataReader r) =>
        new(r.GetString(0), r.GetInt64(1), r.IsDBNull(2) ? null : (byte[])r[2], r.GetInt64(3));
}
