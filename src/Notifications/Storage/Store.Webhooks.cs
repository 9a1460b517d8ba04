using System.Data.Common;
using Notifications.Webhooks;

namespace Notifications.Storage;

/// <summary>A webhook as it is stored.</summary>
public sealed record StoredWebhook
{
    /// <summary>Where, what, with which secrets.</summary>
    public required WebhookEndpoint Endpoint { get; init; }

    /// <summary>Since when it is out of use, Unix milliseconds; null while it is in use.</summary>
    public long? DisabledAt { get; init; }

    /// <summary>Why: <c>operator</c>, <c>failing</c> or <c>gone</c>; null while it is in use.</summary>
    public string? DisabledReason { get; init; }

    /// <summary>Since when every attempt has failed, Unix milliseconds; null while the last one went well.</summary>
    public long? FailingSince { get; init; }

    /// <summary>When it was made, Unix milliseconds.</summary>
    public required long CreatedAt { get; init; }

    /// <summary>When it was last changed by somebody, Unix milliseconds.</summary>
    public required long UpdatedAt { get; init; }
}

public sealed partial class Store
{
    /// <summary>How many webhooks a tenant can have.</summary>
    public const int MaxWebhooks = 1_000;

    private const string WebhookColumns =
        "id, url, types, user_id, secret, old_secret, old_secret_until, disabled_at, disabled_reason, failing_since, created_at, updated_at";

    /// <summary>The webhooks of a tenant that are in use.</summary>
    internal static async ValueTask<Dictionary<Guid, WebhookEndpoint>> WebhooksInUseAsync(StoreSession session, string tenant)
    {
        var webhooks = await session.QueryAsync(
            $"SELECT {WebhookColumns} FROM webhooks WHERE tenant = $1 AND disabled_at IS NULL", ReadWebhook, tenant);
        return webhooks.ToDictionary(webhook => webhook.Endpoint.Id, webhook => webhook.Endpoint);
    }

    /// <summary>A webhook, or null where the tenant has none of this id.</summary>
    public Task<StoredWebhook?> WebhookAsync(string tenant, Guid id, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.FirstAsync($"SELECT {WebhookColumns} FROM webhooks WHERE tenant = $1 AND id = $2", ReadWebhook, tenant, id.Bytes()), cancellationToken);

    /// <summary>A tenant's webhooks, oldest first, after an id.</summary>
    public Task<List<StoredWebhook>> WebhooksAsync(string tenant, Guid after, int limit, CancellationToken cancellationToken = default) => database.ReadAsync(
        session => session.QueryAsync(
            $"SELECT {WebhookColumns} FROM webhooks WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3", ReadWebhook, tenant, after.Bytes(), limit),
        cancellationToken);

    /// <summary>Stores a new webhook. The user it is for gets a profile, by which their webhooks are looked for.</summary>
    /// <returns>The webhook; null where the tenant has <see cref="MaxWebhooks"/> already.</returns>
    public Task<StoredWebhook?> AddWebhookAsync(string tenant, Uri url, IReadOnlyList<string> types, string? userId, byte[] secret)
    {
        var webhook = new StoredWebhook
        {
            Endpoint = new WebhookEndpoint { Id = Ids.New(time), Url = url, Types = types, UserId = userId, Secret = secret },
            CreatedAt = Now,
            UpdatedAt = Now,
        };
        return database.WriteAsync(async session =>
        {
            await RaiseVersionAsync(session, tenant); // First: it makes such writes of a tenant come one after the other.
            if (await session.FirstAsync("SELECT COUNT(*) FROM webhooks WHERE tenant = $1", r => r.GetInt64(0), tenant) >= MaxWebhooks)
            {
                return null;
            }

            if (userId is not null)
            {
                await NoteProfilesAsync(session, tenant);
                await session.ExecuteAsync(
                    "INSERT INTO profiles (tenant, user_id, created_at, updated_at) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
                    tenant, userId, webhook.CreatedAt, webhook.CreatedAt);
            }

            await session.ExecuteAsync(
                "INSERT INTO webhooks (tenant, id, url, types, user_id, secret, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
                tenant, webhook.Endpoint.Id.Bytes(), url.AbsoluteUri, string.Join('\n', types), userId, secret, webhook.CreatedAt, webhook.UpdatedAt);
            return webhook;
        });
    }

    /// <summary>Changes a webhook; null leaves a part as it is. Taking it into use forgets that it failed.</summary>
    /// <returns>As it is now, or null where the tenant has none of this id.</returns>
    public Task<StoredWebhook?> ChangeWebhookAsync(string tenant, Guid id, Uri? url, IReadOnlyList<string>? types, bool? enabled) => WriteWebhookAsync(
        tenant,
        session => session.FirstAsync(
            $"""
            UPDATE webhooks SET url = COALESCE($3, url), types = COALESCE($4, types), updated_at = $6,
                disabled_at = CASE $5 WHEN 1 THEN NULL WHEN 0 THEN COALESCE(disabled_at, $6) ELSE disabled_at END,
                disabled_reason = CASE $5 WHEN 1 THEN NULL WHEN 0 THEN COALESCE(disabled_reason, 'operator') ELSE disabled_reason END,
                failing_since = CASE $5 WHEN 1 THEN NULL ELSE failing_since END
            WHERE tenant = $1 AND id = $2 RETURNING {WebhookColumns}
            """,
            ReadWebhook, tenant, id.Bytes(), url?.AbsoluteUri, types is null ? null : string.Join('\n', types), enabled is { } on ? on ? 1L : 0L : -1L, Now));

