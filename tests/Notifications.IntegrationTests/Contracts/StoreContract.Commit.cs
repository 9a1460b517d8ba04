using Notifications.Dispatch;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <content>From the log to the store, exactly once; and one counter per user, whoever writes.</content>
public abstract partial class StoreContract
{
    [Fact]
    public async Task Owners_that_began_and_did_not_commit_are_counted_unless_they_lived()
    {
        Assert.Equal(1, await Store.CountAttemptAsync(await Store.AcquirePartitionAsync(7, "dies")));
        var second = await Store.AcquirePartitionAsync(7, "lives");
        Assert.Equal(2, await Store.CountAttemptAsync(second));
        await Store.UncountAttemptAsync(7);
        var third = await Store.AcquirePartitionAsync(7, "commits");
        Assert.Equal(1, third.Attempts);
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.CountAttemptAsync(second));

        await Store.CommitAsync(third, new LogPosition(1), [To("ann")], []);
        Assert.Equal(0, (await Store.AcquirePartitionAsync(7, "next")).Attempts);
    }

    [Fact]
    public async Task A_batch_is_committed_once_however_often_it_is_tried()
    {
        var lease = await Store.AcquirePartitionAsync(0, "test");
        var plans = new[] { To("ann"), ToAll(), InSteps("user:ann", "topic:news") };
        await Store.CommitAsync(lease, new LogPosition(3), plans, []);
        var before = await LogAsync(Ann);

        // The answer to a commit was lost; its owner tries again from the position it knows.
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.CommitAsync(lease, new LogPosition(3), plans, []));
        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.CommitAsync(lease, new LogPosition(4), [To("ann", "bob")], []));
        Assert.Equal(before.Head, (await LogAsync(Ann)).Head);
        Assert.Empty(await ItemsAsync(Bob));
        Assert.Single(await Store.FanOutsAsync(0, Never));
        Assert.Equal(new LogPosition(3), (await Store.AcquirePartitionAsync(0, "test")).Position);
    }

    [Fact]
    public async Task Who_lost_a_partition_writes_nothing_more()
    {
        var old = await Store.AcquirePartitionAsync(0, "old");
        var current = await Store.AcquirePartitionAsync(0, "new");
        Assert.True(current.Epoch > old.Epoch);

        await Assert.ThrowsAsync<OwnershipLostException>(() => Store.CommitAsync(old, new LogPosition(1), [To("ann")], []));
        Assert.Empty(await ItemsAsync(Ann));
        await Store.CommitAsync(current, new LogPosition(1), [To("ann")], []);
        Assert.Single(await ItemsAsync(Ann));
        Assert.Equal(new LogPosition(1), (await Store.AcquirePartitionAsync(0, "old")).Position);
        Assert.Equal(LogPosition.Start, (await Store.AcquirePartitionAsync(1, "old")).Position); // each partition has its own
    }

    [Fact]
    public async Task Batches_of_several_partitions_are_committed_together()
    {
        var leases = new[] { await Store.AcquirePartitionAsync(0, "test"), await Store.AcquirePartitionAsync(3, "test"), await Store.AcquirePartitionAsync(5, "test") };
        var (first, stepped, later) = (To("ann", "bob"), InSteps("topic:news"), To("ann"));
        var dead = new DeadEntry(new LogEntry(new LogPosition(2), Tenant, Guid.CreateVersion7(), "x"u8.ToArray()), "malformed", "no event");
        var results = await Store.CommitAsync(
            [new Commit(leases[0], new LogPosition(4), [first], []), new Commit(leases[1], new LogPosition(5), [stepped], [dead]), new Commit(leases[2], new LogPosition(6), [later, ToAll()], [])]);

        Assert.Equal([(Ann, 1L), (Bob, 1), (Ann, 2)], results[0].Pushes.Select(p => (p.Key, p.Last))); // The first tells for all.
        Assert.Equal([Tenant], results[0].BroadcastTenants);
        Assert.All(results[1..], r => Assert.Empty(r.Pushes));
        Assert.Equal([0, 1, 0], results.Select(r => r.FanOuts.Count));
        Assert.Equal(stepped.Event.Id, Assert.Single(await Store.FanOutsAsync(3, Never)).EventId);
        Assert.Equal([4L, 5, 6], (await Store.PartitionsAsync()).Select(p => p.Position.Value));
        Assert.Equal([first.Event.Id, later.Event.Id], (await LogAsync(Ann)).Steps.SelectMany(s => s.Items).Select(i => i.EventId).Take(2));
    }

    [Fact]
    public async Task Of_batches_that_are_committed_together_all_are_or_none()
    {
        var (kept, lost) = (await Store.AcquirePartitionAsync(0, "test"), await Store.AcquirePartitionAsync(1, "test"));
        await Store.AcquirePartitionAsync(1, "other");
        await Assert.ThrowsAsync<OwnershipLostException>(
            () => Store.CommitAsync([new Commit(kept, new LogPosition(1), [To("ann")], []), new Commit(lost, new LogPosition(1), [To("bob")], [])]));
        Assert.Empty(await ItemsAsync(Ann));
        Assert.Equal([0L, 0], (await Store.PartitionsAsync()).Select(p => p.Position.Value));

        await Store.CommitAsync([new Commit(kept, new LogPosition(1), [To("ann")], [])]);
        Assert.Single(await ItemsAsync(Ann));
    }

    [Fact]
    public async Task Of_owners_that_race_one_commits()
    {
        var lease = await Store.AcquirePartitionAsync(0, "test");
        var attempts = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => Task.Run(async () =>
        {
            try
            {
                await Store.CommitAsync(lease, new LogPosition(1), [To("ann")], []);
                return true;
            }
            catch (OwnershipLostException)
            {
                return false;
            }
        })));
        Assert.Single(attempts, a => a);
        Assert.Single(await ItemsAsync(Ann));
    }

    [Fact]
    public async Task An_event_that_is_there_is_skipped_whole()
    {
        var owner = await OwnAsync();
        await Store.SubscribeAsync(Tenant, "news", "ann");
        var plans = new[] { To("ann"), ToAll(), InSteps("topic:news"), Deliver(Event(externalId: "1", to: "user:ann"), "ann") };
        await owner.CommitAsync(plans);
        await Store.FanOutStepAsync(owner.Lease, (await Store.FanOutsAsync(0, Never))[0], 100);
        var before = await LogAsync(Ann);

        // A rewound log is read again from its start; and one producer's id stands for one event, whatever id that was given.
        var again = await owner.CommitAsync([.. plans, Deliver(Event(externalId: "1", to: "user:bob"), "bob"), To("ann")]);
        var after = await LogAsync(Ann);
        Assert.Equal(before.Head.Counter + 1, after.Head.Counter);
        Assert.Equal(before.Head.BroadcastNumber, after.Head.BroadcastNumber);
        Assert.Equal(after.Head.Counter, Assert.Single(again.Pushes).Last);
        Assert.Empty(again.BroadcastTenants);
        Assert.Empty(again.FanOuts);
        Assert.Empty(await Store.FanOutsAsync(0, Never));
        Assert.Empty(await ItemsAsync(Bob));
        await AssertCountsAsync(Ann);
    }

    [Fact]
    public async Task Tenants_and_sources_have_external_ids_of_their_own()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(
            Deliver(Event(externalId: "1", to: "user:ann"), "ann"),
            Deliver(Event(externalId: "1", source: "/shop", to: "user:ann"), "ann"),
            Deliver(Event("other", externalId: "1", to: "user:ann"), "ann"));
        Assert.Equal(2, (await ItemsAsync(Ann)).Count);
        Assert.Single(await ItemsAsync(new UserKey("other", "ann")));
    }

    [Fact]
    public async Task A_batch_gives_a_user_their_notifications_in_its_order_with_running_counts()
    {
        var owner = await OwnAsync();
        var plans = new[] { To("ann", "bob"), To("ann"), To("bob", "ann"), To("cat") };
        var result = await owner.CommitAsync(plans);

        var pushes = result.Pushes.Where(p => p.Key == Ann).ToArray();
        Assert.Equal([1L, 2, 3], pushes.Select(p => p.First));
        Assert.Equal(plans[..3].Select(p => p.Event.Id), pushes.Select(p => p.Items[0].EventId));
        Assert.Equal([new Counts(1, 1), new Counts(2, 2), new Counts(3, 3)], pushes.Select(p => p.Counts));
        Assert.Equal(6, result.Pushes.Count);

        // What is pushed is what is stored.
        Assert.Equal(
            pushes.Select(p => (p.Items[0].Id, p.Items[0].Seq, p.Items[0].Rev, p.Items[0].CreatedAt, Text(p.Items[0]))),
            (await LogAsync(Ann)).Steps.Select(p => (p.Items[0].Id, p.Items[0].Seq, p.Items[0].Rev, p.Items[0].CreatedAt, Text(p.Items[0]))));
    }

    [Fact]
    public async Task Concurrent_commits_and_changes_leave_no_gap_and_true_counts()
    {
        var users = new[] { Ann, Bob, new UserKey(Tenant, "cat"), new UserKey("other", "ann") };
        var all = new System.Collections.Concurrent.ConcurrentBag<UserPush>();
        var published = new System.Collections.Concurrent.ConcurrentBag<(int Partition, int Order, UserKey Key, Guid Event)>();
        var committing = Enumerable.Range(0, 4).Select(partition => Task.Run(async () =>
        {
            var owner = await OwnAsync(partition);
            for (var batch = 0; batch < 25; batch++)
            {
                var plans = Enumerable.Range(0, 3).Select(i =>
                {
                    var tenants = users.Where((_, u) => (partition + batch + i + u) % 3 != 0).GroupBy(u => u.Tenant).ToArray();
                    var named = tenants[(batch + i) % tenants.Length];
                    var plan = Deliver(Event(named.Key, to: [.. named.Select(u => "user:" + u.User)]), [.. named.Select(u => u.User)]);
                    foreach (var key in named)
                    {
                        published.Add((partition, (batch * 3) + i, key, plan.Event.Id));
                    }

                    return plan;
                }).ToArray();
                foreach (var push in (await owner.CommitAsync(plans)).Pushes)
                {
                    all.Add(push);
                }
            }
        }));
        var changing = users.SelectMany(key => new[]
        {
            new InboxChange { Seen = true }, new InboxChange { Read = true }, new InboxChange { Read = false }, new InboxChange { Archived = true },
            new InboxChange { Archived = false }, new InboxChange { Seen = false },
        }.Select(change => Task.Run(async () =>
        {
            for (var i = 0; i < 15; i++)
            {
                foreach (var push in (await Store.ChangeAsync(key, InboxStatus.All, null, i * 3, (i * 3) + 7, change)).Pushes)
                {
                    all.Add(push);
                }
            }
        })));
        await Task.WhenAll([.. committing, .. changing]);

        foreach (var key in users)
        {
            var log = await LogAsync(key);
            var pushes = all.Where(p => p.Key == key).OrderBy(p => p.First).ToArray();
            AssertGapless(pushes, log.Head);
            Assert.Equal(log.Head.Counts, pushes[^1].Counts);
            await AssertCountsAsync(key);

            var items = await ItemsAsync(key);
            Assert.Equal(published.Where(p => p.Key == key).Select(p => p.Event).Order(), items.Select(i => i.EventId).Order()); // each once
            var seqs = items.ToDictionary(i => i.EventId, i => i.Seq);
            foreach (var partition in published.Where(p => p.Key == key).GroupBy(p => p.Partition))
            {
                var order = partition.OrderBy(p => p.Order).Select(p => seqs[p.Event]).ToArray();
                Assert.Equal(order.Order(), order);
            }
        }
    }

    [Fact]
    public async Task No_reader_ever_sees_a_place_before_the_one_ahead_of_it()
    {
        var writing = Task.WhenAll(Enumerable.Range(0, 4).Select(partition => Task.Run(async () =>
        {
            var owner = await OwnAsync(partition);
            for (var i = 0; i < 60; i++)
            {
                await owner.CommitAsync(To("ann", "bob"), To("ann"));
            }
        })));
        while (!writing.IsCompleted)
        {
            var page = await LogAsync(Ann);
            Assert.Equal(Enumerable.Range(1, (int)page.Head.Counter).Select(i => (long)i), page.Steps.Select(s => s.First));
            Assert.Equal(new Counts(page.Head.Counter, page.Head.Counter), page.Head.Counts);
        }

        await writing;
        Assert.Equal(480, (await LogAsync(Ann)).Head.Counter);
    }

    [Fact]
    public async Task What_is_given_up_on_is_kept_with_its_reason()
    {
        var lease = await Store.AcquirePartitionAsync(2, "test");
        var entry = new LogEntry(new LogPosition(7), "other", Guid.CreateVersion7(Time.GetUtcNow()), new byte[] { 0xFF, 0, 1 });
        await Store.CommitAsync(lease, new LogPosition(8), [To("ann")], [new DeadEntry(entry, "malformed", "what happened")]);

        var dead = Assert.Single(await _database.ReadAsync(session => session.QueryAsync(
            "SELECT tenant, event_id, partition, position, reason, error, payload, created_at FROM dead_letters",
            r => (r.GetString(0), Ids.FromBytes((byte[])r[1]), r.GetInt32(2), r.GetInt64(3), r.GetString(4), r.GetString(5), Convert.ToHexString((byte[])r[6]), r.GetInt64(7)))));
        Assert.Equal(("other", entry.EventId, 2, 7L, "malformed", "what happened", "FF0001", Time.Milliseconds), dead);
        Assert.Single(await ItemsAsync(Ann)); // its neighbour is not affected
    }

    [Fact]
    public async Task An_event_can_be_looked_up_with_what_became_of_it()
    {
        var owner = await OwnAsync();
        var record = Event(category: "shop", externalId: "order-1", source: "/shop", to: ["user:cat", "user:\uE000", "user:😀", "user:ann"]);
        await owner.CommitAsync(Deliver(record, "cat", "\uE000", "😀", "ann"));
        await Store.SavePositionsAsync([new DevicePosition(Ann, "phone", 1)]);

        var stored = await Store.EventAsync(Tenant, record.Id, Never);
        Assert.NotNull(stored);
        Assert.Equal(("/shop", "order-1", 4L, (long?)null), (stored.Source, stored.ExternalId, stored.Recipients, stored.FannedOut));
        Assert.Equal(record.To.Select(r => r.ToString()), stored.To.Split('\n'));
        Assert.Equal(record.Content.ToArray(), stored.Content);
        Assert.Equal(record.Id, (await Store.EventAsync(Tenant, "order-1", null, Never))?.Id);
        Assert.Equal(record.Id, (await Store.EventAsync(Tenant, "order-1", "/shop", Never))?.Id);
        Assert.Null(await Store.EventAsync(Tenant, "order-1", "/other", Never));
        Assert.Null(await Store.EventAsync("other", record.Id, Never));
        Assert.Null(await Store.EventAsync("other", "order-1", null, Never));

        var recipients = new List<StoredRecipient>();
        for (var after = ""; await Store.EventRecipientsAsync(Tenant, record.Id, after, 1, Never) is [var next]; after = next.Item.User)
        {
            recipients.Add(next);
        }

        Assert.Equal([("ann", true), ("cat", false), ("\uE000", false), ("😀", false)], recipients.Select(r => (r.Item.User, r.Acknowledged)));
        Assert.Equal((await ItemAsync(Ann, 1)).Id, recipients[0].Item.Id);
        Assert.Empty(await Store.EventRecipientsAsync("other", record.Id, "", 10, Never));
    }

    private static string Text(InboxItem item) => System.Text.Encoding.UTF8.GetString(item.Content.Span);
}
