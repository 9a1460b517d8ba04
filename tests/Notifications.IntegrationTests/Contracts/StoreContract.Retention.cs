using Microsoft.Extensions.Options;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Jobs;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <content>What a run of the job looks at, and what it passes over.</content>
public abstract partial class StoreContract
{
    [Fact]
    public async Task Only_users_whose_oldest_item_is_old_are_trimmed()
    {
        var owner = await OwnAsync();
        var late = To("late");
        await owner.CommitAsync(To("ann"));
        await owner.CommitAsync(To("ann"));
        Time.Advance(TimeSpan.FromDays(1));
        var border = Time.GetUtcNow();
        await owner.CommitAsync(To("ann", "bob", "late"));
        await owner.CommitAsync(To("bob", "cleo"));
        await owner.CommitAsync(late); // An old event that was stored late stands behind a young one, and goes no earlier than that.

        Assert.Equal([Ann], await OldAsync(items: 0, limit: 100));
        Assert.Equal([Ann], await OldAsync(items: 0, limit: 1));
        Assert.Equal([Ann], await OldAsync(items: 2, limit: 1));
        Assert.Empty(await OldAsync(items: 3, limit: 2));
        Assert.Equal(0, (await Store.TrimInboxAsync(new UserKey(Tenant, "late"), border, 0, 100)).Deleted);
        Assert.Equal(2, (await Store.TrimInboxAsync(Ann, border, 0, 100)).Deleted);
        Assert.Empty(await OldAsync(items: 0, limit: 2));

        async Task<List<UserKey>> OldAsync(long items, int limit)
        {
            var found = new List<UserKey>();
            for (UserKey? next = new UserKey("", ""); next is { } after;)
            {
                (var users, next) = await Store.LongInboxesAsync(after, items, border, limit, Never);
                found.AddRange(users);
            }

            return found;
        }
    }

    [Fact]
    public async Task A_run_deletes_the_old_items_beyond_the_newest_of_each_user_and_tells_of_the_counts()
    {
        await PublishAsync(4);
        var owner = await OwnAsync();
        await owner.CommitAsync(To("bob"));
        Time.Advance(TimeSpan.FromDays(3));
        await owner.CommitAsync(To("bob"), To("bob"), To("bob"));
        Assert.Equal("deleted 3 inbox items, 3 events", await RetentionAsync(items: 2));

        Assert.Equal([4L, 3], (await ItemsAsync(Ann)).Select(i => i.Seq));
        Assert.Equal([4L, 3, 2], (await ItemsAsync(Bob)).Select(i => i.Seq));
        Assert.Equal((new Counts(2, 2), new Counts(3, 3)), (Rung.Of(Ann)[^1].Counts, Rung.Of(Bob)[^1].Counts));
        await AssertCountsAsync(Ann);
        await AssertCountsAsync(Bob);
    }

    [Fact]
    public async Task Events_are_looked_at_when_they_have_become_old_and_all_old_ones_once_a_day()
    {
        var owner = await OwnAsync();
        var listed = To("ann");
        await owner.CommitAsync(listed, ToNobody(), ToNobody());
        Time.Advance(TimeSpan.FromHours(2));
        var second = ToNobody();
        await owner.CommitAsync(second);
        Time.Advance(TimeSpan.FromHours(47));
        Assert.Equal("deleted 2 events", await RetentionAsync());
        Assert.True(await IsStoredAsync(listed));
        Assert.True(await IsStoredAsync(second)); // Not two days old yet.

        // The next run goes on behind the event that was kept, though nothing keeps it any more.
        await Store.TrimInboxAsync(Ann, Time.GetUtcNow(), 0, 100);
        Time.Advance(TimeSpan.FromHours(2));
        Assert.Equal("deleted 1 events", await RetentionAsync());
        Assert.Equal("nothing to delete", await RetentionAsync());
        Assert.Equal(second.Event.Id, (await Store.EventPassAsync(Never))!.After);
        Assert.True(await IsStoredAsync(listed));
        Assert.False(await IsStoredAsync(second));

        Time.Advance(TimeSpan.FromHours(22)); // A day after the pass began.
        Assert.Equal("deleted 1 events", await RetentionAsync());
        Assert.False(await IsStoredAsync(listed));
        Assert.Equal(Time.GetUtcNow(), (await Store.EventPassAsync(Never))!.Began);
    }

    [Fact]
    public async Task A_pass_that_a_clock_far_ahead_began_or_whose_place_is_lost_starts_over()
    {
        var owner = await OwnAsync();
        await owner.CommitAsync(ToNobody());
        Time.Advance(TimeSpan.FromDays(3));
        var future = new EventPass(Guid.CreateVersion7(Time.GetUtcNow()), Time.GetUtcNow().AddYears(1));
        await Store.SaveEventPassAsync(future);
        Assert.Equal(future, await Store.EventPassAsync(Never));
        Assert.Equal("deleted 1 events", await RetentionAsync());

        await owner.CommitAsync(ToNobody());
        Time.Advance(TimeSpan.FromDays(3));
        await _database.WriteAsync(session => session.ExecuteAsync("DELETE FROM settings WHERE name = 'events-pass'"));
        Assert.Null(await Store.EventPassAsync(Never));
        Assert.Equal("deleted 1 events", await RetentionAsync());
    }

    [Fact]
    public async Task A_run_that_is_broken_off_keeps_its_place()
    {
        var owner = await OwnAsync();
        var plans = Enumerable.Range(0, 700).Select(_ => ToNobody()).ToArray();
        await owner.CommitAsync(plans);
        Time.Advance(TimeSpan.FromDays(3));
        using var cancel = new CancellationTokenSource();
        var breaking = new BreakingDatabase(_database, cancel, writes: 2); // Broadcasts, and the first events.
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Retention(new Store(breaking, Time)).RunAsync(cancel.Token));

        var ids = plans.Select(p => p.Event.Id).OrderBy(id => id.ToString("N"), StringComparer.Ordinal).ToArray();
        Assert.Equal(ids[499], (await Store.EventPassAsync(Never))!.After);
        Assert.Equal("deleted 200 events", await RetentionAsync());
    }

    /// <summary>An event that is in nobody's inbox.</summary>
    private Plan ToNobody() => Deliver(Event(to: "topic:nobody"));

    private async Task<bool> IsStoredAsync(Plan plan) => await Store.EventAsync(Tenant, plan.Event.Id, Never) is not null;

    /// <summary>A run on a node that has just begun.</summary>
    private Task<string> RetentionAsync(int items = 10_000) => Retention(Store, items).RunAsync(Never);

    private Retention Retention(Store store, int items = 10_000) => new(
        store, Rung, Options.Create(new NotificationsOptions { Retention = new RetentionOptions { InboxDays = 2, InboxItems = items } }), Time);

    /// <summary>Cancels once so many writes have been done.</summary>
    private sealed class BreakingDatabase(IDatabase database, CancellationTokenSource cancel, int writes) : IDatabase
    {
        public async Task<T> WriteAsync<T>(Func<StoreSession, ValueTask<T>> work)
        {
            var result = await database.WriteAsync(work);
            if (--writes == 0)
            {
                await cancel.CancelAsync();
            }

            return result;
        }

        public Task<T> ReadAsync<T>(Func<StoreSession, ValueTask<T>> work, CancellationToken cancellationToken = default) =>
            database.ReadAsync(work, cancellationToken);

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
