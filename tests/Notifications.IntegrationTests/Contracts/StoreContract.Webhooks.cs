using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

public abstract partial class StoreContract
{
    private static readonly Uri Hook = new("https://example.com/hook?a=%20b");

    [Fact]
    public async Task A_webhook_is_there_as_it_was_made_and_gone_when_it_is_deleted()
    {
        var made = (await Store.AddWebhookAsync(Tenant, Hook, ["order.shipped", "b"], "ann", [1, 2, 3]))!;
        var id = made.Endpoint.Id;
        var read = (await Store.WebhookAsync(Tenant, id))!;
        Assert.Equal(
            (Hook, "ann", Time.Milliseconds, Time.Milliseconds, (long?)null), (read.Endpoint.Url, read.Endpoint.UserId!, read.CreatedAt, read.UpdatedAt, read.DisabledAt));
        Assert.Equal(["order.shipped", "b"], read.Endpoint.Types);
        Assert.Equal([1, 2, 3], read.Endpoint.Secret.ToArray());
        Assert.Null(await Store.WebhookAsync("other", id));
        Assert.Equal(1, await VersionAsync());

        Assert.False(await Store.DeleteWebhookAsync("other", id));
        Assert.True(await Store.DeleteWebhookAsync(Tenant, id));
        Assert.False(await Store.DeleteWebhookAsync(Tenant, id));
        Assert.Null(await Store.WebhookAsync(Tenant, id));
        Assert.Equal(2, await VersionAsync());
    }

    [Fact]
    public async Task Whose_webhook_it_is_has_a_profile_from_then_on()
    {
        await Store.AddWebhookAsync(Tenant, Hook, [], null, [1]);
        Assert.Equal((0L, 0L), await ProfilesAsync());
        await Store.AddWebhookAsync(Tenant, Hook, [], "ann", [1]);
        await Store.AddWebhookAsync(Tenant, Hook, [], "ann", [1]);
        Assert.Equal((1L, 1L), await ProfilesAsync());
    }

    [Fact]
    public async Task Webhooks_are_listed_oldest_first()
    {
        var ids = new List<Guid>();
        for (var i = 0; i < 5; i++)
        {
            Time.Advance(TimeSpan.FromMilliseconds(5));
            ids.Add((await Store.AddWebhookAsync(Tenant, Hook, [], null, [1]))!.Endpoint.Id);
        }

        await Store.AddWebhookAsync("other", Hook, [], null, [1]);
        Assert.Equal(ids, (await Store.WebhooksAsync(Tenant, Guid.Empty, 10)).Select(w => w.Endpoint.Id));
        Assert.Equal(ids[2..4], (await Store.WebhooksAsync(Tenant, ids[1], 2)).Select(w => w.Endpoint.Id));
    }

    [Fact]
    public async Task What_is_changed_of_a_webhook_is_what_was_said_and_the_rest_stays()
    {
        var id = (await Store.AddWebhookAsync(Tenant, Hook, ["a"], "ann", [1]))!.Endpoint.Id;
        Time.Advance(TimeSpan.FromSeconds(1));
        var moved = (await Store.ChangeWebhookAsync(Tenant, id, new Uri("https://example.org/"), null, null))!;
        Assert.Equal(("https://example.org/", "a", Time.Milliseconds, (long?)null), (moved.Endpoint.Url.AbsoluteUri, moved.Endpoint.Types.Single(), moved.UpdatedAt, moved.DisabledAt));
        Assert.Empty((await Store.ChangeWebhookAsync(Tenant, id, null, [], null))!.Endpoint.Types);
        Assert.Single(await InUseAsync());

        var off = (await Store.ChangeWebhookAsync(Tenant, id, null, null, false))!;
        Assert.Equal((Time.Milliseconds, "operator"), (off.DisabledAt!.Value, off.DisabledReason));
        Assert.Empty(await InUseAsync());
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(off.DisabledAt, (await Store.ChangeWebhookAsync(Tenant, id, null, ["b"], false))!.DisabledAt);
        Assert.Null(await Store.DisableWebhookAsync(Tenant, id, "gone")); // It was out of use before.

        var on = (await Store.ChangeWebhookAsync(Tenant, id, null, null, true))!;
        Assert.Equal((null, null, "https://example.org/", "b"), (on.DisabledAt, on.DisabledReason, on.Endpoint.Url.AbsoluteUri, on.Endpoint.Types.Single()));
        Assert.Equal(on.Endpoint.Url, (await InUseAsync())[id].Url);
        Assert.Null(await Store.ChangeWebhookAsync("other", id, null, null, false));
        Assert.Equal(6, await VersionAsync());
    }

