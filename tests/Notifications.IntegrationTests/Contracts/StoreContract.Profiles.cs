using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Inbox;
using Notifications.Preferences;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.IntegrationTests.Contracts;

/// <content>Who users are, what they want, and that nothing is left of who is deleted.</content>
public abstract partial class StoreContract
{
    private static readonly PreferenceDocument NoMail = new() { Channels = new Dictionary<string, ChannelSetting> { ["email"] = ChannelSetting.Off } };

    [Fact]
    public async Task Profiles_are_read_as_they_were_written()
    {
        var ann = new Profile { UserId = "ann", Email = "ann@example.com", Name = "Änn", Locale = "de", TimeZone = "Europe/Vienna", Preferences = NoMail };
        var written = await Store.WriteProfilesAsync(Tenant, ["ann", "bob"], old => old.UserId == "ann" ? ann : old);
        Assert.All(written, w => Assert.True(w!.Value.Created));
        await Store.WriteProfilesAsync("other", ["ann"], old => old with { Email = "other@example.com" });
        await Store.SubscribeAsync(Tenant, "news", "cat"); // Named, without a profile.

        Assert.Equal(1, await ScalarAsync("SELECT has_profiles FROM tenants WHERE id = 'acme'"));
        var read = await _database.ReadAsync(session => Store.ProfilesAsync(session, Tenant, ["bob", "ann", "nobody", "cat"]));
        Assert.Equal(["ann", "bob"], read.Select(p => p.UserId).Order(StringComparer.Ordinal));
        var found = read.Single(p => p.UserId == "ann");
        Assert.Equal(("ann@example.com", "Änn", "de", "Europe/Vienna", ChannelSetting.Off), (found.Email, found.Name, found.Locale, found.TimeZone, found.Preferences.Channels["email"]));
        Assert.True(read.Single(p => p.UserId == "bob").Preferences.IsEmpty);
        var both = await _database.ReadAsync(session => Store.ProfilesAsync(session, [Ann, new UserKey("other", "ann"), new UserKey("other", "bob")]));
        Assert.Equal(["ann@example.com", "other@example.com"], both.OrderBy(p => p.Key.Tenant, StringComparer.Ordinal).Select(p => p.Value.Email));
        Assert.Equal(["ann", "bob", "cat"], (await Store.UsersAsync(Tenant, "", 10, Never)).Select(u => u.Profile.UserId));
        Assert.Equal(["cat"], (await Store.UsersAsync(Tenant, "bob", 10, Never)).Select(u => u.Profile.UserId));
        Assert.Null((await Store.UserAsync(new UserKey(Tenant, "cat"), Never))!.CreatedAt);
        Assert.Null(await Store.UserAsync(new UserKey(Tenant, "nobody"), Never));

        Time.Advance(TimeSpan.FromSeconds(5));
        var again = (await Store.WriteProfilesAsync(Tenant, ["ann", "cat"], old => old.UserId == "ann" ? old with { Email = null } : null)).ToList();
        Assert.Equal((false, ChannelSetting.Off), (again[0]!.Value.Created, again[0]!.Value.Profile.Preferences.Channels["email"]));
        Assert.Null(again[1]); // Refused: as it was.
        var user = await Store.UserAsync(Ann, Never);
        Assert.Equal((null, 5000L), (user!.Profile.Email, user.UpdatedAt - user.CreatedAt));
        Assert.Null((await Store.UserAsync(new UserKey(Tenant, "cat"), Never))!.CreatedAt);
    }

    [Fact]
    public async Task A_policy_is_replaced_only_where_it_is_the_one_that_was_read()
    {
        Assert.Equal("UTC", (await Store.PolicyAsync(Tenant)).TimeZone);
        Assert.True(await Store.SetPolicyAsync(Tenant, Policy.Default with { TimeZone = "Asia/Tokyo" }, there => there.TimeZone == "UTC"));
        Assert.False(await Store.SetPolicyAsync(Tenant, Policy.Default with { TimeZone = "Asia/Kolkata" }, there => there.TimeZone == "UTC"));
        Assert.Equal("Asia/Tokyo", (await Store.PolicyAsync(Tenant)).TimeZone);
        Assert.Equal(1, await ScalarAsync("SELECT version FROM tenants WHERE id = 'acme'"));
        Assert.Equal("UTC", (await Store.PolicyAsync("other")).TimeZone);
    }

