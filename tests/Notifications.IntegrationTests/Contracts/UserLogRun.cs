using System.Text;
using Notifications.Dispatch;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Routing;
using Notifications.Storage;

namespace Notifications.IntegrationTests.Contracts;

internal enum UserLogOp
{
    Publish,
    Step,
    Subscribe,
    Change,
    Bulk,
    Wake,
    Wait,
    Trim,
    Connect,
    Page,
    Deliver,
    Disconnect,
    Ack,
}

/// <summary>An operation and the numbers that decide its details, so that any part of a sequence is a sequence.</summary>
internal readonly record struct UserLogStep(UserLogOp Op, int A, int B, int C, int D)
{
    private static readonly UserLogOp[] Weighted = [.. Enum.GetValues<UserLogOp>().SelectMany(op => Enumerable.Repeat(op, op switch
    {
        UserLogOp.Publish or UserLogOp.Deliver => 6,
        UserLogOp.Page => 5,
        UserLogOp.Change => 4,
        UserLogOp.Connect => 3,
        UserLogOp.Bulk or UserLogOp.Step or UserLogOp.Wait or UserLogOp.Wake or UserLogOp.Disconnect => 2,
        _ => 1,
    }))];

    public static UserLogStep Next(Random random) =>
        new(Weighted[random.Next(Weighted.Length)], random.Next(1 << 16), random.Next(1 << 16), random.Next(1 << 16), random.Next(1 << 16));
}

/// <summary>
/// Runs a sequence of operations on a store and on the model, in a tenant of its own, with devices that come and go. The devices apply what
/// they get as documented: keep each item by id in its highest <c>rev</c>, drop what is withdrawn, and resume after the highest <c>rev</c> handled.
/// </summary>
internal sealed class UserLogRun : IDoorbell
{
    private static readonly string[] Users = ["a", "\uE000", "😀"];
    private static readonly string[] Topics = ["news", "sport"];
    private static readonly string?[] Categories = [null, "x", "y"];
    private static readonly InboxStatus[] Statuses = Enum.GetValues<InboxStatus>();

    private readonly string _tenant;
    private readonly FakeTime _time = new();
    private readonly Store _store;
    private readonly UserLog _log;
    private readonly UserLogModel _model = new();
    private readonly Device[] _devices;
    private readonly Dictionary<string, Live> _live = [];
    private readonly Dictionary<UserKey, Counts> _told = [];
    private readonly Dictionary<Guid, FanOut> _fanOuts = [];
    private PartitionLease _lease;

    public UserLogRun(IDatabase database, int number)
    {
        _tenant = $"t{number}";
        _store = new Store(database, _time);
        _log = new UserLog(_store, this);
        _devices = [.. Users.SelectMany(user => Enumerable.Range(0, 2).Select(i => new Device(user, $"device {i}")))];
        _lease = new PartitionLease(number, 0, default);
    }

    /// <summary>Runs the operations; then every device catches up and is compared with the model.</summary>
    /// <returns>How many operations went well, and what went wrong, if anything did.</returns>
    public async Task<(int Done, Exception? Error)> RunAsync(IReadOnlyList<UserLogStep> steps)
    {
        var done = 0;
        try
        {
            _lease = await _store.AcquirePartitionAsync(_lease.Partition, "test");
            foreach (var step in steps)
            {
                await RunAsync(step);
                foreach (var (key, counts) in _told)
                {
                    Equal("counts that were told", _model.Named(key.User).Counts, counts);
                }

                _told.Clear();
                done++;
            }

            foreach (var device in _devices)
            {
                await ConnectAsync(device, fromAcknowledged: false);
                while (await PageAsync(device, 3))
                {
                    Deliver(device, int.MaxValue);
                }

                await CompareAsync(device);
            }

            return (done, null);
        }
        catch (Exception e)
        {
            return (done, e);
        }
    }

