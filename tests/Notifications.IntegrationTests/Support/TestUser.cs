using System.Globalization;

namespace Notifications.IntegrationTests.Support;

/// <summary>How a user's device comes back after it was away.</summary>
public enum ClientKind
{
    /// <summary>Only listens, and reconnects under the same address: it may be shown again what it was shown last.</summary>
    Plain,

    /// <summary>Reconnects with <c>?after=</c> the highest <c>rev</c> it handled.</summary>
    ResumesByAddress,

    /// <summary>Reconnects with <c>?after=manual</c> and says in <c>Resume</c> what it handled.</summary>
    ResumesByCall,
}

/// <summary>What one connection was shown.</summary>
public sealed class Session(long floor)
{
    /// <summary>The highest <c>rev</c> so far; at first the one that may not be shown again.</summary>
    public long Highest { get; set; } = floor;

    /// <summary>The notifications, in order.</summary>
    public List<(long Seq, string Id, string EventId)> Shown { get; } = [];
}

/// <summary>
/// A user with one device that comes and goes: it stays connected for a while, leaves politely or not, and comes back, until it is told to
/// stay. It records what every connection was shown.
/// </summary>
public sealed class TestUser(Func<Uri> address, string name, ClientKind kind, int seed)
{
    /// <summary>One who always goes to the same server.</summary>
    public TestUser(ServerProcess server, string name, ClientKind kind, int seed)
        : this(() => server.Address, name, kind, seed)
    {
    }

    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);

    /// <summary>Thousands that try more often keep the machine too busy to be let in.</summary>
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);

    private readonly Random _random = new(seed);
    private readonly List<Session> _sessions = [];
    private readonly HashSet<string> _known = [];
    private readonly TaskCompletionSource _stay = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly List<string> _faults = [];
    private HubClient? _client;
    private long? _epoch;
    private long _handled;
    private int _refused;
    private volatile bool _abandoned;

    /// <summary>The user's id.</summary>
    public string Name => name;

    /// <summary>How it comes back.</summary>
    public ClientKind Kind => kind;

    /// <summary>What each connection was shown.</summary>
    public IReadOnlyList<Session> Sessions => _sessions;

    /// <summary>What no connection should ever have been shown.</summary>
    public IReadOnlyList<string> Faults => _faults;

    /// <summary>How many distinct notifications it was shown so far.</summary>
    public int Known
    {
        get
        {
            lock (_known)
            {
                return _known.Count;
            }
        }
    }

    /// <summary>How many attempts to connect failed; some do while the server is down.</summary>
    public int Refused => _refused;

    /// <summary>The share of items that it marks as seen or read while it is at it, 0 to 1.</summary>
    public double Diligence { get; init; }

    /// <summary>Whether it leaves only when its connection breaks or <see cref="Stay"/> is called.</summary>
    public bool Steady { get; init; }

    /// <summary>How long it waits for a sign of life of the server before it gives the connection up.</summary>
    public TimeSpan? ServerTimeout { get; init; }

    /// <summary>Told of each notification when it is shown for the first time.</summary>
    public Action<Item>? OnShown { get; init; }

    /// <summary>From now on it stays connected, until it is asked to leave.</summary>
    public void Stay() => _stay.TrySetResult();

    /// <summary>It comes back no more, and nobody is interested in it any longer.</summary>
    public void Abandon()
    {
        _abandoned = true;
        Stay();
        _ = _client?.DisposeAsync().AsTask();
    }

    /// <summary>Comes and goes until it is told to stay, then stays; returns once it is connected for good.</summary>
    public async Task ComeAndGoAsync(string token)
    {
        var pause = FirstPause;
        while (!_abandoned)
        {
            var staying = _stay.Task.IsCompleted;
            HubClient client;
            try
            {
                client = await ConnectAsync(token);
            }
            catch (Exception e) when (e is HubRefusedException or HubClosedException or HubInvocationException or OperationCanceledException or TimeoutException)
            {
                _refused++;
                await Task.Delay(pause * (0.5 + _random.NextDouble()), TimeProvider.System);
                pause = TimeSpan.FromTicks(Math.Min(pause.Ticks * 2, LongestPause.Ticks));
                continue;
            }

            pause = FirstPause;

            if (staying)
            {
                _client = client;
                return;
            }

            var visit = Steady ? client.Closed : Task.Delay(TimeSpan.FromMilliseconds(_random.Next(20, 1_500)), TimeProvider.System);
            await Task.WhenAny(visit, client.Closed, _stay.Task);
            await LeaveAsync(client, politely: _random.Next(3) == 0);
            if (!Steady && _random.Next(3) == 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(_random.Next(0, 1_000)), TimeProvider.System);
            }
        }
    }

    /// <summary>Compares what it was shown with its log as the server has it in the end.</summary>
    /// <param name="log">All its items, by <c>seq</c>.</param>
    /// <returns>The first thing that is wrong; nothing if the promise was kept.</returns>
    public IEnumerable<string> Compare(IReadOnlyList<Item> log)
    {
        var places = log.Select((item, place) => (item, place)).ToDictionary(p => p.item.Seq);
        var next = 0;
        foreach (var session in _sessions)
        {
            var expected = kind == ClientKind.Plain && session.Shown.Count > 0
                ? places.TryGetValue(session.Shown[0].Seq, out var first) ? first.place : -1
                : next;
            if (expected > next || expected < 0)
            {
                yield return $"{name}: a connection began with seq {session.Shown[0].Seq}, after {next} of {log.Count} items";
                yield break;
            }

            foreach (var (seq, id, eventId) in session.Shown)
            {
                if (!places.TryGetValue(seq, out var known) || known.item.Id != id || known.item.EventId != eventId)
                {
                    yield return $"{name}: was shown seq {seq} as {id}, which is not in its log";
                    yield break;
                }

                if (known.place != expected)
                {
                    yield return $"{name}: was shown seq {seq}, where item {expected} (seq {log.ElementAtOrDefault(expected)?.Seq}) was due";
                    yield break;
                }

                next = Math.Max(next, ++expected);
            }
        }

        if (next != log.Count)
        {
            yield return $"{name}: was shown {next} of {log.Count} items";
        }
    }

    /// <summary>Ends the connection it stayed on.</summary>
    public Task LeaveAsync() => LeaveAsync(_client!, politely: true);

    private static async Task LeaveAsync(HubClient client, bool politely)
    {
        if (politely)
        {
            await client.CloseAsync();
        }

        await client.DisposeAsync();
    }

    private async Task<HubClient> ConnectAsync(string token)
    {
        var session = new Session(kind == ClientKind.Plain ? 0 : _handled);
        var options = new HubOptions { Token = token, Keep = false, ServerTimeout = ServerTimeout, OnMessage = (client, message) => Take(client, session, message) };
        options = kind switch
        {
            ClientKind.Plain => options with { Device = "phone" },
            ClientKind.ResumesByAddress => options with { After = _handled.ToString(CultureInfo.InvariantCulture), Epoch = _epoch },
            _ => options with { After = "manual" },
        };
        var client = await HubClient.ConnectAsync(address(), options);
        _sessions.Add(session);
        if (kind == ClientKind.ResumesByCall)
        {
            try
            {
                await client.ResumeAsync(_handled, _epoch);
            }
            catch
            {
                await client.DisposeAsync();
                throw;
            }
        }

        return client;
    }

    private void Take(HubClient client, Session session, HubMessage message)
    {
        switch (message)
        {
            case Notification { Item: var item }:
                Advance(session, item);
                session.Shown.Add((item.Seq, item.Id, item.EventId));
                bool isNew;
                lock (_known)
                {
                    isNew = _known.Add(item.Id);
                }

                if (isNew)
                {
                    OnShown?.Invoke(item);
                }
                else if (kind != ClientKind.Plain)
                {
                    _faults.Add($"{name} was shown {item} twice");
                }

                if (_random.NextDouble() < Diligence)
                {
                    Forget(client.UpdateAsync([item.Id], _random.Next(2) == 0 ? new { seen = true } : new { read = true }));
                }

                break;
            case Updated { Items: var items }:
                foreach (var item in items)
                {
                    Advance(session, item);
                }

                break;
            case Resumed resumed:
                _epoch = resumed.Epoch;
                break;
            case Reset reset:
                _faults.Add($"{name} got {reset}");
                break;
        }

        if (kind != ClientKind.Plain && message is Notification or Updated && _random.Next(4) == 0)
        {
            Forget(client.PostAckAsync(_handled));
        }
    }

    private void Advance(Session session, Item item)
    {
        if (item.Rev <= session.Highest || item.Rev < item.Seq)
        {
            _faults.Add($"{name} got {item} where it had everything up to rev {session.Highest}");
        }

        session.Highest = Math.Max(session.Highest, item.Rev);
        _handled = Math.Max(_handled, item.Rev);
    }

    /// <summary>A request that may be lost with its connection.</summary>
    private static void Forget(Task request) => request.ContinueWith(
        t => _ = t.Exception, CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted, TaskScheduler.Default);
}