    [Fact]
    public async Task What_waits_for_a_user_follows_a_change_of_hours()
    {
        await Store.WriteProfilesAsync(Tenant, ["ann", "bob"], old => old);
        var later = Time.Milliseconds + 86_400_000;
        var (held, once, mine, sent) = (await QueueAsync("ann", 1, "", later), await QueueAsync("ann", 0, "", later), await QueueAsync("ann", 1, "node", later), Ids.New(Time));
        var bobs = await QueueAsync("bob", 1, "", later);
        var (waiting, closed) = (Ids.New(Time), Ids.New(Time));
        await RunAsync(
            "INSERT INTO digest_items (tenant, user_id, channel, event_id, due_at, created_at, delivery_id) VALUES ('acme', 'ann', 'email', $1, $2, 0, NULL), " +
            "('acme', 'ann', 'email', $3, $2, 0, $4), ('acme', 'bob', 'email', $1, $2, 0, NULL)",
            waiting.Bytes(), later, closed.Bytes(), sent.Bytes());

        await Store.WriteProfilesAsync(Tenant, ["ann"], old => old with { Email = "ann@example.com", Preferences = NoMail });
        Assert.Equal(later, await DueAsync(held)); // Not one of the things that move it.
        await Store.WriteProfilesAsync(Tenant, ["ann", "bob"], old => old.UserId == "bob" ? old : old with
        {
            Preferences = old.Preferences with { Digest = new DigestSchedule(DigestInterval.Hourly, default, default) },
        });

        Assert.Equal((Time.Milliseconds, later, later, later), (await DueAsync(held), await DueAsync(once), await DueAsync(mine), await DueAsync(bobs)));
        var next = PreferenceRules.NextDigest(
            Policy.Default, new PreferenceDocument { Digest = new DigestSchedule(DigestInterval.Hourly, default, default) }, TimeZoneInfo.Utc, Time.GetUtcNow());
        Assert.Equal(next.ToUnixTimeMilliseconds(), await ScalarAsync("SELECT due_at FROM digest_items WHERE user_id = 'ann' AND delivery_id IS NULL"));
        Assert.Equal(later, await ScalarAsync("SELECT due_at FROM digest_items WHERE user_id = 'ann' AND delivery_id IS NOT NULL"));
        Assert.Equal(later, await ScalarAsync("SELECT due_at FROM digest_items WHERE user_id = 'bob'"));
    }

    [Fact]
    public async Task Topics_are_listed_with_those_that_are_open()
    {
        await Store.SetPolicyAsync(Tenant, Policy.Default with { OpenTopics = ["news.*", "offers", "zzz"] }, _ => true);
        foreach (var (topic, user) in new[] { ("news.a", "bob"), ("news.b", "ann"), ("news.b", "bob"), ("news.c", "cat"), ("newsletter", "bob"), ("orders", "ann"), ("news.", "bob") })
        {
            await Store.SubscribeAsync(Tenant, topic, user);
        }

        await Store.SubscribeAsync("other", "news.d", "ann");
        string[] expected = ["news. - open", "news.a - open", "news.b + open", "news.c - open", "offers - open", "orders + closed", "zzz - open"];
        for (var limit = 1; limit <= 8; limit++)
        {
            var seen = new List<UserTopic>();
            for (List<UserTopic> page = null!; page is null || page.Count == limit;)
            {
                page = await Store.UserTopicsAsync(Ann, seen.Count == 0 ? "" : seen[^1].Key, limit, Never);
                seen.AddRange(page);
            }

            Assert.Equal(expected, seen.Select(t => $"{t.Key} {(t.SubscribedAt is null ? '-' : '+')} {(t.Open ? "open" : "closed")}"));
        }
    }