    [Fact]
    public async Task After_a_rotation_the_secret_before_signs_too_for_a_while()
    {
        var id = (await Store.AddWebhookAsync(Tenant, Hook, [], null, [1]))!.Endpoint.Id;
        var rotated = (await Store.RotateWebhookAsync(Tenant, id, [2], TimeSpan.FromHours(24)))!.Endpoint;
        Assert.Equal([2], rotated.Secret.ToArray());
        Assert.Equal([1], rotated.OldSecret!.Value.ToArray());
        Assert.Equal(Time.Milliseconds + 86_400_000, rotated.OldSecretUntil);
        Assert.Equal([1], (await InUseAsync())[id].OldSecret!.Value.ToArray());
        Assert.Equal([2], (await Store.RotateWebhookAsync(Tenant, id, [3], TimeSpan.FromHours(24)))!.Endpoint.OldSecret!.Value.ToArray());
        Assert.Null(await Store.RotateWebhookAsync(Tenant, Guid.NewGuid(), [3], TimeSpan.Zero));
        Assert.Equal(3, await VersionAsync());
    }

    [Fact]
    public async Task A_webhook_that_fails_for_too_long_is_taken_out_of_use_once()
    {
        var limit = TimeSpan.FromHours(72);
        var id = (await Store.AddWebhookAsync(Tenant, Hook, [], null, [1]))!.Endpoint.Id;
        Assert.Null(await Store.MarkWebhookAsync(Tenant, id, true, limit));
        Assert.Null(await Store.MarkWebhookAsync(Tenant, id, false, limit));
        var since = Time.Milliseconds;
        Time.Advance(limit - TimeSpan.FromSeconds(1));
        Assert.Null(await Store.MarkWebhookAsync(Tenant, id, false, limit));
        Assert.Equal(since, (await Store.WebhookAsync(Tenant, id))!.FailingSince);

        // One success, and the time begins anew.
        Assert.Null(await Store.MarkWebhookAsync(Tenant, id, true, limit));
        Assert.Null((await Store.WebhookAsync(Tenant, id))!.FailingSince);
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Null(await Store.MarkWebhookAsync(Tenant, id, false, limit));
        Assert.Equal(1, await VersionAsync()); // How it fares is nobody's configuration.

        Time.Advance(limit);
        var disabled = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Store.MarkWebhookAsync(Tenant, id, false, limit)));
        Assert.Equal("failing", Assert.Single(disabled, w => w is not null)!.DisabledReason);
        Assert.Null(await Store.MarkWebhookAsync(Tenant, id, false, limit));
        Assert.Empty(await InUseAsync());
        Assert.Equal(2, await VersionAsync());

        // Taken into use again it starts afresh.
        Assert.Null((await Store.ChangeWebhookAsync(Tenant, id, null, null, true))!.FailingSince);
        Assert.Null(await Store.MarkWebhookAsync(Tenant, id, false, limit));
        Assert.Single(await InUseAsync());
        Assert.Null(await Store.MarkWebhookAsync(Tenant, Guid.NewGuid(), false, limit));
    }

    [Fact]
    public async Task A_webhook_whose_endpoint_is_gone_is_taken_out_of_use()
    {
        var id = (await Store.AddWebhookAsync(Tenant, Hook, [], null, [1]))!.Endpoint.Id;
        Assert.Equal("gone", (await Store.DisableWebhookAsync(Tenant, id, "gone"))!.DisabledReason);
        Assert.Null(await Store.DisableWebhookAsync(Tenant, id, "gone"));
        Assert.Empty(await InUseAsync());
        Assert.Equal(2, await VersionAsync());
    }

    private Task<Dictionary<Guid, Notifications.Webhooks.WebhookEndpoint>> InUseAsync() => _database.ReadAsync(session => Store.WebhooksInUseAsync(session, Tenant));

    /// <summary>How many profiles the tenant has, and whether it knows that it has any.</summary>
    private Task<(long, long)> ProfilesAsync() => _database.ReadAsync(session => session.FirstAsync(
        "SELECT (SELECT COUNT(*) FROM profiles WHERE tenant = $1), has_profiles FROM tenants WHERE id = $1", r => (r.GetInt64(0), r.GetInt64(1)), Tenant));
}