    /// <inheritdoc/>
    public ValueTask RingAsync(IReadOnlyList<UserPush> pushes)
    {
        foreach (var push in pushes)
        {
            _told[push.Key] = push.Counts;
            if (!_live.TryGetValue(push.Key.User, out var live))
            {
                _live.Add(push.Key.User, live = new Live());
            }

            live.Apply(push);
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public ValueTask RingAllAsync(string tenant) => ValueTask.CompletedTask;

    private async Task RunAsync(UserLogStep step)
    {
        var (_, a, b, c, d) = step;
        var user = Users[a % Users.Length];
        var key = new UserKey(_tenant, user);
        var device = _devices[a % _devices.Length];
        switch (step.Op)
        {
            case UserLogOp.Publish:
                await PublishAsync(a, b, c, d);
                break;
            case UserLogOp.Step when _model.FanOuts.Count > 0:
                var fanOut = _model.FanOuts[a % _model.FanOuts.Count];
                var (pushes, finished) = await _store.FanOutStepAsync(_lease, _fanOuts[fanOut.Event.Id], 1 + (b % 2));
                var expected = _model.Step(fanOut, 1 + (b % 2));
                Equal("users of a step", string.Join(' ', expected.Users), string.Join(' ', pushes.Select(p => p.Key.User)));
                Equal("end of a fan-out", expected.Finished, finished);
                await RingAsync(pushes);
                break;
            case UserLogOp.Subscribe:
                var topic = Topics[b % Topics.Length];
                Equal("subscription", c % 4 == 0 ? _model.Unsubscribe(topic, user) : _model.Subscribe(topic, user),
                    c % 4 == 0 ? await _store.UnsubscribeAsync(_tenant, topic, user) : await _store.SubscribeAsync(_tenant, topic, user));
                break;
            case UserLogOp.Change:
                await ChangeAsync(key, b, c, d);
                break;
            case UserLogOp.Bulk:
                var model = _model.Current(user);
                var (status, category) = (Statuses[b % Statuses.Length], Categories[c % Categories.Length]);
                long? through = d % 3 == 0 ? null : 1 + (d % (model.Counter + 3));
                var change = Change(c / 3, allowDelete: d % 5 == 0);
                var updated = model.Change(
                    i => i.Is(status) && (category is null || i.Event.Category == category) && i.Seq <= (through ?? long.MaxValue), change, _time.Milliseconds);
                Equal("bulk change", (updated, model.Counts), await _log.ChangeAsync(key, status, category, through, change, default));
                break;
            case UserLogOp.Wake:
                await WakeAsync();
                break;
            case UserLogOp.Wait:
                _time.Advance(TimeSpan.FromMinutes(1 + (a % 90)));
                break;
            case UserLogOp.Trim:
                await TrimAsync(key, _time.GetUtcNow().AddMinutes(-(b % 120)), c % 5, 1 + (d % 4));
                break;
            case UserLogOp.Connect when !device.Connected:
                await ConnectAsync(device, fromAcknowledged: b % 5 == 0);
                break;
            case UserLogOp.Page when device.Connected:
                await PageAsync(device, 1 + (b % 7));
                break;
            case UserLogOp.Deliver when device.Connected:
                Deliver(device, 1 + (b % 4));
                break;
            case UserLogOp.Disconnect:
                device.Connected = false;
                device.Wire.Clear();
                break;
            case UserLogOp.Ack:
                device.Acknowledged = Math.Max(device.Acknowledged ?? 0, device.Position);
                await _store.SavePositionsAsync([new DevicePosition(device.KeyIn(_tenant), device.Id, device.Position)]);
                break;
        }
    }

    private async Task PublishAsync(int a, int b, int c, int d)
    {
        var plans = new List<Plan>();
        var modelled = new List<(UserLogModel.Event, IReadOnlyList<string>, bool, bool)>();
        for (var i = 0; i <= a % 3; i++)
        {
            var (first, second, topic) = (Users[(b + i) % 3], Users[(c + i) % 3], Topics[c % 2]);
            string[] to = ((d + i) % 7) switch
            {
                0 => ["all"],
                1 => ["user:" + first, "all"],
                2 => ["topic:" + topic],
                3 => ["topic:" + topic, "user:" + first, "topic:" + Topics[1 - (c % 2)]],
                4 => ["user:" + first, "user:" + second],
                _ => ["user:" + first],
            };
            var inSteps = (b + d) % 4 == 0 && !to.Contains("all");
            var record = new EventRecord
            {
                Id = Guid.CreateVersion7(_time.GetUtcNow()),
                Tenant = _tenant,
                AcceptedAt = _time.Milliseconds,
                To = [.. to.Select(t => Recipient.TryParse(t, out var recipient) ? recipient : throw new FormatException(t))],
                OrderingKey = to[0],
                Category = Categories[(a + b + i) % Categories.Length],
                Content = Encoding.UTF8.GetBytes($"{{\"type\":\"t\",\"title\":\"{_model.FanOuts.Count}\"}}"),
            };
            var subscribers = await _store.SubscribersAsync([.. record.To.Where(r => r.Kind == RecipientKind.Topic).Select(r => (_tenant, r.Key))], 501, default);
            plans.Add(Router.Route(record, new RoutingContext { Subscribers = subscribers, MustWait = (_, _) => inSteps }));

            var all = to.Contains("all");
            var users = to.Where(t => t != "all").SelectMany(t =>
                t.StartsWith("user:", StringComparison.Ordinal) ? [t[5..]] : inSteps ? ["#" + t[6..]] : _model.Subscribers(t[6..])).Distinct().ToArray();
            modelled.Add((new UserLogModel.Event(record.Id, record.Category, record.AcceptedAt), users, all, inSteps));
        }

        var position = new LogPosition(_lease.Position.Value + plans.Count);
        var result = await _store.CommitAsync(_lease, position, plans, []);
        _lease = _lease with { Position = position };
        _model.Publish(modelled);
        foreach (var fanOut in result.FanOuts)
        {
            _fanOuts.Add(fanOut.EventId, fanOut);
        }

        await RingAsync(result.Pushes);
    }

    private async Task ChangeAsync(UserKey key, int b, int c, int d)
    {
        var model = _model.Current(key.User);
        var chosen = model.Items.Where((_, i) => (i + b) % 5 == 0).Take(1 + (c % 3)).ToArray();
        var others = Users.Where(u => u != key.User).SelectMany(u => (_model.Find(u)?.Items ?? []).Take(2).Select(i => Id(u, i)));
        var change = Change(d, allowDelete: true);
        var updated = model.Change(chosen.Contains, change, _time.Milliseconds);
        var result = await _log.ChangeAsync(key, [.. others, .. chosen.Select(i => Id(key.User, i))], change);
        Equal("change", (updated, model.Counts), (result.Updated, result.Counts));
    }

    private InboxChange Change(int number, bool allowDelete) => (number % (allowDelete ? 12 : 11)) switch
    {
        0 => new InboxChange { Seen = true },
        1 => new InboxChange { Seen = false },
        2 or 3 => new InboxChange { Read = true },
        4 => new InboxChange { Read = false },
        5 => new InboxChange { Archived = true },
        6 => new InboxChange { Archived = false },
        7 or 8 => new InboxChange { SnoozedUntil = new Maybe<DateTimeOffset?>(_time.GetUtcNow().AddMinutes(1 + (number % 61))) },
        9 => new InboxChange { SnoozedUntil = new Maybe<DateTimeOffset?>(null) },
        10 => new InboxChange { Read = true, Archived = true },
        _ => new InboxChange { Delete = true },
    };

    private async Task WakeAsync()
    {
        var due = (await _store.DueSnoozesAsync(1_000_000, default)).FindAll(d => d.Key.Tenant == _tenant);
        var now = _time.Milliseconds;
        Equal("due snoozes", Users.Sum(u => _model.Find(u)?.Items.Count(i => i.SnoozedUntil <= now) ?? 0), due.Count);
        foreach (var user in due.GroupBy(d => d.Key))
        {
            var model = _model.Current(user.Key.User);
            var result = await _store.WakeAsync(user.Key, [.. user.Select(d => d.Seq)]);
            model.Wake(result.Items.Select(i => (i.Seq, i.Rev)));
            Equal("waking", (user.Count(), model.Counts), (result.Updated, result.Counts));
            await RingAsync(result.Pushes);
        }
    }

    private async Task TrimAsync(UserKey key, DateTimeOffset before, int keep, int limit)
    {
        var counts = _model.Find(key.User)?.Counts;
        var deleted = _model.Find(key.User)?.Trim(before.ToUnixTimeMilliseconds(), keep, limit) ?? 0;
        var (trimmed, push) = await _store.TrimInboxAsync(key, before, keep, limit);
        Equal("items past their retention", deleted, trimmed);
        Equal("whether trimming is told", _model.Find(key.User)?.Counts != counts, push is not null);
        await RingAsync(push is null ? [] : [push]);
    }

    /// <summary>Begins a connection as the gateway does; a position that is of no use is answered by a reset.</summary>
    private async Task ConnectAsync(Device device, bool fromAcknowledged)
    {
        var key = device.KeyIn(_tenant);
        device.Wire.Clear();
        device.Connected = true;
        if (!device.Begun || fromAcknowledged)
        {
            // A client that keeps no position goes on where its device is; a new device where its user is.
            var stored = (await _store.PositionsAsync([(key, device.Id)]))[0];
            Equal("position", device.Acknowledged ?? _devices.Where(d => d.User == device.User).Max(d => d.Acknowledged ?? 0), stored);
            device.Resume(stored);
        }
        else
        {
            device.Resume(device.Position);
        }

        var model = _model.Current(device.User);
        var head = await _log.HeadAsync(key, default);
        CheckHead(model, head);
        if (device.Sent < head.OldestSeq - 1)
        {
            await ResetAsync(device, head);
        }
    }

    /// <summary>The client drops what it has, fetches its inbox, and goes on from the head.</summary>
    private async Task ResetAsync(Device device, Head head)
    {
        device.Reset(head.Counter);
        var before = long.MaxValue;
        while ((await _log.PageAsync(device.KeyIn(_tenant), InboxStatus.All, null, before, 3, default)).Items is [.., var last] page)
        {
            page.ForEach(i => device.Items[i.Id] = i);
            before = last.Seq;
        }
    }

    /// <summary>Reads a page of the log onto the wire, if the last one has been delivered.</summary>
    /// <returns>Whether there is something to deliver or to read.</returns>
    private async Task<bool> PageAsync(Device device, int limit)
    {
        if (device.Wire.Count > 0)
        {
            return true;
        }

        var model = _model.Current(device.User);
        var page = await _log.CatchUpAsync(device.KeyIn(_tenant), device.Sent, limit, default);
        CheckHead(model, page.Head);
        if (device.Sent < page.Head.OldestSeq - 1)
        {
            await ResetAsync(device, page.Head); // Retention overtook it between two pages.
            return true;
        }

        var last = device.Sent;
        foreach (var step in page.Steps)
        {
            True("a message comes after the one before", step.First > last || (step.Items[0].Rev > last && step.First <= step.Last), step);
            Equal("the last place of a step", step.Items[^1].Rev, step.Last);
            Equal("counts in a page", model.Counts, step.Counts);
            last = step.Last;
        }

        True("a page ends behind its last message and not behind the head", page.Position >= last && page.Position <= page.Head.Counter, page);
        True("a page with more behind it goes on", !page.HasMore || page.Position > device.Sent, page);
        True("no more steps than asked for", page.Steps.Count <= limit, page);
        device.Load(page);
        return page.HasMore || device.Wire.Count > 0;
    }

    private static void Deliver(Device device, int count)
    {
        for (; count > 0 && device.Wire.TryDequeue(out var push); count--)
        {
            device.Apply(push);
        }
    }

    private async Task CompareAsync(Device device)
    {
        var key = device.KeyIn(_tenant);
        var model = _model.Current(device.User);
        var kept = model.Items.Where(i => !i.Gone).ToArray();
        var all = kept.ToDictionary(i => Id(device.User, i), i => i.Shown);

        // What is older than its retention a client may still show; what it never had because it began later it may lack.
        Same("device", all.Where(i => Ids.SeqOf(i.Key) > device.From || device.Items.ContainsKey(i.Key)).ToDictionary(),
            device.Items.Values.Where(i => i.Seq >= model.OldestSeq).ToDictionary(i => i.Id, Shown));
        if (_live.TryGetValue(device.User, out var live))
        {
            Equal("the last place that was rung", model.Counter, live.Position);
            Same("who heard every ring", all, live.Items.Values.Where(i => i.Seq >= model.OldestSeq).ToDictionary(i => i.Id, Shown));
        }

        foreach (var status in Statuses)
        {
            var (items, head) = await _log.PageAsync(key, status, null, long.MaxValue, 10_000, default);
            Equal("list", string.Join('\n', kept.Where(i => i.Is(status)).Reverse().Select(i => i.Shown)), string.Join('\n', items.Select(Shown)));
            Equal("place and counts of a list", (model.Counter, model.Counts), (head.Counter, head.Counts));
        }
    }

    private static void CheckHead(UserLogModel.User model, Head head) =>
        Equal("head", (model.Counter, model.Counts, model.OldestSeq), (head.Counter, head.Counts, head.OldestSeq));

    private static Guid Id(string user, UserLogModel.Item item) => Ids.ForNotification(item.Event.At, item.Seq, item.Event.Id, user);

    private static string Shown(InboxItem i) =>
        $"{i.Seq}@{i.Rev} {i.EventId:N} seen {i.SeenAt} read {i.ReadAt} archived {i.ArchivedAt} snoozed {i.SnoozedUntil}";

    private static void Same(string what, Dictionary<Guid, string> expected, Dictionary<Guid, string> actual) =>
        Equal(what, string.Join('\n', expected.OrderBy(e => Ids.SeqOf(e.Key)).Select(e => e.Value)),
            string.Join('\n', actual.OrderBy(e => Ids.SeqOf(e.Key)).Select(e => e.Value)));

    private static void Equal<T>(string what, T expected, T actual) =>
        True(what, EqualityComparer<T>.Default.Equals(expected, actual), $"expected\n{expected}\nbut it is\n{actual}");

    private static void True(string what, bool holds, object detail)
    {
        if (!holds)
        {
            throw new InvalidDataException($"{what}: {detail}");
        }
    }

    /// <summary>Hears every ring from the first on: the log leaves no gap and comes in order.</summary>
    private sealed class Live
    {
        public long Position { get; private set; }

        public Dictionary<Guid, InboxItem> Items { get; } = [];

        public void Apply(UserPush push)
        {
            if (push.Last == 0)
            {
                return;
            }

            Equal("a ring follows the one before", Position + 1, push.First);
            Equal("the places of a ring", push.Last - push.First + 1, push.Items.Count);
            Position = push.Last;
            Keep(Items, push);
        }
    }

    private static void Keep(Dictionary<Guid, InboxItem> items, UserPush push)
    {
        foreach (var item in push.Items)
        {
            if (item.WithdrawnAt is not null)
            {
                items.Remove(item.Id);
            }
            else if (!items.TryGetValue(item.Id, out var known) || item.Rev >= known.Rev)
            {
                items[item.Id] = item;
            }
        }
    }

    private sealed class Device(string user, string id)
    {
        private long _pageEnd;
        private long _notified;

        public string User => user;

        public string Id => id;

        public bool Begun { get; private set; }

        public bool Connected { get; set; }

        /// <summary>Up to where the server has sent.</summary>
        public long Sent { get; private set; }

        /// <summary>The highest <c>rev</c> that was handled.</summary>
        public long Position { get; private set; }

        public long? Acknowledged { get; set; }

        /// <summary>It must have every item after this <c>seq</c>.</summary>
        public long From { get; private set; }

        public Queue<UserPush> Wire { get; } = [];

        public Dictionary<Guid, InboxItem> Items { get; } = [];

        public UserKey KeyIn(string tenant) => new(tenant, user);

        public void Resume(long after)
        {
            if (!Begun)
            {
                (Begun, From, Position) = (true, after, after);
            }

            _notified = after == Position ? _notified : 0; // Without a position of its own a client may be shown the last ones again.
            Sent = after;
        }

        public void Reset(long head)
        {
            Items.Clear();
            Wire.Clear();
            (Position, Sent, From) = (head, head, 0);
        }

        public void Load(CatchUp page)
        {
            page.Steps.ToList().ForEach(Wire.Enqueue);
            _pageEnd = page.Position;
            if (Wire.Count == 0)
            {
                Sent = _pageEnd;
            }
        }

        public void Apply(UserPush push)
        {
            if (push.Items is [var item] && item.Seq == push.First)
            {
                True("notifications come with rising seq", item.Seq > _notified, $"{item.Seq} after {_notified}");
                _notified = item.Seq;
            }

            Keep(Items, push);
            Position = Math.Max(Position, push.Last);
            if (Wire.Count == 0)
            {
                Sent = _pageEnd;
            }
        }
    }
}
