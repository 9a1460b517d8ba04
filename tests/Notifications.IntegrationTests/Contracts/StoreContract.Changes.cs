using Notifications.Inbox;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <content>What a user does with their inbox, and what retention leaves of it.</content>
public abstract partial class StoreContract
{
    private static readonly InboxChange Seen = new() { Seen = true };
    private static readonly InboxChange Unseen = new() { Seen = false };
    private static readonly InboxChange Read = new() { Read = true };
    private static readonly InboxChange Unread = new() { Read = false };
    private static readonly InboxChange Archive = new() { Archived = true };
    private static readonly InboxChange Unarchive = new() { Archived = false };
    private static readonly InboxChange Unsnooze = new() { SnoozedUntil = new Maybe<DateTimeOffset?>(null) };
    private static readonly InboxChange Delete = new() { Delete = true };

    [Fact]
    public async Task Read_implies_seen_and_unseen_implies_unread()
    {
        await PublishAsync(3);
        var item = await ChangeOneAsync(1, Read, new Counts(2, 2));
        Assert.Equal((Time.Milliseconds, Time.Milliseconds), (item.SeenAt, item.ReadAt));
        item = await ChangeOneAsync(1, Unread, new Counts(2, 3));
        Assert.Equal((Time.Milliseconds, null), (item.SeenAt, item.ReadAt));
        item = await ChangeOneAsync(1, Read, new Counts(2, 2));
        item = await ChangeOneAsync(1, Unseen, new Counts(3, 3));
        Assert.Equal((null, (long?)null), (item.SeenAt, item.ReadAt));
        item = await ChangeOneAsync(1, Seen, new Counts(2, 3));
        Assert.Equal((Time.Milliseconds, null), (item.SeenAt, item.ReadAt));
        item = await ChangeOneAsync(1, new InboxChange { Seen = true, Read = false, Archived = true }, new Counts(2, 2));
        Assert.NotNull(item.ArchivedAt);
    }

    [Fact]
    public async Task The_first_time_stays()
    {
        await PublishAsync(1);
        var then = Time.Milliseconds;
        await ChangeOneAsync(1, Seen, new Counts(0, 1));
        Time.Advance(TimeSpan.FromMinutes(1));
        var item = await ChangeOneAsync(1, Read, new Counts(0, 0));
        Assert.Equal((then, Time.Milliseconds), (item.SeenAt, item.ReadAt));
    }

    [Fact]
    public async Task What_is_put_away_is_not_counted_until_it_is_back()
    {
        await PublishAsync(2);
        var until = Time.GetUtcNow().AddHours(1);
        Assert.NotNull((await ChangeOneAsync(1, Archive, new Counts(1, 1))).ArchivedAt);
        await ChangeOneAsync(1, Seen, new Counts(1, 1)); // archived: seeing it changes no count
        Assert.Null((await ChangeOneAsync(1, Unarchive, new Counts(1, 2))).ArchivedAt);
        Assert.Equal(until.ToUnixTimeMilliseconds(), (await ChangeOneAsync(2, Snooze(until), new Counts(0, 1))).SnoozedUntil);
        await ChangeOneAsync(2, Archive, new Counts(0, 1));
        await ChangeOneAsync(2, Unsnooze, new Counts(0, 1)); // still archived
        await ChangeOneAsync(2, Unarchive, new Counts(1, 2));
        var gone = await ChangeOneAsync(2, Delete, new Counts(0, 1));
        Assert.NotNull(gone.WithdrawnAt);
    }

    [Fact]
    public async Task A_change_that_changes_nothing_takes_no_rev_and_is_told_to_nobody()
    {
        await PublishAsync(2);
        await ChangeOneAsync(1, Read, new Counts(1, 1));
        await ChangeOneAsync(2, Archive, new Counts(0, 0));
        var head = await UserLog.HeadAsync(Ann, Never);
        var rung = Rung.Count;
        Time.Advance(TimeSpan.FromMinutes(1));

        foreach (var (seq, change) in new[] { (1, Read), (1, Seen), (1, Unarchive), (1, Unsnooze), (2, Archive), (2, Unread), (2, Unseen) })
        {
            var item = await ItemAsync(Ann, seq);
            var result = await UserLog.ChangeAsync(Ann, [item.Id], change);
            Assert.Equal((0, head.Counts, 0), (result.Updated, result.Counts, result.Pushes.Count));
            Assert.Equal(item.Rev, Assert.Single(result.Items).Rev);
        }

        Assert.Equal(0, (await UserLog.ChangeAsync(Ann, InboxStatus.All, null, null, Unsnooze, Never)).Updated);
        Assert.Equal(head, await UserLog.HeadAsync(Ann, Never));
        Assert.Equal(rung, Rung.Count);
    }

