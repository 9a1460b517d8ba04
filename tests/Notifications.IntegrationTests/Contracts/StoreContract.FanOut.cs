using Notifications.Inbox;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <content>An event to more users than one transaction takes; and one to everyone.</content>
public abstract partial class StoreContract
{
    /// <summary>In the order of code points; UTF-16 units would put U+E000 to U+FFFF last.</summary>
    private static readonly string[] Sorted = ["a", "aa", "b", "z", "é", "\uD7FF", "\uE000", "\uE000a", "\uFFFD", "𐀀", "😀", "😀a", "\U0010FFFF"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(13)]
    [InlineData(100)]
    public async Task Steps_reach_each_user_of_the_union_once_in_order(int size)
    {
        var owner = await OwnAsync();
        foreach (var (user, i) in Sorted.Select((user, i) => (user, i)).Reverse())
        {
            if (i % 2 == 0)
            {
                await Store.SubscribeAsync(Tenant, "even", user);
            }

            if (i % 3 == 0)
            {
                await Store.SubscribeAsync(Tenant, "third", user);
            }
        }

        await Store.SubscribeAsync(Tenant, "other", "not me");
        await Store.SubscribeAsync("other", "even", "nor me");
        var named = Sorted.Where((_, i) => i % 2 == 1 || i % 4 == 0).Reverse().Select(u => "user:" + u).ToArray();
        var plan = InSteps(["topic:third", .. named, "topic:even", "topic:nobody"]);
        var fanOut = Assert.Single((await owner.CommitAsync(plan)).FanOuts);
        Assert.Equal(fanOut, Assert.Single(await Store.FanOutsAsync(0, Never)));

        var reached = new List<string>();
        for (var finished = false; !finished;)
        {
            Assert.Equal(reached.Count, (await Store.EventAsync(Tenant, plan.Event.Id, Never))?.FannedOut);
            (var pushes, finished) = await Store.FanOutStepAsync(owner.Lease, fanOut, size);
            Assert.InRange(pushes.Count, 0, size);
            reached.AddRange(pushes.Select(p => p.Key.User));
        }

        Assert.Equal(Sorted, reached);
        Assert.Empty(await Store.FanOutsAsync(0, Never));
        var stored = await Store.EventAsync(Tenant, plan.Event.Id, Never);
        Assert.Equal((null, Sorted.Length), (stored?.FannedOut, stored?.Recipients));
        Assert.All(await Task.WhenAll(Sorted.Select(u => ItemsAsync(new UserKey(Tenant, u)))), items => Assert.Equal(plan.Event.Id, Assert.Single(items).EventId));
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.FanOutStepAsync(owner.Lease, fanOut, size)); // it is over
    }

    [Fact]
    public async Task A_new_owner_goes_on_where_the_last_step_ended()
    {
        var old = await OwnAsync();
        var users = Enumerable.Range(0, 25).Select(i => $"u{i:00}").ToArray();
        await Task.WhenAll(users.Select(u => Store.SubscribeAsync(Tenant, "news", u)));
        var fanOut = Assert.Single((await old.CommitAsync(InSteps("topic:news"))).FanOuts);
        await Store.FanOutStepAsync(old.Lease, fanOut, 10);

        var current = await OwnAsync();
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.FanOutStepAsync(old.Lease, fanOut, 10)); // fenced
        fanOut = Assert.Single(await Store.FanOutsAsync(0, Never));
        Assert.False((await Store.FanOutStepAsync(current.Lease, fanOut, 10)).Finished);
        Assert.True((await Store.FanOutStepAsync(current.Lease, fanOut, 10)).Finished);
        Assert.All(await Task.WhenAll(users.Select(u => ItemsAsync(new UserKey(Tenant, u)))), items => Assert.Single(items));
    }

    [Fact]
    public async Task Fan_outs_are_listed_by_partition_oldest_first()
    {
        var (zero, one) = (await OwnAsync(0), await OwnAsync(1));
        var first = (await zero.CommitAsync(InSteps("topic:a"), To("ann"), InSteps("topic:b"))).FanOuts;
        var other = (await one.CommitAsync(InSteps("topic:a"))).FanOuts;
        var second = (await zero.CommitAsync(InSteps("topic:a"))).FanOuts;

        Assert.Equal([.. first, .. second], await Store.FanOutsAsync(0, Never));
        Assert.Equal(["topic:a", "topic:b", "topic:a"], (await Store.FanOutsAsync(0, Never)).Select(f => f.OrderingKey));
        Assert.Equal(other, await Store.FanOutsAsync(1, Never));
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.FanOutStepAsync(one.Lease, first[0], 10)); // not the owner's partition
    }

    [Fact]
    public async Task A_fan_out_in_progress_holds_up_nobody_and_mixes_with_what_else_its_users_get()
    {
        var (zero, one) = (await OwnAsync(0), await OwnAsync(1));
        var users = Enumerable.Range(0, 40).Select(i => $"u{i:00}").ToArray();
        await Task.WhenAll(users.Select(u => Store.SubscribeAsync(Tenant, "news", u)));
        var fanOut = Assert.Single((await zero.CommitAsync(InSteps("topic:news"))).FanOuts);
        var pushes = new System.Collections.Concurrent.ConcurrentBag<UserPush>();
        await Task.WhenAll(
            Task.Run(async () =>
            {
                for (var finished = false; !finished;)
                {
                    (var step, finished) = await Store.FanOutStepAsync(zero.Lease, fanOut, 3);
                    step.ToList().ForEach(pushes.Add);
                }
            }),
            Task.Run(async () =>
            {
                for (var i = 0; i < 30; i++)
                {
                    (await one.CommitAsync(To(users[i], users[39 - i]))).Pushes.ToList().ForEach(pushes.Add);
                }
            }));

        foreach (var key in users.Select(u => new UserKey(Tenant, u)))
        {
            AssertGapless(pushes.Where(p => p.Key == key), (await LogAsync(key)).Head);
            Assert.Single(await ItemsAsync(key), i => i.EventId == fanOut.EventId);
            await AssertCountsAsync(key);
        }
    }

    [Fact]
    public async Task An_event_that_is_withdrawn_reaches_nobody_more()
    {
        var owner = await OwnAsync();
        var plan = InSteps("user:a", "user:b", "user:c");
        var fanOut = Assert.Single((await owner.CommitAsync(plan, ToAll())).FanOuts);
        await Store.FanOutStepAsync(owner.Lease, fanOut, 1);
        await _database.WriteAsync(session => session.ExecuteAsync("UPDATE events SET withdrawn_at = $1", Time.Milliseconds));

        Assert.Equal((0, true), await Store.FanOutStepAsync(owner.Lease, fanOut, 1) is var (pushes, finished) ? (pushes.Count, finished) : default);
        Assert.Empty(await Store.FanOutsAsync(0, Never));
        Assert.Empty(await ItemsAsync(new UserKey(Tenant, "b")));
        Assert.Single((await LogAsync(new UserKey(Tenant, "a"))).Steps); // what a has they keep; the broadcast is not taken
    }

    [Fact]
    public async Task Everyone_takes_a_broadcast_once()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(To("ann", "bob"));
        var result = await owner.CommitAsync(ToAll());
        Assert.Equal([Tenant], result.BroadcastTenants);
        Assert.Empty(result.Pushes); // no row and no push per registered user

        var taken = await Store.TakeBroadcastsAsync(Tenant, ["bob", "ann"]);
        Assert.Equal([("ann", 2L, new Counts(2, 2)), ("bob", 2L, new Counts(2, 2))], taken.OrderBy(p => p.Key.User).Select(p => (p.Key.User, p.Last, p.Counts)));
        Assert.Empty(await Store.TakeBroadcastsAsync(Tenant, ["ann", "bob"]));
        Assert.Equal(2, (await ItemsAsync(Ann)).Count);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Broadcasts_come_in_their_order_and_are_taken_by_reading_alone()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(To("ann"));
        var first = new[] { ToAll(), ToAll() };
        await owner.CommitAsync(first);
        var second = ToAll();
        await owner.CommitAsync(second);

        Assert.False((await Store.HeadsAsync([Ann]))[0].IsCurrent); // the store alone says that the log is behind
        Assert.Equal(4, (await UserLog.HeadAsync(Ann, Never)).Counter);
        Assert.Equal([.. first.Select(p => p.Event.Id), second.Event.Id], (await LogAsync(Ann, 1)).Steps.Select(s => s.Items[0].EventId));
        Assert.Equal([2L, 3, 4], Rung.Of(Ann).Select(p => p.Last)); // the user's connections hear of it
    }

    [Fact]
    public async Task A_user_gets_the_broadcasts_from_their_creation_on()
    {
        var (zero, one) = (await OwnAsync(0), await OwnAsync(1));
        await zero.CommitAsync(ToAll());
        await Store.SubscribeAsync(Tenant, "news", "subscribed");
        await one.CommitAsync(To("named"));
        await UserLog.HeadAsync(new UserKey(Tenant, "read"), Never);
        await Store.ChangeAsync(new UserKey(Tenant, "changed"), [], new InboxChange { Seen = true });
        await Store.TakeBroadcastsAsync(Tenant, ["connected"]);
        var second = ToAll(named: ["covered"]);
        await zero.CommitAsync(second);

        foreach (var user in new[] { "subscribed", "named", "read", "changed", "connected", "covered" })
        {
            var items = await ItemsAsync(new UserKey(Tenant, user));
            Assert.Equal(second.Event.Id, items[0].EventId);
            Assert.Equal(user == "named" ? 2 : 1, items.Count);
        }

        Assert.Empty(await ItemsAsync(new UserKey(Tenant, "late")));
        Assert.Empty(await ItemsAsync(new UserKey("other", "read")));
    }

    [Fact]
    public async Task A_change_takes_broadcasts_first()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(To("ann"));
        await owner.CommitAsync(ToAll());
        var result = await Store.ChangeAsync(Ann, [(await Store.EventRecipientsAsync(Tenant, (await owner.CommitAsync(To("ann"))).Pushes[0].Items[0].EventId, "", 1, Never))[0].Item.Id], new InboxChange { Read = true });

        // 1 and 2 are ann's own, 3 the broadcast, 4 the change.
        Assert.Equal([(3L, 3L), (4L, 4L)], result.Pushes.Select(p => (p.First, p.Last)));
        Assert.Equal(new Counts(2, 2), result.Counts);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Those_who_take_at_the_same_time_get_each_broadcast_once()
    {
        var owner = await OwnAsync();
        var users = Enumerable.Range(0, 12).Select(i => $"u{i:00}").ToArray();
        await owner.CommitAsync(To(users));
        var pushes = new System.Collections.Concurrent.ConcurrentBag<UserPush>();
        var publishing = Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                await owner.CommitAsync(ToAll(), ToAll());
            }
        });
        await Task.WhenAll(Enumerable.Range(0, 6).Select(n => Task.Run(async () =>
        {
            for (var i = 0; i < 20; i++)
            {
                foreach (var push in await Store.TakeBroadcastsAsync(Tenant, [.. users.Skip(n % 3).Where((_, u) => (u + i + n) % 2 == 0).Reverse()]))
                {
                    pushes.Add(push);
                }
            }
        })).Append(publishing));
        foreach (var push in await Store.TakeBroadcastsAsync(Tenant, users))
        {
            pushes.Add(push);
        }

        foreach (var key in users.Select(u => new UserKey(Tenant, u)))
        {
            var log = await LogAsync(key);
            Assert.Equal(41, log.Head.Counter);
            Assert.Equal(41, log.Steps.Select(s => s.Items[0].EventId).Distinct().Count());
            Assert.Equal(Enumerable.Range(2, 40).Select(i => (long)i), pushes.Where(p => p.Key == key).Select(p => p.Last).Order());
            await AssertCountsAsync(key);
        }
    }
}
