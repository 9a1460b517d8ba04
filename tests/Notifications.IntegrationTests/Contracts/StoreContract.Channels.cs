using Notifications.Channels;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Preferences;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <content>What goes out beside the inbox: its queue, and what waits.</content>
public abstract partial class StoreContract
{
    private long Later(int seconds) => Time.Milliseconds + (seconds * 1_000L);

    private Plan Mail(string user, long? dueAt = null, Recheck recheck = Recheck.None)
    {
        var plan = To(user);
        plan.Deliveries = [new PlannedDelivery("email", user, user + "@example.com", "named", dueAt ?? Time.Milliseconds, recheck)];
        return plan;
    }

    private Task<List<Claim>> ClaimAsync(int limit = 100, string node = "n1", int seconds = 60) => Store.ClaimAsync("email", node, limit, 0, Later(seconds));

    private static Settlement Sent(Claim claim) => new(claim, DeliveryStates.Sent, "ok");

    private async Task<EventDelivery> DeliveryAsync(Guid eventId) => Assert.Single(await Store.EventDeliveriesAsync(Tenant, eventId, 10, Never));

    [Fact]
    public async Task A_delivery_is_written_with_its_event_and_knows_its_notification()
    {
        var owner = await OwnAsync();
        var plan = Mail("ann");
        await owner.CommitAsync(plan);
        Assert.Equal(("email", "ann", "ann@example.com", "pending"), await DeliveryAsync(plan.Event.Id) is var d ? (d.Channel, d.UserId, d.Target, d.State) : default);
        var claim = Assert.Single(await ClaimAsync());
        var loaded = Assert.Single(await Store.LoadDeliveriesAsync([claim], Never));
        var item = Assert.Single(loaded.Items);
        Assert.Equal((plan.Event.Id, true, false, false), (item.Item.EventId, item.HasNotification, item.Seen, item.Gone));
        Assert.Equal(Ids.Format(Ids.Notification, (await ItemAsync(Ann, 1)).Id), item.Item.NotificationId);
    }

    [Fact]
    public async Task What_was_decided_against_is_kept_and_never_claimed()
    {
        var owner = await OwnAsync();
        var plan = To("ann");
        plan.Deliveries = [new PlannedDelivery("email", "ann", "", "user_channel", null)];
        await owner.CommitAsync(plan);
        Assert.Equal(("skipped", "user_channel"), await DeliveryAsync(plan.Event.Id) is var d ? (d.State, d.Reason) : default);
        Assert.Empty(await ClaimAsync());
    }

