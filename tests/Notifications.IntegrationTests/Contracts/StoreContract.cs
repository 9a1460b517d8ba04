using System.Text;
using Notifications.Dispatch;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>What the store keeps to, on whatever engine. A subclass supplies an empty database.</summary>
public abstract partial class StoreContract : IAsyncLifetime
{
    private const string Tenant = "acme";
    private static readonly UserKey Ann = new(Tenant, "ann");
    private static readonly UserKey Bob = new(Tenant, "bob");
    private static readonly CancellationToken Never = CancellationToken.None;

    private IDatabase _database = null!;
    private int _titles;

    protected FakeTime Time { get; } = new();

    private Store Store { get; set; } = null!;

    private Rings Rung { get; } = new();

    /// <summary>The log as a user meets it; rings <see cref="Rung"/>.</summary>
    private UserLog UserLog => new(Store, Rung);

    /// <summary>Opens an empty database, migrated.</summary>
    protected abstract Task<IDatabase> OpenAsync();

    /// <summary>Closes and deletes it.</summary>
    protected abstract Task CloseAsync();

    public async Task InitializeAsync()
    {
        _database = await OpenAsync();
        Store = new Store(_database, Time);
    }

    public Task DisposeAsync() => CloseAsync();

    /// <summary>An event, accepted now.</summary>
    private EventRecord Event(string tenant = Tenant, string? category = null, string? externalId = null, string source = "", params string[] to) => new()
    {
        Id = Guid.CreateVersion7(Time.GetUtcNow()),
        Tenant = tenant,
        Source = source,
        ExternalId = externalId,
        Fingerprint = externalId is null ? default : new byte[32],
        AcceptedAt = Time.Milliseconds,
        To = [.. to.Select(Parse)],
        OrderingKey = to[0],
        Category = category,
        Content = Encoding.UTF8.GetBytes($"{{\"type\":\"t\",\"title\":\"{Interlocked.Increment(ref _titles)}\"}}"),
    };

    /// <summary>A plan to deliver an event to users in the transaction of its batch.</summary>
    private static Plan Deliver(EventRecord record, params string[] users) => new() { Event = record, Decisions = Reasons(record), Users = users };

    private Plan To(params string[] users) => Deliver(Event(to: [.. users.Select(u => "user:" + u)]), users);

    private Plan ToAll(string tenant = Tenant, params string[] named) =>
        new() { Event = Event(tenant, to: ["all"]), Decisions = [new Decision("all", "inbox", "deliver", "broadcast")], Broadcast = true, Named = named };

    private Plan InSteps(params string[] to) => Event(to: to) is var record ? new() { Event = record, Decisions = Reasons(record), FanOut = true } : null!;

    private static Decision[] Reasons(EventRecord record) => [.. record.To.Select(r => new Decision(r.ToString(), "inbox", "deliver", "named"))];

    private static Recipient Parse(string text) => Recipient.TryParse(text, out var recipient) ? recipient : throw new FormatException(text);

    private async Task<Owner> OwnAsync(int partition = 0) => new(Store, await Store.AcquirePartitionAsync(partition, "test"));

    private Task<CatchUp> LogAsync(UserKey key, long after = 0, int limit = 100_000) => UserLog.CatchUpAsync(key, after, limit, Never);

    private async Task<List<InboxItem>> ItemsAsync(UserKey key, InboxStatus status = InboxStatus.All, string? category = null) =>
        (await UserLog.PageAsync(key, status, category, long.MaxValue, 100_000, Never)).Items;

    private async Task<InboxItem> ItemAsync(UserKey key, long seq) => (await ItemsAsync(key)).Single(i => i.Seq == seq);

    /// <summary>The counts are those that counting the lists gives.</summary>
    private async Task AssertCountsAsync(UserKey key)
    {
        var counts = (await UserLog.HeadAsync(key, Never)).Counts;
        Assert.Equal(new Counts((await ItemsAsync(key, InboxStatus.Unseen)).Count, (await ItemsAsync(key, InboxStatus.Unread)).Count), counts);
    }

    /// <summary>Steps that follow each other without a gap or an overlap, from 1 to the head.</summary>
    private static void AssertGapless(IEnumerable<UserPush> pushes, Head head)
    {
        var next = 1L;
        foreach (var push in pushes.Where(p => p.Last != 0).OrderBy(p => p.First))
        {
            Assert.Equal(next, push.First);
            Assert.Equal(Enumerable.Range(0, push.Items.Count).Select(i => push.First + i), push.Items.Select(i => i.Rev));
            next = push.Last + 1;
        }

        Assert.Equal(head.Counter + 1, next);
    }

    /// <summary>Owns a partition and commits to it, one place per event.</summary>
    private sealed class Owner(Store store, PartitionLease lease)
    {
        public PartitionLease Lease { get; private set; } = lease;

        public async Task<CommitResult> CommitAsync(params Plan[] plans)
        {
            var to = new LogPosition(Lease.Position.Value + plans.Length);
            var result = await store.CommitAsync(Lease, to, plans, []);
            Lease = Lease with { Position = to };
            return result;
        }
    }

    /// <summary>Keeps what was rung.</summary>
    private sealed class Rings : IDoorbell
    {
        private readonly Lock _lock = new();
        private readonly List<UserPush> _pushes = [];

        public ValueTask RingAsync(IReadOnlyList<UserPush> pushes)
        {
            lock (_lock)
            {
                _pushes.AddRange(pushes);
            }

            return ValueTask.CompletedTask;
        }

        public ValueTask RingAllAsync(string tenant) => ValueTask.CompletedTask;

        public List<UserPush> Of(UserKey key)
        {
            lock (_lock)
            {
                return _pushes.FindAll(p => p.Key == key);
            }
        }

        public int Count
        {
            get
            {
                lock (_lock)
                {
                    return _pushes.Count;
                }
            }
        }
    }
}