    [Fact]
    public async Task A_deleted_item_is_in_no_list_and_cannot_be_changed_but_other_devices_learn_of_it()
    {
        await PublishAsync(2);
        var id = (await ItemAsync(Ann, 1)).Id;
        await UserLog.ChangeAsync(Ann, [id], Delete);

        foreach (var status in Enum.GetValues<InboxStatus>())
        {
            Assert.DoesNotContain(await ItemsAsync(Ann, status), i => i.Id == id);
        }

        Assert.Null(await UserLog.ItemAsync(Ann, id, Never));
        Assert.Empty((await UserLog.ChangeAsync(Ann, [id], Archive)).Items);
        Assert.Empty((await UserLog.ChangeAsync(Ann, [id], Delete)).Items);
        var told = Assert.Single((await LogAsync(Ann, 2)).Steps);
        Assert.Equal((id, true), (told.Items[0].Id, told.Items[0].WithdrawnAt is not null));
        Assert.DoesNotContain((await LogAsync(Ann)).Steps, s => s.Items.Any(i => i.Id == id)); // nothing to tell who never had it
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Several_items_are_changed_in_one_step_and_unknown_ids_are_passed_over()
    {
        await PublishAsync(4);
        var items = await ItemsAsync(Ann);
        var result = await UserLog.ChangeAsync(Ann, [items[0].Id, Guid.CreateVersion7(Time.GetUtcNow()), items[2].Id, items[0].Id, default], Read);

        Assert.Equal((2, new Counts(2, 2)), (result.Updated, result.Counts));
        Assert.Equal([(2L, 5L), (4L, 6L)], result.Items.Select(i => (i.Seq, i.Rev)));
        var push = Assert.Single(result.Pushes);
        Assert.Equal((5L, 6L, new Counts(2, 2)), (push.First, push.Last, push.Counts));
        Assert.Equal([2L, 4], push.Items.Select(i => i.Seq));
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Nobody_reads_or_changes_what_is_anothers()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(To("bob"), To("ann", "bob"), Deliver(Event("other", to: "user:ann"), "ann"));
        var foreign = (await ItemsAsync(Bob)).Concat(await ItemsAsync(new UserKey("other", "ann"))).Select(i => i.Id).ToArray();
        var own = Assert.Single(await ItemsAsync(Ann));

        foreach (var id in foreign)
        {
            Assert.Null(await UserLog.ItemAsync(Ann, id, Never));
        }

        var result = await UserLog.ChangeAsync(Ann, foreign, Read);
        Assert.Equal((0, new Counts(1, 1), 0), (result.Updated, result.Counts, result.Items.Count));
        Assert.Equal(new Counts(2, 2), (await UserLog.HeadAsync(Bob, Never)).Counts);
        Assert.Null((await ItemAsync(Bob, 1)).ReadAt);

        // Others' items at the same place in their logs as one's own do not count it twice.
        result = await UserLog.ChangeAsync(Ann, [.. foreign, own.Id], Read);
        Assert.Equal((1, new Counts(0, 0), 1), (result.Updated, result.Counts, result.Items.Count));
        Assert.Equal(2, (await UserLog.HeadAsync(Ann, Never)).Counter);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task A_filter_changes_what_it_selects_oldest_first_up_to_a_seq()
    {
        var owner = await OwnAsync();
        for (var i = 1; i <= 6; i++)
        {
            await owner.CommitAsync(Deliver(Event(category: i % 2 == 0 ? "even" : "odd", to: "user:ann"), "ann"));
        }

        var (updated, counts) = await UserLog.ChangeAsync(Ann, InboxStatus.Inbox, "even", 4, Read, Never);
        Assert.Equal((2, new Counts(4, 4)), (updated, counts));
        Assert.Equal([2L, 4], (await ItemsAsync(Ann, InboxStatus.Read)).Select(i => i.Seq).Order());
        Assert.Equal([7L, 8], (await ItemsAsync(Ann, InboxStatus.Read)).OrderBy(i => i.Seq).Select(i => i.Rev)); // oldest first

        Assert.Equal((2, new Counts(2, 2)), await UserLog.ChangeAsync(Ann, InboxStatus.Unseen, "odd", 4, Archive, Never));
        Assert.Equal((1, new Counts(1, 2)), await UserLog.ChangeAsync(Ann, InboxStatus.Unread, "odd", null, Seen, Never));
        Assert.Equal((1, new Counts(1, 1)), await UserLog.ChangeAsync(Ann, InboxStatus.Seen, "odd", null, Archive, Never));
        Assert.Equal((3, new Counts(1, 3)), await UserLog.ChangeAsync(Ann, InboxStatus.Archived, null, long.MaxValue, Unarchive, Never) is var back ? (back.Updated, new Counts(1, 3)) : default);
        Assert.Equal((0, (await UserLog.HeadAsync(Ann, Never)).Counts), await UserLog.ChangeAsync(Ann, InboxStatus.All, "none", null, Delete, Never));
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task A_filter_takes_more_than_one_transaction_holds()
    {
        var owner = await OwnAsync();
        var plans = Enumerable.Range(0, (2 * Store.MaxItemsPerChange) + 7).Select(_ => To("ann")).ToArray();
        await owner.CommitAsync(plans);
        var (updated, counts) = await UserLog.ChangeAsync(Ann, InboxStatus.Unread, null, null, Read, Never);

        Assert.Equal((plans.Length, new Counts(0, 0)), (updated, counts));
        Assert.Equal([500, 500, 7], Rung.Of(Ann).Select(p => p.Items.Count));
        AssertGapless([.. (await LogAsync(Ann)).Steps.Select(s => UserPush.New(Ann, s.Items[0] with { Rev = s.Items[0].Seq }, default)).DistinctBy(s => s.First), .. Rung.Of(Ann)], (await LogAsync(Ann)).Head);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Lists_show_what_their_name_says_newest_first_page_by_page()
    {
        await PublishAsync(8);
        await ChangeOneAsync(1, Seen);
        await ChangeOneAsync(2, Read);
        await ChangeOneAsync(3, Archive);
        await ChangeOneAsync(4, Snooze(Time.GetUtcNow().AddHours(1)));
        await ChangeOneAsync(5, Snooze(Time.GetUtcNow().AddHours(1)));
        await ChangeOneAsync(5, Archive);
        await ChangeOneAsync(6, Delete);

        var expected = new Dictionary<InboxStatus, long[]>
        {
            [InboxStatus.Inbox] = [8, 7, 2, 1],
            [InboxStatus.Unseen] = [8, 7],
            [InboxStatus.Seen] = [2, 1],
            [InboxStatus.Unread] = [8, 7, 1],
            [InboxStatus.Read] = [2],
            [InboxStatus.Archived] = [5, 3],
            [InboxStatus.Snoozed] = [4],
            [InboxStatus.All] = [8, 7, 5, 4, 3, 2, 1],
        };
        foreach (var (status, seqs) in expected)
        {
            var found = new List<long>();
            for (var before = long.MaxValue; (await UserLog.PageAsync(Ann, status, null, before, 1, Never)).Items is [var item]; before = item.Seq)
            {
                found.Add(item.Seq);
            }

            Assert.Equal(seqs, found);
        }

        Assert.Equal(new Counts(2, 3), (await UserLog.PageAsync(Ann, InboxStatus.Archived, null, long.MaxValue, 1, Never)).Head.Counts);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task A_snoozed_item_comes_back_as_new_when_its_time_has_come()
    {
        await PublishAsync(3);
        await ChangeOneAsync(1, Read);
        await ChangeOneAsync(1, Snooze(Time.GetUtcNow().AddHours(1)), new Counts(2, 2));
        await ChangeOneAsync(2, Snooze(Time.GetUtcNow().AddHours(2)), new Counts(1, 1));
        Assert.Equal(0, await UserLog.WakeAsync(10, Never));

        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await UserLog.WakeAsync(10, Never));
        var item = await ItemAsync(Ann, 1);
        Assert.Equal((null, null, (long?)null), (item.SnoozedUntil, item.SeenAt, item.ReadAt));
        Assert.Equal(new Counts(2, 2), Rung.Of(Ann)[^1].Counts);
        Assert.Equal(item.Rev, Rung.Of(Ann)[^1].Last);
        await AssertCountsAsync(Ann);

        Assert.Equal(0, await UserLog.WakeAsync(10, Never));
        Time.Advance(TimeSpan.FromHours(1));
        Assert.Equal(1, await UserLog.WakeAsync(10, Never));
        Assert.Equal(new Counts(3, 3), (await UserLog.HeadAsync(Ann, Never)).Counts);
    }

    [Fact]
    public async Task What_was_snoozed_anew_meanwhile_stays_away()
    {
        await PublishAsync(2);
        await ChangeOneAsync(1, Snooze(Time.GetUtcNow().AddHours(1)));
        await ChangeOneAsync(2, Snooze(Time.GetUtcNow().AddHours(1)));
        Time.Advance(TimeSpan.FromHours(1));
        var due = await Store.DueSnoozesAsync(10, Never);
        Assert.Equal([1L, 2], due.Select(d => d.Seq).Order());
        await ChangeOneAsync(1, Snooze(Time.GetUtcNow().AddHours(1)));

        var woken = await Store.WakeAsync(Ann, [.. due.Select(d => d.Seq)]);
        Assert.Equal([2L], woken.Items.Select(i => i.Seq));
        Assert.Equal(new Counts(1, 1), woken.Counts);
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Waking_goes_on_where_its_limit_stopped_it()
    {
        var owner = await OwnAsync();
        var keys = new[] { Ann, Bob, new UserKey("other", "ann") };
        await owner.CommitAsync(To("ann", "bob"), To("bob"), Deliver(Event("other", to: "user:ann"), "ann"));
        foreach (var key in keys)
        {
            await UserLog.ChangeAsync(key, InboxStatus.Inbox, null, null, Snooze(Time.GetUtcNow().AddMinutes(5)), Never);
        }

        Time.Advance(TimeSpan.FromMinutes(5));
        Assert.Equal(3, await UserLog.WakeAsync(3, Never));
        Assert.Equal(1, await UserLog.WakeAsync(3, Never));
        Assert.Equal(0, await UserLog.WakeAsync(3, Never));
        foreach (var key in keys)
        {
            Assert.Empty(await ItemsAsync(key, InboxStatus.Snoozed));
            await AssertCountsAsync(key);
        }
    }

    [Fact]
    public async Task Retention_deletes_a_prefix_and_raises_the_oldest_seq()
    {
        await PublishAsync(6);
        var border = Time.GetUtcNow().AddMinutes(1);
        Time.Advance(TimeSpan.FromDays(1));
        await PublishAsync(4);
        await ChangeOneAsync(1, Read);
        await ChangeOneAsync(2, Archive);
        await ChangeOneAsync(3, Seen);
        await ChangeOneAsync(4, Delete);
        Assert.Equal([Ann], (await Store.LongInboxesAsync(new UserKey("", ""), 9, border, 100, Never)).Users);
        Assert.Empty((await Store.LongInboxesAsync(new UserKey("", ""), 10, border, 100, Never)).Users);

        var (deleted, push) = await Store.TrimInboxAsync(Ann, border, 5, 2); // of the five it may, two at a time
        Assert.Equal((2, null), (deleted, push)); // read, and archived: not counted
        Assert.Equal(3, (await UserLog.HeadAsync(Ann, Never)).OldestSeq);
        (deleted, push) = await Store.TrimInboxAsync(Ann, border, 5, 2);
        Assert.Equal((2, new Counts(6, 6)), (deleted, push?.Counts)); // one was seen but unread
        Assert.Equal((0L, 0L, 0), (push!.First, push.Last, push.Items.Count)); // it takes no place in the log
        (deleted, push) = await Store.TrimInboxAsync(Ann, border, 5, 2);
        Assert.Equal((1, new Counts(5, 5)), (deleted, push?.Counts));
        Assert.Equal(0, (await Store.TrimInboxAsync(Ann, border, 5, 2)).Deleted); // the newest five stay
        Assert.Equal(1, (await Store.TrimInboxAsync(Ann, border, 0, 100)).Deleted); // the young stay
        Assert.Equal(0, (await Store.TrimInboxAsync(Ann, border, 0, 100)).Deleted);

        var head = await UserLog.HeadAsync(Ann, Never);
        Assert.Equal((7L, 14L, new Counts(4, 4)), (head.OldestSeq, head.Counter, head.Counts));
        Assert.Equal([10L, 9, 8, 7], (await ItemsAsync(Ann)).Select(i => i.Seq));
        await AssertCountsAsync(Ann);
        await PublishAsync(1);
        Assert.Equal(15, (await ItemsAsync(Ann))[0].Seq); // nothing is numbered anew
        Assert.Equal((0, null), await Store.TrimInboxAsync(new UserKey(Tenant, "nobody"), border, 0, 10));
    }

    [Fact]
    public async Task Long_inboxes_are_paged_over_tenants_and_users()
    {
        var owner = await OwnAsync();
        var keys = new[] { new UserKey("a", "\uE000"), new UserKey("a", "😀"), new UserKey("b", "a"), new UserKey("\uE000", "x"), new UserKey("😀", "x") };
        foreach (var key in keys.Reverse())
        {
            await owner.CommitAsync(Deliver(Event(key.Tenant, to: "user:" + key.User), key.User));
        }

        Time.Advance(TimeSpan.FromMinutes(1));
        var found = new List<UserKey>();
        for (UserKey? next = new UserKey("", ""); next is { } after;)
        {
            (var users, next) = await Store.LongInboxesAsync(after, 0, Time.GetUtcNow(), 2, Never);
            found.AddRange(users);
        }

        Assert.Equal(keys, found);
    }

    [Fact]
    public async Task An_event_is_kept_as_long_as_something_refers_to_it()
    {
        var owner = await OwnAsync();
        var plans = new[] { To("ann"), ToAll(), InSteps("user:bob"), Deliver(Event(externalId: "x", to: "topic:nobody")), Deliver(Event("other", to: "topic:nobody")) };
        await owner.CommitAsync(plans);
        Time.Advance(TimeSpan.FromDays(1));
        var border = Time.GetUtcNow();
        var young = Deliver(Event(to: "topic:nobody"));
        await owner.CommitAsync(young);

        Assert.Equal(2, await TrimEventsAsync(border, 2));
        Assert.Null(await Store.EventAsync(Tenant, plans[3].Event.Id, Never));
        Assert.Null(await Store.EventAsync("other", plans[4].Event.Id, Never));
        Assert.NotNull(await Store.EventAsync(Tenant, young.Event.Id, Never));
        Assert.Single(await ItemsAsync(Ann), i => i.EventId == plans[0].Event.Id);

        await Store.FanOutStepAsync(owner.Lease, (await Store.FanOutsAsync(0, Never))[0], 10);
        await Store.TrimBroadcastsAsync(border);
        await Store.TrimInboxAsync(Bob, border, 0, 100);
        await Store.TrimInboxAsync(Ann, border, 0, 100);
        Assert.Equal(3, await TrimEventsAsync(border, 1));
        Assert.Empty(await ItemsAsync(new UserKey(Tenant, "late")));
        Assert.Empty(await ItemsAsync(Ann));
    }

    [Fact]
    public async Task Who_stayed_away_longer_than_broadcasts_are_kept_gets_the_younger_ones()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(To("ann"));
        await owner.CommitAsync(ToAll());
        Time.Advance(TimeSpan.FromDays(1));
        var border = Time.GetUtcNow();
        var young = ToAll();
        await owner.CommitAsync(young);
        await Store.TrimBroadcastsAsync(border);

        Assert.Equal([young.Event.Id], (await LogAsync(Ann, 1)).Steps.Select(s => s.Items[0].EventId));
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task A_position_is_never_lowered_and_a_new_device_starts_at_the_users_highest()
    {
        var other = new UserKey("other", "ann");
        Assert.Equal(0, await PositionAsync(Ann, "phone"));
        await Store.SavePositionsAsync([new DevicePosition(Ann, "phone", 5), new DevicePosition(Ann, "", 3), new DevicePosition(Bob, "phone", 90)]);
        await Store.SavePositionsAsync([new DevicePosition(Ann, "phone", 2), new DevicePosition(Ann, "", 4), new DevicePosition(other, "phone", 70)]);

        Assert.Equal(5, await PositionAsync(Ann, "phone"));
        Assert.Equal(4, await PositionAsync(Ann, ""));
        Assert.Equal(5, await PositionAsync(Ann, "new"));
        Assert.Equal(90, await PositionAsync(Bob, "new"));
        Assert.Equal(70, await PositionAsync(other, "new"));
        Assert.Equal(0, await PositionAsync(new UserKey("other", "bob"), "phone"));

        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => Store.SavePositionsAsync([new DevicePosition(Ann, "tab", i * 37 % 50)]))));
        Assert.Equal(49, await PositionAsync(Ann, "tab"));
        Assert.Equal(5, await PositionAsync(Ann, "phone"));
    }

    [Fact]
    public async Task Counters_are_those_of_the_users_who_exist()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(To("ann"), To("ann"), To("bob"));
        var counters = await Store.CountersAsync([Bob, new UserKey(Tenant, "nobody"), Ann, new UserKey("other", "ann")], Never);
        Assert.Equal([(Ann, 2L), (Bob, 1L)], counters.OrderBy(c => c.Key.User));
    }

    [Fact]
    public async Task Topics_and_subscribers_are_paged_by_name()
    {
        foreach (var user in Sorted.Reverse())
        {
            Assert.True(await Store.SubscribeAsync(Tenant, "many", user));
            Assert.True(await Store.SubscribeAsync(Tenant, user, "ann"));
        }

        Assert.False(await Store.SubscribeAsync(Tenant, "many", "a"));
        Assert.True(await Store.SubscribeAsync("other", "theirs", "a"));

        var users = new List<string>();
        for (var after = ""; await Store.SubscriptionsAsync(Tenant, "many", after, 3, Never) is [.., var last] page; after = last.UserId)
        {
            users.AddRange(page.Select(s => s.UserId));
        }

        Assert.Equal(Sorted, users);
        var topics = new List<Topic>();
        for (var after = ""; await Store.TopicsAsync(Tenant, after, 3, Never) is [.., var last] page; after = last.Key)
        {
            topics.AddRange(page);
        }

        Assert.Equal(Sorted.Append("many").Order(CodePointOrder.Instance), topics.Select(t => t.Key));
        Assert.Equal(Sorted.Length, topics.Single(t => t.Key == "many").Subscribers);
        var subscribers = await Store.SubscribersAsync([(Tenant, "many"), (Tenant, "none"), ("other", "theirs"), ("other", "many")], 4, Never);
        Assert.Equal(Sorted[..4], subscribers[(Tenant, "many")]);
        Assert.Equal(["a"], subscribers[("other", "theirs")]);
        Assert.Empty(subscribers.GetValueOrDefault((Tenant, "none")) ?? []);
        Assert.Empty(subscribers.GetValueOrDefault(("other", "many")) ?? []);

        Assert.False(await Store.UnsubscribeAsync("other", "many", "a"));
        Assert.True(await Store.UnsubscribeAsync(Tenant, "many", "a"));
        Assert.False(await Store.UnsubscribeAsync(Tenant, "many", "a"));
        Assert.Equal(Sorted[1..4], (await Store.SubscriptionsAsync(Tenant, "many", "", 3, Never)).Select(s => s.UserId));
    }

    [Fact]
    public async Task Settings_are_made_once()
    {
        Assert.Null(await Store.SettingAsync("key"));
        var made = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => Store.SettingOrAddAsync("key", () => [(byte)i]))));
        Assert.All(made, m => Assert.Equal(made[0], m));
        Assert.Equal(made[0], await Store.SettingAsync("key"));
        await Store.ProbeAsync();
    }

    private static InboxChange Snooze(DateTimeOffset until) => new() { SnoozedUntil = new Maybe<DateTimeOffset?>(until) };

    private async Task PublishAsync(int count)
    {
        var owner = await OwnAsync();
        await owner.CommitAsync([.. Enumerable.Range(0, count).Select(_ => To("ann"))]);
    }

    /// <summary>Changes one of ann's items, which takes the next counter value, and tells her connections.</summary>
    private async Task<InboxItem> ChangeOneAsync(long seq, InboxChange change, Counts? expected = null)
    {
        var head = await UserLog.HeadAsync(Ann, Never);
        var result = await UserLog.ChangeAsync(Ann, [(await ItemAsync(Ann, seq)).Id], change);
        var item = Assert.Single(result.Items);
        Assert.Equal((1, seq, head.Counter + 1), (result.Updated, item.Seq, item.Rev));
        Assert.Equal(expected ?? result.Counts, result.Counts);
        Assert.Equal((item.Rev, item.Rev, result.Counts), Rung.Of(Ann)[^1] is var push ? (push.First, push.Last, push.Counts) : default);
        await AssertCountsAsync(Ann);
        return item;
    }

    private async Task<long> PositionAsync(UserKey key, string device) => (await Store.PositionsAsync([(key, device)]))[0];

    private async Task<int> TrimEventsAsync(DateTimeOffset before, int limit)
    {
        var sum = 0;
        var last = default(Guid);
        for (var more = true; more;)
        {
            (var deleted, last, more) = await Store.TrimEventsAsync(last, before, limit);
            sum += deleted;
        }

        return sum;
    }
}
