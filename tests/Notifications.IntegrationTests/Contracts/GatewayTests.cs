using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Dispatch;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>What a connected client is sent, whatever becomes of the rings: everything, in order, once.</summary>
public sealed class GatewayTests : IAsyncLifetime
{
    private const string Tenant = "acme";
    private const long Epoch = 7;
    private static readonly UserKey Ann = new(Tenant, "ann");
    private static readonly UserKey Bob = new(Tenant, "bob");

    private readonly SqliteEngine _engine = new();
    private readonly FakeTime _time = new();
    private readonly List<Gateway> _gateways = [];
    private readonly List<DevicePositions> _positions = [];
    private Store _store = null!;
    private PartitionLease _lease;
    private int _connections;

    public async Task InitializeAsync()
    {
        _store = new Store(await _engine.OpenAsync(), _time);
        _lease = await _store.AcquirePartitionAsync(0, "test");
    }

    public async Task DisposeAsync()
    {
        foreach (var gateway in _gateways)
        {
            await gateway.StopAsync(default);
            gateway.Dispose();
        }

        _positions.ForEach(p => p.Dispose());
        await _engine.DeleteAsync();
    }

    [Fact]
    public async Task A_client_is_sent_what_it_missed_and_then_what_happens()
    {
        var gateway = Open();
        await PublishAsync("ann", 5);
        var client = Connect(gateway, Ann);
        await client.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([1L, 2, 3, 4, 5], client.Seqs);
        Assert.Equal(new Resumed(Epoch, 5, true, new Counts(5, 5)), client.Messages[^1].Arguments[0]);

        await gateway.RingAsync(await PublishAsync("ann", 2));
        await client.UntilAsync(c => c.Seqs.Count == 7);
        Assert.Equal([1L, 2, 3, 4, 5, 6, 7], client.Seqs);
        Assert.Equal(new Counts(7, 7), client.Messages[^1].Arguments[1]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Rings_may_be_lost_late_or_doubled_and_a_client_notices_nothing(int seed)
    {
        var random = new Random(seed);
        var gateway = Open(TimeProvider.System); // a hole is waited for, if only for milliseconds
        var log = new UserLog(_store, gateway);
        var clients = Enumerable.Range(0, 3).Select(_ => Connect(gateway, Ann)).ToArray();
        await Task.WhenAll(clients.Select(c => c.UntilAsync(m => Last(m) == "resumed")));
        var late = new List<UserPush>();
        for (var i = 0; i < 40; i++)
        {
            late.AddRange(await PublishAsync("ann", 1 + random.Next(3)));
            late.AddRange((await _store.ChangeAsync(Ann, InboxStatus.All, null, random.Next(20), 20 + random.Next(20), new InboxChange { Read = random.Next(2) == 0 })).Pushes);
            var now = late.Where(_ => random.Next(3) != 0).ToArray();
            random.Shuffle(now);
            late.RemoveAll(p => random.Next(4) == 0);
            await gateway.RingAsync(now);
        }

        await gateway.RingAsync(await PublishAsync("ann", 1)); // one more ring, and all that were lost are made up for
        var head = await log.HeadAsync(Ann, default);
        var all = (await log.PageAsync(Ann, InboxStatus.All, null, long.MaxValue, 1_000, default)).Items;
        foreach (var client in clients)
        {
            await client.UntilAsync(c => c.Shown.Values.Any(i => i.Rev == head.Counter) || c.Shown.Values.Any(i => i.Seq == head.Counter));
            Assert.Equal(all.Select(i => i.Seq).Order(), client.Seqs); // each once, in order
            Assert.Equal(all.Select(Shown).Order(), client.Shown.Values.Select(Shown).Order());
            Assert.Equal(client.Messages.Select(LastRev).Where(r => r > 0).Order(), client.Messages.Select(LastRev).Where(r => r > 0));
            Assert.False(client.Overlapped);
        }
    }

    [Fact]
    public async Task A_client_that_takes_nothing_delays_nobody_and_misses_nothing()
    {
        var gateway = Open();
        var (slow, fast, other) = (Connect(gateway, Ann), Connect(gateway, Ann), Connect(gateway, Bob));
        await Task.WhenAll(new[] { slow, fast, other }.Select(c => c.UntilAsync(m => Last(m) == "resumed")));
        slow.Hold();
        for (var i = 0; i < 60; i++)
        {
            await gateway.RingAsync(await PublishAsync("ann", 20)); // far more than may queue up for a connection
            await gateway.RingAsync(await PublishAsync("bob", 1));
        }

        await fast.UntilAsync(c => c.Seqs.Count == 1_200);
        await other.UntilAsync(c => c.Seqs.Count == 60);
        await slow.UntilAsync(c => c.IsStuck);
        Assert.Empty(slow.Seqs);
        slow.Release();
        await slow.UntilAsync(c => c.Seqs.Count == 1_200);
        Assert.Equal(Enumerable.Range(1, 1_200).Select(i => (long)i), slow.Seqs);
        Assert.Equal(Enumerable.Range(1, 1_200).Select(i => (long)i), fast.Seqs);
        Assert.False(slow.Overlapped);
    }

    [Fact]
    public async Task A_client_that_takes_nothing_for_ten_seconds_is_given_up()
    {
        var gateway = Open();
        var (stuck, other) = (Connect(gateway, Ann), Connect(gateway, Ann));
        await Task.WhenAll(new[] { stuck, other }.Select(c => c.UntilAsync(m => Last(m) == "resumed")));
        stuck.Hold();
        await gateway.RingAsync(await PublishAsync("ann", 1));
        await _time.UntilTimersAsync(1);
        Assert.False(stuck.ConnectionAborted.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(10));

        var closed = new TaskCompletionSource();
        using var registration = stuck.ConnectionAborted.Register(closed.SetResult);
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(60));
        await gateway.RingAsync(await PublishAsync("ann", 1));
        await other.UntilAsync(c => c.Seqs.Count == 2);
        Assert.Empty(stuck.Seqs);
    }

    [Fact]
    public async Task A_client_goes_on_where_it_says()
    {
        var gateway = Open();
        await PublishAsync("ann", 5);
        var client = Connect(gateway, Ann, new ResumeRequest(3, Epoch));
        await client.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([4L, 5], client.Seqs);

        var manual = Connect(gateway, Ann, manual: true);
        await gateway.RingAsync(await PublishAsync("ann", 1));
        await client.UntilAsync(c => c.Seqs.Count == 3);
        Assert.Empty(manual.Messages); // silent until it says where
        gateway.Find(manual.ConnectionId)!.Resume(new ResumeRequest(4));
        await manual.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([5L, 6], manual.Seqs);
        gateway.Find(manual.ConnectionId)!.Resume(new ResumeRequest(5));
        await manual.UntilAsync(c => c.Messages.Count(m => m.Target == "resumed") == 2);
        Assert.Equal([5L, 6, 6], manual.Seqs);
    }

    [Theory]
    [InlineData(3, Epoch - 1)] // of another history
    [InlineData(99, Epoch)] // of a future that was lost
    [InlineData(1, Epoch)] // older than what is kept
    public async Task A_position_that_is_of_no_use_is_answered_by_a_reset_and_live_goes_on(long after, long epoch)
    {
        var gateway = Open();
        await PublishAsync("ann", 5);
        _time.Advance(TimeSpan.FromDays(1));
        Assert.Equal(2, (await _store.TrimInboxAsync(Ann, _time.GetUtcNow(), 3, 10)).Deleted);
        var client = Connect(gateway, Ann, new ResumeRequest(after, epoch));
        await client.UntilAsync(c => Last(c) == "reset");
        Assert.Equal(new Reset(Epoch, 5, new Counts(3, 3)), Assert.Single(client.Messages).Arguments[0]);

        await gateway.RingAsync(await PublishAsync("ann", 1));
        await client.UntilAsync(c => c.Seqs.Count == 1);
        Assert.Equal([6L], client.Seqs);
    }

    [Fact]
    public async Task The_oldest_position_that_is_kept_is_of_use()
    {
        var gateway = Open();
        await PublishAsync("ann", 5);
        _time.Advance(TimeSpan.FromDays(1));
        await _store.TrimInboxAsync(Ann, _time.GetUtcNow(), 3, 10);
        var client = Connect(gateway, Ann, new ResumeRequest(2, Epoch), device: "phone");
        await client.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([3L, 4, 5], client.Seqs);
        Assert.Equal(new Resumed(Epoch, 5, true, new Counts(3, 3)), client.Messages[^1].Arguments[0]);
    }

    [Fact]
    public async Task Who_was_away_too_long_gets_what_is_kept_and_is_told_that_there_was_more()
    {
        var gateway = Open();
        await PublishAsync("ann", 5);
        _time.Advance(TimeSpan.FromDays(1));
        await _store.TrimInboxAsync(Ann, _time.GetUtcNow(), 3, 10);
        var client = Connect(gateway, Ann);
        await client.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([3L, 4, 5], client.Seqs);
        Assert.Equal(new Resumed(Epoch, 5, false, new Counts(3, 3)), client.Messages[^1].Arguments[0]);
    }

    [Fact]
    public async Task A_device_goes_on_after_what_it_acknowledged()
    {
        var gateway = Open();
        await PublishAsync("ann", 4);
        var client = Connect(gateway, Ann, device: "phone");
        await client.UntilAsync(c => Last(c) == "resumed");
        gateway.Find(client.ConnectionId)!.Ack(3);
        gateway.Find(client.ConnectionId)!.Ack(1); // never backwards
        gateway.Remove(client.ConnectionId);
        var again = Connect(gateway, Ann, device: "phone");
        await again.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([4L], again.Seqs);

        gateway.Find(again.ConnectionId)!.Ack(1_000_000); // nor beyond what it was sent
        gateway.Remove(again.ConnectionId);
        await PublishAsync("ann", 1);
        var last = Connect(gateway, Ann, device: "phone");
        await last.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([5L], last.Seqs);
    }

    [Fact]
    public async Task Connected_users_take_a_broadcast_when_it_is_rung_and_others_when_they_come()
    {
        var gateway = await StartAsync();
        var (ann, bob) = (Connect(gateway, Ann), Connect(gateway, Bob));
        await Task.WhenAll(new[] { ann, bob }.Select(c => c.UntilAsync(m => Last(m) == "resumed")));
        await BroadcastAsync();
        await gateway.RingAllAsync(Tenant);
        await ann.UntilAsync(c => c.Seqs.Count == 1);
        await bob.UntilAsync(c => c.Seqs.Count == 1);

        gateway.Remove(bob.ConnectionId);
        await BroadcastAsync();
        bob = Connect(gateway, Bob);
        await bob.UntilAsync(c => Last(c) == "resumed");
        Assert.Equal([1L, 2], bob.Seqs);
    }

    [Fact]
    public async Task A_ring_that_nobody_heard_is_made_up_for_by_the_clock()
    {
        var gateway = await StartAsync();
        var client = Connect(gateway, Ann);
        await client.UntilAsync(c => Last(c) == "resumed");
        await PublishAsync("ann", 3);
        await BroadcastAsync();
        for (var waiting = client.UntilAsync(c => c.Seqs.Count == 4); !waiting.IsCompleted; await Task.Yield())
        {
            _time.Advance(TimeSpan.FromSeconds(1));
        }

        Assert.Equal([1L, 2, 3, 4], client.Seqs);
    }

    [Fact]
    public async Task A_token_that_expires_closes_its_connection_and_no_other()
    {
        var gateway = await StartAsync();
        var expiring = Connect(gateway, Ann, expires: _time.GetUtcNow().AddSeconds(30));
        var other = Connect(gateway, Ann, expires: _time.GetUtcNow().AddHours(30));
        await Task.WhenAll(new[] { expiring, other }.Select(c => c.UntilAsync(m => Last(m) == "resumed")));
        _time.Advance(TimeSpan.FromSeconds(30));
        await expiring.UntilAsync(c => Last(c) == "closing");
        Assert.Equal("token_expired", ((Closing)expiring.Messages[^1].Arguments[0]!).Code);

        await gateway.RingAsync(await PublishAsync("ann", 1));
        await other.UntilAsync(c => c.Seqs.Count == 1);
        Assert.Equal("closing", Last(expiring)); // nothing comes after it
    }

    private static string? Last(RecordingConnection connection) => connection.Messages is [.., var last] ? last.Target : null;

    private static long LastRev(Microsoft.AspNetCore.SignalR.Protocol.InvocationMessage message) => message.Arguments[0] switch
    {
        InboxItem item => item.Rev,
        IReadOnlyList<InboxItem> items => items[^1].Rev,
        _ => 0,
    };

    private static string Shown(InboxItem item) => $"{item.Seq:0000}@{item.Rev} {item.SeenAt} {item.ReadAt}";

    private Gateway Open(TimeProvider? time = null)
    {
        var positions = new DevicePositions(_store, time ?? _time, NullLogger<DevicePositions>.Instance);
        _positions.Add(positions);
        var gateway = new Gateway(_store, positions, new StoreEpoch(Epoch), new Lifetime(), time ?? _time, NullLogger<Gateway>.Instance);
        _gateways.Add(gateway);
        return gateway;
    }

    /// <summary>Opens a gateway whose clock has begun to tick.</summary>
    private async Task<Gateway> StartAsync()
    {
        var gateway = Open();
        await gateway.StartAsync(default);
        await _time.UntilTimersAsync(1);
        return gateway;
    }

    private RecordingConnection Connect(
        Gateway gateway, UserKey key, ResumeRequest? resume = null, bool manual = false, string device = "", DateTimeOffset? expires = null)
    {
        var connection = new RecordingConnection($"c{++_connections}");
        gateway.Add(connection, new ConnectionStart(key, device, resume, manual, expires ?? DateTimeOffset.MaxValue));
        return connection;
    }

    private async Task<IReadOnlyList<UserPush>> PublishAsync(string user, int count) =>
        (await CommitAsync([.. Enumerable.Range(0, count).Select(_ => new Plan { Event = Event("user:" + user), Decisions = [], Users = [user] })])).Pushes;

    private async Task BroadcastAsync() => await CommitAsync([new Plan { Event = Event("all"), Decisions = [], Broadcast = true }]);

    private async Task<CommitResult> CommitAsync(Plan[] plans)
    {
        var to = new LogPosition(_lease.Position.Value + 1);
        var result = await _store.CommitAsync(_lease, to, plans, []);
        _lease = _lease with { Position = to };
        return result;
    }

    private EventRecord Event(string to) => new()
    {
        Id = Guid.CreateVersion7(_time.GetUtcNow()),
        Tenant = Tenant,
        AcceptedAt = _time.Milliseconds,
        To = [Recipient.TryParse(to, out var recipient) ? recipient : throw new FormatException(to)],
        OrderingKey = to,
        Content = Encoding.UTF8.GetBytes("{\"type\":\"t\"}"),
    };

    private sealed class Lifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => default;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication()
        {
        }
    }
}