    /// <summary>Gives a webhook a new secret; the one it had signs too for a while, and one before that no longer.</summary>
    /// <returns>As it is now, or null where the tenant has none of this id.</returns>
    public Task<StoredWebhook?> RotateWebhookAsync(string tenant, Guid id, byte[] secret, TimeSpan overlap) => WriteWebhookAsync(
        tenant,
        session => session.FirstAsync(
            $"UPDATE webhooks SET old_secret = secret, old_secret_until = $4, secret = $3, updated_at = $5 WHERE tenant = $1 AND id = $2 RETURNING {WebhookColumns}",
            ReadWebhook, tenant, id.Bytes(), secret, Now + (long)overlap.TotalMilliseconds, Now));

    /// <summary>Deletes a webhook.</summary>
    /// <returns>Whether there was one.</returns>
    public async Task<bool> DeleteWebhookAsync(string tenant, Guid id) => await WriteWebhookAsync(
        tenant,
        session => session.FirstAsync($"DELETE FROM webhooks WHERE tenant = $1 AND id = $2 RETURNING {WebhookColumns}", ReadWebhook, tenant, id.Bytes())) is not null;

    /// <summary>Takes a webhook out of use, such as one whose endpoint answered that it is gone.</summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="id">Which.</param>
    /// <param name="reason">Why: <c>gone</c>, <c>failing</c>.</param>
    /// <returns>It, where it was in use before; else null.</returns>
    public Task<StoredWebhook?> DisableWebhookAsync(string tenant, Guid id, string reason) => WriteWebhookAsync(
        tenant,
        session => session.FirstAsync(
            $"UPDATE webhooks SET disabled_at = $3, disabled_reason = $4 WHERE tenant = $1 AND id = $2 AND disabled_at IS NULL RETURNING {WebhookColumns}",
            ReadWebhook, tenant, id.Bytes(), Now, reason));

    /// <summary>
    /// Notes how an attempt went. Writes only where that is news: the first failure after a success, the first success after a failure, and the
    /// failure after which a webhook has failed for too long, which takes it out of use.
    /// </summary>
    /// <param name="tenant">Whose.</param>
    /// <param name="id">Which.</param>
    /// <param name="succeeded">Whether the attempt went well.</param>
    /// <param name="disableAfter">How long a webhook may fail.</param>
    /// <returns>The webhook, where this call took it out of use; else null.</returns>
    public async Task<StoredWebhook?> MarkWebhookAsync(string tenant, Guid id, bool succeeded, TimeSpan disableAfter)
    {
        if (await WebhookAsync(tenant, id) is not { DisabledAt: null } webhook || (succeeded && webhook.FailingSince is null))
        {
            return null;
        }

        var now = Now;
        if (succeeded || webhook.FailingSince is not { } since)
        {
            // Not a change of the configuration: nobody has to read it anew.
            await database.WriteAsync(session => session.ExecuteAsync(
                succeeded
                    ? "UPDATE webhooks SET failing_since = $3 WHERE tenant = $1 AND id = $2 AND failing_since IS NOT NULL"
                    : "UPDATE webhooks SET failing_since = $3 WHERE tenant = $1 AND id = $2 AND failing_since IS NULL",
                tenant, id.Bytes(), succeeded ? null : now));
            return null;
        }

        return now - since < (long)disableAfter.TotalMilliseconds ? null : await DisableFailingAsync(tenant, id, since);
    }

    /// <summary>Takes a webhook out of use, unless it has worked since it was looked at.</summary>
    private Task<StoredWebhook?> DisableFailingAsync(string tenant, Guid id, long since) => WriteWebhookAsync(
        tenant,
        session => session.FirstAsync(
            $"UPDATE webhooks SET disabled_at = $3, disabled_reason = 'failing' WHERE tenant = $1 AND id = $2 AND disabled_at IS NULL AND failing_since = $4 RETURNING {WebhookColumns}",
            ReadWebhook, tenant, id.Bytes(), Now, since));

    /// <summary>Changes a webhook, and with it the version of what the tenant has configured where there was something to change.</summary>
    private Task<StoredWebhook?> WriteWebhookAsync(string tenant, Func<StoreSession, ValueTask<StoredWebhook?>> write) => database.WriteAsync(async session =>
    {
        // The tenant's row comes first in the order of locks.
        await session.QueryAsync("SELECT id FROM tenants WHERE id = $1 {lock}", r => r.GetString(0), tenant);
        var webhook = await write(session);
        if (webhook is not null)
        {
            await RaiseVersionAsync(session, tenant);
        }

        return webhook;
    });

    private static StoredWebhook ReadWebhook(DbDataReader r) => new()
    {
        Endpoint = new WebhookEndpoint
        {
            Id = Ids.FromBytes((byte[])r[0]),
            Url = new Uri(r.GetString(1)),
            Types = r.GetString(2).Split('\n', StringSplitOptions.RemoveEmptyEntries),
            UserId = r.IsDBNull(3) ? null : r.GetString(3),
            Secret = (byte[])r[4],
            OldSecret = r.IsDBNull(5) ? null : (ReadOnlyMemory<byte>?)(byte[])r[5],
            OldSecretUntil = r.IsDBNull(6) ? null : r.GetInt64(6),
        },
        DisabledAt = r.IsDBNull(7) ? null : r.GetInt64(7),
        DisabledReason = r.IsDBNull(8) ? null : r.GetString(8),
        FailingSince = r.IsDBNull(9) ? null : r.GetInt64(9),
        CreatedAt = r.GetInt64(10),
        UpdatedAt = r.GetInt64(11),
    };
}