    [Fact]
    public async Task Nothing_is_claimed_before_its_time_or_twice_and_the_earliest_comes_first()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(Mail("ann", Later(10)), Mail("bob", Later(5)), Mail("cat", Later(1)));
        Assert.Empty(await ClaimAsync());
        Time.Advance(TimeSpan.FromSeconds(6));
        var first = Assert.Single(await ClaimAsync(limit: 1));
        var second = Assert.Single(await ClaimAsync(node: "n2"));
        Assert.True(first.DueAt < second.DueAt);
        Assert.Empty(await ClaimAsync());
    }

    [Fact]
    public async Task Two_nodes_that_claim_at_once_never_get_the_same()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync([.. Enumerable.Range(0, 60).Select(i => Mail("u" + i))]);
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Task.Run(() => ClaimAsync(limit: 10, node: "n" + i))));
        var ids = claims.SelectMany(c => c).Select(c => c.Id).ToList();
        ids.AddRange((await ClaimAsync()).Select(c => c.Id));
        Assert.Equal(60, ids.Count);
        Assert.Equal(60, ids.Distinct().Count());
    }

    [Fact]
    public async Task A_claim_that_nobody_settles_comes_back_counted_as_lost()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(Mail("ann"));
        Assert.Equal((1, 0), Assert.Single(await ClaimAsync()) is var first ? (first.Attempts, first.Lost) : default);
        Time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal((2, 1), Assert.Single(await ClaimAsync()) is var second ? (second.Attempts, second.Lost) : default);
        await Store.ReclaimAsync("email", "n2", starting: true, Later(60)); // n1 is no node that is known to live
        Assert.Equal((3, 2), Assert.Single(await ClaimAsync(node: "n2")) is var third ? (third.Attempts, third.Lost) : default);
    }

    [Fact]
    public async Task A_node_keeps_what_it_claimed_itself()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(Mail("ann"));
        await ClaimAsync();
        await Store.ReclaimAsync("email", "n1", starting: false, Later(60));
        Assert.Empty(await ClaimAsync());
        await Store.ReclaimAsync("email", "n1", starting: true, Later(60)); // another process before it had the name
        Assert.Single(await ClaimAsync());
    }

    [Fact]
    public async Task Settling_ends_a_delivery_or_puts_it_off()
    {
        var owner = await OwnAsync();
        Plan ann = Mail("ann"), bob = Mail("bob"), cat = Mail("cat");
        await owner.CommitAsync(ann, bob, cat);
        var claims = (await ClaimAsync()).ToDictionary(c => c.Id);
        Claim Of(EventDelivery d) => claims[d.Id];
        var (a, b, c) = (Of(await DeliveryAsync(ann.Event.Id)), Of(await DeliveryAsync(bob.Event.Id)), Of(await DeliveryAsync(cat.Event.Id)));
        await Store.SettleAsync("n1",
        [
            Sent(a),
            new Settlement(b, DeliveryStates.Pending, "smtp_450") { DueAt = Later(30), Error = "greylisted", Code = 450 },
            new Settlement(c, DeliveryStates.Dead, "timeout") { Error = "no answer", Payload = "{}"u8.ToArray() },
        ]);
        Assert.Equal(("sent", 1), await DeliveryAsync(ann.Event.Id) is var x ? (x.State, x.Attempts) : default);
        Assert.Equal(("pending", "smtp_450", 1), await DeliveryAsync(bob.Event.Id) is var y ? (y.State, y.Reason, y.Attempts) : default);
        Assert.Equal(("dead", "timeout"), await DeliveryAsync(cat.Event.Id) is var z ? (z.State, z.Reason) : default);
        Assert.Empty(await ClaimAsync());
        Time.Advance(TimeSpan.FromSeconds(31));
        Assert.Equal((2, 0), Assert.Single(await ClaimAsync()) is var again ? (again.Attempts, again.Lost) : default);
    }

    [Fact]
    public async Task A_statement_over_rows_knows_its_columns_by_their_names()
    {
        const string Sql = "SELECT r.a, r.b FROM {rows} AS r";
        async Task<(string, string)> AskAsync(Rows rows) =>
            Assert.Single(await _database.ReadAsync(session => session.QueryAsync(Sql, r => (r.GetString(0), r.GetString(1)), rows)));
        Assert.Equal(("a", "b"), await AskAsync(new Rows().With("a", ["a"]).With("b", ["b"])));
        Assert.Equal(("a", "b"), await AskAsync(new Rows().With("b", ["b"]).With("a", ["a"])));
    }

    [Fact]
    public async Task Waiting_in_line_costs_no_attempt()
    {
        var owner = await OwnAsync();
        var plan = Mail("ann");
        await owner.CommitAsync(plan);
        for (var i = 0; i < 3; i++)
        {
            var claim = Assert.Single(await ClaimAsync());
            Assert.Equal(1, claim.Attempts);
            await Store.SettleAsync("n1", [new Settlement(claim, DeliveryStates.Pending, "") { DueAt = Time.Milliseconds, NotTried = true }]);
        }

        Assert.Equal(("pending", "named", 0), await DeliveryAsync(plan.Event.Id) is var d ? (d.State, d.Reason, d.Attempts) : default);
    }

    [Fact]
    public async Task What_another_node_has_claimed_since_is_left_to_it_unless_it_was_sent()
    {
        var owner = await OwnAsync();
        var plan = Mail("ann");
        await owner.CommitAsync(plan);
        var old = Assert.Single(await ClaimAsync());
        Time.Advance(TimeSpan.FromSeconds(61));
        var now = Assert.Single(await ClaimAsync(node: "n2"));
        await Store.SettleAsync("n1", [new Settlement(old, DeliveryStates.Pending, "timeout") { DueAt = Time.Milliseconds }]);
        await Store.SettleAsync("n1", [new Settlement(old, DeliveryStates.Dead, "timeout")]);
        Assert.Equal("pending", (await DeliveryAsync(plan.Event.Id)).State);
        Assert.Empty(await ClaimAsync(node: "n3"));
        await Store.SettleAsync("n1", [Sent(old)]);
        Assert.Equal("sent", (await DeliveryAsync(plan.Event.Id)).State);
        await Store.SettleAsync("n2", [new Settlement(now, DeliveryStates.Dead, "timeout")]);
        Assert.Equal(0, await ScalarAsync("SELECT COUNT(*) FROM dead_letters"));
        Assert.Equal("sent", (await DeliveryAsync(plan.Event.Id)).State);
    }

    [Fact]
    public async Task An_unread_notification_of_the_same_key_is_replaced_in_its_place()
    {
        var owner = await OwnAsync();
        Plan first = Collapsing("ann"), other = To("ann"), second = Collapsing("ann");
        await owner.CommitAsync(first, other);
        var before = await ItemAsync(Ann, 1);
        await UserLog.ChangeAsync(Ann, [before.Id], new InboxChange { Seen = true });
        var pushes = (await owner.CommitAsync(second)).Pushes;
        var items = await ItemsAsync(Ann);
        Assert.Equal([2, 1], items.Select(i => i.Seq));
        var now = items[1];
        Assert.Equal((before.Id, first.Event.Id, second.Event.Id, null), (now.Id, now.EventId, now.ShownEventId, now.SeenAt));
        Assert.Equal(second.Event.Content.ToArray(), now.Content.ToArray());
        Assert.Equal(now, Assert.Single(Assert.Single(pushes).Items) with { Content = now.Content });
        await AssertCountsAsync(Ann);
        Assert.Equal(second.Event.Content.ToArray(), (await LogAsync(Ann, after: 3)).Steps.Single().Items.Single().Content.ToArray());
        Assert.Equal("ann", Assert.Single(await Store.EventRecipientsAsync(Tenant, second.Event.Id, "", 10, Never)).Item.User);
    }

    [Fact]
    public async Task What_was_read_is_not_replaced()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(Collapsing("ann"));
        await UserLog.ChangeAsync(Ann, [(await ItemAsync(Ann, 1)).Id], new InboxChange { Read = true });
        await owner.CommitAsync(Collapsing("ann"));
        await owner.CommitAsync(Collapsing("ann")); // replaces the second
        Assert.Equal(2, (await ItemsAsync(Ann)).Count);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Within_a_batch_events_keep_their_order_whether_they_replace_or_not()
    {
        var owner = await OwnAsync();
        var plans = new[] { To("ann", "bob"), Collapsing("ann"), To("bob", "ann"), Collapsing("ann"), Collapsing("bob"), To("ann") };
        var pushes = (await owner.CommitAsync(plans)).Pushes;
        AssertGapless(pushes.Where(p => p.Key == Ann), (await LogAsync(Ann)).Head);
        AssertGapless(pushes.Where(p => p.Key == Bob), (await LogAsync(Bob)).Head);
        Assert.Equal(
            [plans[0].Event.Id, plans[3].Event.Id, plans[2].Event.Id, plans[5].Event.Id],
            (await ItemsAsync(Ann)).OrderBy(i => i.Seq).Select(i => i.ShownEventId ?? i.EventId));
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task An_event_to_everyone_replaces_the_one_before_when_it_is_taken()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(To("ann"));
        Plan One() => new() { Event = WithKey(Event(to: ["all"])), Decisions = [], Broadcast = true };
        await owner.CommitAsync(One());
        await ItemsAsync(Ann);
        var last = One();
        await owner.CommitAsync(One(), last);
        var items = await ItemsAsync(Ann);
        Assert.Equal([2, 1], items.Select(i => i.Seq));
        Assert.Equal(last.Event.Id, items[0].ShownEventId);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Above_the_throttle_users_are_left_alone_until_its_window_ends()
    {
        var owner = await OwnAsync();
        var plans = Enumerable.Range(0, 4).Select(_ => Throttled("ann", "bob")).ToArray();
        await owner.CommitAsync(plans[..2]);
        await owner.CommitAsync(plans[2..]);
        Assert.Equal(2, (await ItemsAsync(Ann)).Count);
        var trail = Decision.Read((await Store.EventAsync(Tenant, plans[3].Event.Id, Never))!.Decisions);
        Assert.Contains(new Decision("*", "inbox", "skip", "throttled", 2), trail);
        Time.Advance(TimeSpan.FromSeconds(61));
        await owner.CommitAsync(Throttled("ann"));
        Assert.Equal(3, (await ItemsAsync(Ann)).Count);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task A_withdrawn_event_leaves_every_inbox_and_its_counts()
    {
        var owner = await OwnAsync();
        var plan = To("ann", "bob", "cat");
        await owner.CommitAsync(To("ann"), plan);
        await UserLog.ChangeAsync(Bob, [(await ItemAsync(Bob, 1)).Id], new InboxChange { Read = true });
        Assert.True(await Store.WithdrawAsync(Tenant, plan.Event.Id));
        Assert.False(await Store.WithdrawAsync("other", plan.Event.Id));
        var pushes = (await Store.WithdrawStepAsync(Tenant, plan.Event.Id, 2)).Concat(await Store.WithdrawStepAsync(Tenant, plan.Event.Id, 2)).ToArray();
        Assert.Empty(await Store.WithdrawStepAsync(Tenant, plan.Event.Id, 2));
        Assert.Equal(["ann", "bob", "cat"], pushes.Select(p => p.Key.User));
        Assert.All(pushes, p => Assert.NotNull(p.Items[0].WithdrawnAt));
        var left = await Task.WhenAll(new[] { Ann, Bob, new UserKey(Tenant, "cat") }.Select(async k => (await ItemsAsync(k)).Count));
        Assert.Equal([1, 0, 0], left);
        await AssertCountsAsync(Ann);
        await AssertCountsAsync(Bob);
    }

    [Fact]
    public async Task What_expires_is_found_once_its_time_is_over()
    {
        var owner = await OwnAsync();
        var plan = Deliver(Event(to: ["user:ann"]) is var e ? With(e, new EventOptions { ExpiresAt = Later(10) }) : e, "ann");
        await owner.CommitAsync(plan);
        Assert.Empty(await Store.ExpiringEventsAsync(10, Never));
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal([(Tenant, plan.Event.Id)], await Store.ExpiringEventsAsync(10, Never));
        Assert.Equal(1, await new EventWithdrawal(Store, Rung).ExpireAsync(Never));
        Assert.Empty(await Store.ExpiringEventsAsync(10, Never));
        Assert.Empty(await ItemsAsync(Ann));
        Assert.Equal("expired", (await Store.EventAsync(Tenant, plan.Event.Id, Never))!.State);
    }

    [Fact]
    public async Task A_scheduled_event_waits_and_is_committed_once()
    {
        var owner = await OwnAsync();
        var plan = new Plan { Event = With(Event(to: ["user:ann"]), new EventOptions { SendAt = Later(60) }), Decisions = [], ScheduledFor = Later(60) };
        await owner.CommitAsync(plan);
        Assert.Empty(await ItemsAsync(Ann));
        Assert.Equal(new Dictionary<int, long> { [0] = Later(60) }, await Store.NextScheduledAsync(Never));
        Assert.Empty(await Store.DueEventsAsync(0, 10, Never));
        Time.Advance(TimeSpan.FromSeconds(60));
        var due = Assert.Single(await Store.DueEventsAsync(0, 10, Never));
        EventRecord.TryRead(new LogEntry(LogPosition.Start, due.Tenant, due.EventId, due.Payload), out var record);
        var routed = Deliver(record!, "ann");
        Assert.Single((await Store.CommitDueAsync(owner.Lease, [routed])).Pushes);
        Assert.Empty((await Store.CommitDueAsync(owner.Lease, [routed])).Pushes);
        Assert.Equal(Time.Milliseconds, Assert.Single(await ItemsAsync(Ann)).CreatedAt);
        Assert.Null((await Store.EventAsync(Tenant, plan.Event.Id, Never))!.State);
        await OwnAsync();
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.CommitDueAsync(owner.Lease, [routed]));
    }

    [Fact]
    public async Task What_was_read_before_a_change_is_not_committed_after_it()
    {
        var owner = await OwnAsync();
        var plan = new Plan { Event = With(Event(to: ["user:ann"]), new EventOptions { SendAt = Later(1) }), Decisions = [], ScheduledFor = Later(1) };
        await owner.CommitAsync(plan);
        Assert.True(await Store.ChangeScheduledAsync(Tenant, With(plan.Event, new EventOptions { SendAt = Later(90) })));
        Assert.Empty((await Store.CommitDueAsync(owner.Lease, [Deliver(plan.Event, "ann")])).Pushes);
        Assert.True(await Store.CancelScheduledAsync(Tenant, plan.Event.Id));
        Assert.False(await Store.CancelScheduledAsync(Tenant, plan.Event.Id));
        Assert.False(await Store.ChangeScheduledAsync(Tenant, plan.Event));
        Assert.Equal("cancelled", (await Store.EventAsync(Tenant, plan.Event.Id, Never))!.State);
    }

    [Fact]
    public async Task A_digest_is_closed_once_with_all_that_was_due()
    {
        var owner = await OwnAsync();
        var plans = Enumerable.Range(0, 3).Select(i =>
        {
            var plan = To("ann");
            plan.Digests = [new PlannedDigest("ann", Later(i == 2 ? 100 : 10))];
            return plan;
        }).ToArray();
        await owner.CommitAsync(plans);
        Assert.Equal(0, await Store.CloseDigestsAsync(10));
        Time.Advance(TimeSpan.FromSeconds(11));
        Assert.Equal(1, await Store.CloseDigestsAsync(10));
        Assert.Equal(0, await Store.CloseDigestsAsync(10));
        var loaded = Assert.Single(await Store.LoadDeliveriesAsync(await ClaimAsync(), Never));
        Assert.Equal(("digest", 2), (loaded.Kind, loaded.Items.Count));
        Assert.All(loaded.Items, i => Assert.True(i.HasNotification));
    }

    private Plan Collapsing(string user) => Deliver(WithKey(Event(to: ["user:" + user])), user);

    private Plan Throttled(params string[] users) => new()
    {
        Event = Event(category: "alerts", to: [.. users.Select(u => "user:" + u)]),
        Decisions = [],
        Users = users,
        Throttle = new Throttle(2, 60, [ChannelNames.Inbox]),
    };

    private static EventRecord WithKey(EventRecord record) => With(record, new EventOptions { CollapseKey = "build" });

    private static EventRecord With(EventRecord record, EventOptions options) => new()
    {
        Id = record.Id,
        Tenant = record.Tenant,
        AcceptedAt = record.AcceptedAt,
        To = record.To,
        OrderingKey = record.OrderingKey,
        Category = record.Category,
        Content = record.Content,
        Options = options,
    };
}
