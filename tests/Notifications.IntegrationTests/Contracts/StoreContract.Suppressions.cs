using System.Text;
using Notifications.Preferences;

namespace Notifications.IntegrationTests.Contracts;

public abstract partial class StoreContract
{
    [Fact]
    public async Task An_address_that_ended_mail_of_a_category_gets_none_of_it()
    {
        Assert.True(await Store.SuppressAsync(Tenant, "Ann@Example.com", "orders"));
        Assert.False(await Store.SuppressAsync(Tenant, "ann@example.COM", "orders"));
        Assert.True(await Store.IsSuppressedAsync(Tenant, "ANN@example.com", "orders"));
        Assert.False(await Store.IsSuppressedAsync(Tenant, "ann@example.com", "news"));
        Assert.False(await Store.IsSuppressedAsync(Tenant, "ann@example.com", null));
        Assert.False(await Store.IsSuppressedAsync("other", "ann@example.com", "orders"));
        Assert.False(await Store.IsSuppressedAsync(Tenant, "bob@example.com", "orders"));
    }

    [Fact]
    public async Task An_address_that_ended_all_mail_gets_none()
    {
        Assert.True(await Store.SuppressAsync(Tenant, "ann@example.com", null));
        Assert.True(await Store.IsSuppressedAsync(Tenant, "ann@example.com", "orders"));
        Assert.True(await Store.IsSuppressedAsync(Tenant, "ann@example.com", null));
        Assert.False(await Store.IsSuppressedAsync("other", "ann@example.com", null));
    }

    [Fact]
    public async Task Many_addresses_are_asked_for_at_once()
    {
        await Store.SuppressAsync(Tenant, "ann@example.com", "orders");
        await Store.SuppressAsync(Tenant, "ann@example.com", "news");
        await Store.SuppressAsync(Tenant, "bob@example.com", null);
        await Store.SuppressAsync("other", "cat@example.com", null);
        Assert.Empty(await Store.SuppressedAsync([]));
        var found = await Store.SuppressedAsync(
        [
            (Tenant, "Ann@example.com", "orders"), (Tenant, "ann@example.com", "orders"), (Tenant, "ann@example.com", "billing"),
            (Tenant, "bob@example.com", "orders"), (Tenant, "bob@example.com", ""), (Tenant, "cat@example.com", ""),
        ]);
        Assert.Equal([(Tenant, "ann@example.com", "orders"), (Tenant, "bob@example.com", "")], found.Order());
    }

    [Fact]
    public async Task A_user_who_ended_email_keeps_the_other_wishes()
    {
        foreach (var (user, wishes) in new[] { ("ann", """{"channels":{"webhook":"off"},"categories":{"orders":{"email":"on","webhook":"on"}}}"""), ("bob", null) })
        {
            await _database.WriteAsync(session => session.ExecuteAsync(
                "INSERT INTO profiles (tenant, user_id, preferences, created_at, updated_at) VALUES ($1, $2, $3, 1, 1)",
                Tenant, user, wishes is null ? null : Encoding.UTF8.GetBytes(wishes)));
        }

        Assert.True(await Store.TurnEmailOffAsync(Tenant, "ann", "news"));
        Assert.True(await Store.TurnEmailOffAsync(Tenant, "ann", null));
        Assert.True(await Store.TurnEmailOffAsync(Tenant, "ann", null));
        Assert.True(await Store.TurnEmailOffAsync(Tenant, "bob", "news"));
        Assert.False(await Store.TurnEmailOffAsync(Tenant, "nobody", null));
        Assert.False(await Store.TurnEmailOffAsync("other", "ann", null));

        var (ann, bob) = (await WishesAsync("ann"), await WishesAsync("bob"));
        Assert.Equal((ChannelSetting.Off, ChannelSetting.Off), (ann.Channels["email"], ann.Channels["webhook"]));
        Assert.Equal("webhook", Assert.Single(Assert.Single(ann.Categories).Value).Key);
        Assert.Empty(bob.Channels);
        Assert.Equal(ChannelSetting.Off, bob.Categories["news"]["email"]);
    }

    private async Task<PreferenceDocument> WishesAsync(string user) => PreferenceDocument.Parse((await _database.ReadAsync(session => session.FirstAsync(
        "SELECT preferences FROM profiles WHERE tenant = $1 AND user_id = $2", r => (byte[])r[0], Tenant, user)))!);
}