    [Fact]
    public async Task Nothing_is_left_of_a_user_who_is_deleted()
    {
        var owner = await OwnAsync();
        var secret = Deliver(Event(externalId: "order-1", to: "user:ann"), "ann");
        var shared = To("ann", "bob");
        await owner.CommitAsync(secret, shared);
        for (var i = 0; i < 3; i++)
        {
            await owner.CommitAsync([.. Enumerable.Range(0, 400).Select(_ => To("ann"))]);
        }

        var mailed = await CommitUnseenAsync(owner);
        await Store.WriteProfilesAsync(Tenant, ["ann", "bob"], old => old with { Email = old.UserId + "@example.com" });
        foreach (var user in new[] { "ann", "bob" })
        {
            await Store.SubscribeAsync(Tenant, "news", user);
            await Store.SavePositionsAsync([new DevicePosition(new UserKey(Tenant, user), "phone", 1)]);
            await QueueAsync(user, 0, "", 0, mailed);
            await RunAsync("INSERT INTO throttles (tenant, user_id, category, window_start, count) VALUES ('acme', $1, 'orders', 0, 1)", user);
            await RunAsync("INSERT INTO digest_items (tenant, user_id, channel, event_id, due_at, created_at) VALUES ('acme', $1, 'email', $2, 0, 0)", user, shared.Event.Id.Bytes());
            await RunAsync(
                "INSERT INTO webhooks (tenant, id, url, types, user_id, secret, created_at, updated_at) VALUES ('acme', $1, 'https://a', '', $2, $1, 0, 0)",
                Ids.New(Time).Bytes(), user);
        }

        var counter = (await UserLog.HeadAsync(Ann, Never)).Counter;
        await new UserDeletion(Store, Rung, NullLogger<UserDeletion>.Instance).DeleteAsync(Ann, "key_1", Never);

        foreach (var table in new[] { "heads", "inbox", "profiles", "subscriptions", "positions", "deliveries", "throttles", "digest_items", "webhooks" })
        {
            Assert.Equal((table, 0), (table, await ScalarAsync($"SELECT COUNT(*) FROM {table} WHERE user_id = 'ann'")));
            Assert.True(await ScalarAsync($"SELECT COUNT(*) FROM {table} WHERE user_id = 'bob'") > 0, table);
        }

        Assert.Equal(1, await ScalarAsync("SELECT COUNT(*) FROM delivery_queue"));
        Assert.Equal(1, await ScalarAsync("SELECT COUNT(*) FROM dead_letters"));
        Assert.Equal(0, await ScalarAsync("SELECT COUNT(*) FROM events WHERE recipients = 'user:ann'"));
        var emptied = await Store.EventAsync(Tenant, "order-1", null, Never);
        Assert.Equal((secret.Event.Id, "user:deleted", "user:deleted", "[]"), (emptied!.Id, emptied.To, emptied.OrderingKey, Encoding.UTF8.GetString(emptied.Decisions)));
        Assert.DoesNotContain(secret.Event.Id.ToString(), Encoding.UTF8.GetString(emptied.Content), StringComparison.Ordinal);
        Assert.Contains("\"title\":null", Encoding.UTF8.GetString(emptied.Content), StringComparison.Ordinal);
        Assert.Equal("user:ann\nuser:bob", (await Store.EventAsync(Tenant, shared.Event.Id, Never))!.To); // Bob has it still.
        Assert.Single(await ItemsAsync(Bob));
        await AssertCountsAsync(Bob);

        var deletion = Assert.Single(await Store.DeletionsAsync(Tenant, "", 10, Never));
        Assert.Equal(("ann", "key_1", counter + 1), (deletion.UserId, deletion.DeletedBy, deletion.Counter));
        Assert.Equal(
            """{"webhooks":1,"notifications":1202,"deliveries":1,"digestItems":1,"subscriptions":1,"devices":1,"throttles":1,"profile":1}""", deletion.Removed);
        await new UserDeletion(Store, Rung, NullLogger<UserDeletion>.Instance).DeleteAsync(Ann, "key_2", Never); // Nothing to do.
        await new UserDeletion(Store, Rung, NullLogger<UserDeletion>.Instance).DeleteAsync(new UserKey(Tenant, "nobody"), "key_2", Never);
        Assert.Equal("key_1", Assert.Single(await Store.DeletionsAsync(Tenant, "", 10, Never)).DeletedBy);
    }

    [Fact]
    public async Task An_event_that_waits_for_its_time_goes_with_its_only_recipient()
    {
        var owner = await OwnAsync();
        var (alone, both, bobs) = (To("ann"), To("ann", "bob"), To("bob"));
        await owner.CommitAsync(alone, both, bobs);
        foreach (var plan in new[] { alone, both, bobs })
        {
            await RunAsync("UPDATE events SET state = 'scheduled' WHERE id = $1", plan.Event.Id.Bytes());
            await RunAsync("INSERT INTO scheduled (event_id, tenant, partition, due_at, payload) VALUES ($1, 'acme', 0, 5, $1)", plan.Event.Id.Bytes());
        }

        await new UserDeletion(Store, Rung, NullLogger<UserDeletion>.Instance).DeleteAsync(Ann, "key_1", Never);

        Assert.Equal(2, await ScalarAsync("SELECT COUNT(*) FROM scheduled"));
        Assert.Equal(1, await ScalarAsync("SELECT COUNT(*) FROM events WHERE state = 'cancelled' AND recipients = 'user:deleted'"));
        Assert.Contains("\"scheduled\":1", Assert.Single(await Store.DeletionsAsync(Tenant, "", 10, Never)).Removed, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_is_named_while_being_deleted_exists_as_a_whole_or_not_at_all()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync([.. Enumerable.Range(0, 300).Select(_ => To("ann", "bob"))]);
        var events = Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                await owner.CommitAsync([.. Enumerable.Range(0, 20).Select(_ => To("bob", "ann"))]);
            }
        });
        var profiles = Task.Run(async () =>
        {
            for (var i = 0; i < 40; i++)
            {
                await Store.WriteProfilesAsync(Tenant, ["ann"], old => old with { Name = i.ToString(CultureInfo.InvariantCulture) });
            }
        });
        var deletion = new UserDeletion(Store, Rung, NullLogger<UserDeletion>.Instance);
        for (var i = 0; i < 5; i++)
        {
            await deletion.DeleteAsync(Ann, "key_1", Never);
        }

        await Task.WhenAll(events, profiles);
        var heads = await ScalarAsync("SELECT COUNT(*) FROM heads WHERE user_id = 'ann'");
        var rows = await ScalarAsync("SELECT COUNT(*) FROM inbox WHERE user_id = 'ann'");
        Assert.True(heads == 1 || rows + await ScalarAsync("SELECT COUNT(*) FROM profiles WHERE user_id = 'ann'") == 0);
        Assert.Equal(rows, await ScalarAsync("SELECT COALESCE(SUM(items), 0) FROM heads WHERE user_id = 'ann'"));
        await AssertCountsAsync(Ann);
        Assert.Equal(1100, (await ItemsAsync(Bob)).Count);
        await deletion.DeleteAsync(Ann, "key_1", Never);
        Assert.Equal(0, await ScalarAsync("SELECT COUNT(*) FROM inbox WHERE user_id = 'ann'"));
        Assert.Null(await Store.UserAsync(Ann, Never));
    }

    /// <summary>An event to Ann that is in no inbox.</summary>
    private async Task<Guid> CommitUnseenAsync(Owner owner)
    {
        var plan = To("ann");
        await owner.CommitAsync(Deliver(plan.Event));
        return plan.Event.Id;
    }

    /// <summary>A delivery that waits, and a dead letter of it.</summary>
    private async Task<Guid> QueueAsync(string user, int recheck, string owner, long dueAt, Guid? eventId = null)
    {
        var id = Ids.New(Time);
        await RunAsync(
            "INSERT INTO deliveries (tenant, id, event_id, user_id, channel, target, kind, state, reason, created_at, due_at) " +
            "VALUES ('acme', $1, $2, $3, 'email', 'a@example.com', 'event', 'pending', 'named', 0, $4)",
            id.Bytes(), (eventId ?? id).Bytes(), user, dueAt);
        await RunAsync(
            "INSERT INTO delivery_queue (id, tenant, channel, due_at, owner, recheck) VALUES ($1, 'acme', 'email', $2, $3, $4)", id.Bytes(), dueAt, owner, recheck);
        await RunAsync(
            "INSERT INTO dead_letters (id, tenant, event_id, partition, position, reason, error, created_at, payload, kind, delivery_id) " +
            "VALUES ($1, 'acme', $1, 0, 0, 'refused', '', 0, $1, 'delivery', $1)", id.Bytes());
        return id;
    }

    private Task<long> DueAsync(Guid delivery) => _database.ReadAsync(session =>
        session.FirstAsync("SELECT due_at FROM delivery_queue WHERE id = $1", r => r.GetInt64(0), delivery.Bytes()));

    private Task<int> RunAsync(string sql, params object?[] arguments) => _database.WriteAsync(session => session.ExecuteAsync(sql, arguments));

    private Task<long> ScalarAsync(string sql) =>
        _database.ReadAsync(session => session.FirstAsync(sql, r => Convert.ToInt64(r.GetValue(0), CultureInfo.InvariantCulture)));
}
