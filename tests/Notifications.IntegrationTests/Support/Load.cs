using System.Collections.Concurrent;
using System.Diagnostics;

namespace Notifications.IntegrationTests.Support;

/// <summary>How much load there is.</summary>
public sealed record LoadOptions
{
    /// <summary>How many users are connected, each with one device.</summary>
    public int Users { get; init; } = FaultScale.Pick(50, 200);

    /// <summary>Events a second, as far as they are accepted; what could not be sent in time is sent as soon as it can be.</summary>
    public int Rate { get; init; } = FaultScale.Pick(300, 1_000);

    /// <summary>How many lines of producers send, each one event (or batch) after the other.</summary>
    public int Lines { get; init; } = FaultScale.Pick(20, 50);

    /// <summary>Events of a request.</summary>
    public int Batch { get; init; } = 1;

    /// <summary>Where clients connect; the gateways in turn otherwise.</summary>
    public IReadOnlyList<Uri>? Gateways { get; init; }

    /// <summary>Where events go; the ingest nodes otherwise.</summary>
    public IReadOnlyList<Uri>? Ingest { get; init; }
}

/// <summary>
/// A steady load on a cluster: producers that send again until they are answered, and clients that resume until they have everything. In the
/// end it compares what was accepted with what every client was shown and with every inbox.
/// </summary>
public sealed class Load : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);
    private static int _lastLoad;

    private readonly Cluster _cluster;
    private readonly LoadOptions _options;
    private readonly string _name = $"load{Interlocked.Increment(ref _lastLoad)}";
    private readonly List<Api> _apis;
    private readonly List<TestUser> _users;
    private readonly ConcurrentBag<double> _latencies = [];
    private readonly CancellationTokenSource _enough = new();
    private readonly long _started;
    private readonly Dictionary<string, string> _tokens = [];
    private Task _sending = Task.CompletedTask;
    private Task _visiting = Task.CompletedTask;
    private TaskCompletionSource _going = new();
    private int _pausing;
    private int _connections;
    private int _shown;
    private TimeSpan _sent;

    private Load(Cluster cluster, LoadOptions options)
    {
        _cluster = cluster;
        _options = options;
        _apis = [.. (options.Ingest ?? [.. cluster.With("ingest").Select(n => n.Server.Address)])
            .Select(a => new Api(a, ServerProcess.DevelopmentKey, options.Lines, TimeSpan.FromSeconds(10)))];
        var gateways = options.Gateways ?? [.. cluster.With("gateway").Select(n => n.Server.Address)];
        _users = [.. Enumerable.Range(0, options.Users).Select(i => new TestUser(
            () => gateways[(int)((uint)Interlocked.Increment(ref _connections) % gateways.Count)],
            $"{_name}-{i}", i % 2 == 0 ? ClientKind.ResumesByAddress : ClientKind.ResumesByCall, i)
        {
            Steady = true,
            ServerTimeout = TimeSpan.FromSeconds(20),
            Diligence = i % 10 == 0 ? 0.1 : 0,
            OnShown = Measure,
        })];
        Producer = new Producer(_apis);
        _going.SetResult();
        _started = Stopwatch.GetTimestamp();
    }

    /// <summary>What was sent.</summary>
    public Producer Producer { get; }

    /// <summary>The users.</summary>
    public IReadOnlyList<TestUser> Users => _users;

    /// <summary>How many notifications users were shown so far, each once.</summary>
    public int Shown => Volatile.Read(ref _shown);

    /// <summary>Connects the users and begins to send.</summary>
    public static async Task<Load> StartAsync(Cluster cluster, LoadOptions? options = null)
    {
        var load = new Load(cluster, options ?? new LoadOptions());
        await Parallel.ForEachAsync(load._users, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (user, _) =>
        {
            var token = await load._apis[0].TokenAsync(user.Name);
            lock (load._tokens)
            {
                load._tokens[user.Name] = token;
            }
        });
        load._visiting = Task.WhenAll(load._users.Select(u => Task.Run(() => u.ComeAndGoAsync(load._tokens[u.Name]))));
        load._sending = Task.WhenAll(Enumerable.Range(0, load._options.Lines).Select(line => Task.Run(() => load.SendAsync(line))));
        await load.AcceptMoreAsync(load._options.Users);
        return load;
    }

    /// <summary>Waits until so many more events were accepted.</summary>
    public async Task AcceptMoreAsync(int events)
    {
        var enough = Producer.Count + events;
        await WaitAsync($"{enough} accepted events", () => Producer.Count >= enough || _sending.IsCompleted);
    }

    /// <summary>Waits for about so many seconds' worth of events.</summary>
    public Task GoOnAsync(double seconds) => AcceptMoreAsync((int)(_options.Rate * seconds));

    /// <summary>Waits until everything that was accepted up to now was shown, while more is sent.</summary>
    public async Task CatchUpAsync()
    {
        var due = Producer.Deliveries;
        await WaitAsync($"{due} shown notifications", () => Shown >= due);
    }

    /// <summary>Sends nothing more until <see cref="Continue"/>, and waits until everything was shown.</summary>
    public async Task PauseAsync()
    {
        Volatile.Write(ref _going, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        await WaitAsync("nobody sends", () => Volatile.Read(ref _pausing) == _options.Lines);
        await CatchUpAsync();
    }

    /// <summary>Sends again after <see cref="PauseAsync"/>.</summary>
    public void Continue() => Volatile.Read(ref _going).TrySetResult();

    private async Task StopSendingAsync()
    {
        Continue();
        await _enough.CancelAsync();
        await _sending;
        if (_sent == default)
        {
            _sent = Stopwatch.GetElapsedTime(_started);
        }

        await CatchUpAsync();
    }

    /// <summary>Ends the load, compares, and writes the figures.</summary>
    /// <param name="fault">What was done meanwhile.</param>
    /// <param name="output">Where the figures go besides their file.</param>
    /// <param name="note">What else there is to say.</param>
    /// <exception cref="InvalidOperationException">Something was lost, repeated or out of order; the message says what.</exception>
    public async Task FinishAsync(string fault, Action<string> output, string note = "")
    {
        await StopSendingAsync();
        _users.ForEach(u => u.Stay());
        await _visiting.WaitAsync(Patience, TimeProvider.System);
        var faults = new ConcurrentQueue<string>();
        await Parallel.ForEachAsync(_users, new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (user, _) =>
        {
            foreach (var what in await CheckAsync(user))
            {
                faults.Enqueue(what);
            }
        });
        var latencies = _latencies.Order().ToList();
        var figures = new FaultFigures(
            fault, Producer.Count, _sent.TotalSeconds, latencies[latencies.Count / 2], latencies[(int)(latencies.Count * 0.99)], latencies[^1],
            Producer.Retries, _users.Sum(u => u.Sessions.Count - 1), note);
        output(FaultFigures.Header);
        output(figures.ToString());
        if (!faults.IsEmpty)
        {
            throw new InvalidOperationException($"{fault}: {faults.Count} faults\n{string.Join('\n', faults.Take(30))}\n{_cluster.Logs()}");
        }

        figures.Write();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        Continue();
        _users.ForEach(u => u.Abandon());
        _apis.ForEach(a => a.Dispose());
        _enough.Dispose();
    }

    private async Task WaitAsync(string what, Func<bool> condition)
    {
        try
        {
            await Until.TrueAsync(what, () => Task.FromResult(condition()), Patience);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException(
                $"{e.Message}\n{Producer.Count} accepted for {Producer.Deliveries} recipients, {Shown} shown, {Producer.Retries} sent again, {Producer.Refusals} refused, " +
                $"{Producer.Silences} not answered\n{_cluster.Logs()}");
        }

        if (_sending.IsFaulted)
        {
            await _sending;
        }
    }

    private async Task<List<string>> CheckAsync(TestUser user)
    {
        await user.LeaveAsync();
        using var gateway = _cluster.With("gateway").First().Server.Api.As(_tokens[user.Name]);
        var log = (await gateway.InboxAsync()).Items.OrderBy(i => i.Seq).ToList();
        var due = Producer.Accepted.Values.Where(e => e.Users.Contains(user.Name)).Select(e => e.EventId).ToHashSet();
        var has = log.Select(i => i.EventId).ToHashSet();
        var faults = new List<string>();
        if (has.Count != log.Count)
        {
            faults.Add($"{user.Name}: {log.Count - has.Count} of {log.Count} items repeat an event");
        }

        if (!due.SetEquals(has))
        {
            faults.Add($"{user.Name}: {due.Except(has).Count()} of {due.Count} accepted events are not in the inbox, {has.Except(due).Count()} others are");
        }

        if (log.Select((item, i) => item.Seq - log[0].Seq - i).Any(hole => hole != 0) && user.Diligence == 0)
        {
            faults.Add($"{user.Name}: the numbers of its items have holes");
        }

        faults.AddRange(OutgoingEvent.OutOfLine(user.Name, log, _ => true));
        faults.AddRange(user.Faults);
        faults.AddRange(user.Compare(log));
        return faults;
    }

    private void Measure(Item item)
    {
        _latencies.Add(Stopwatch.GetElapsedTime(item.Json.GetProperty("data").GetProperty("sentAt").GetInt64()).TotalMilliseconds);
        Interlocked.Increment(ref _shown);
    }

    /// <summary>Sends at the pace of its line until it is enough; every event is sent until it is accepted.</summary>
    private async Task SendAsync(int line)
    {
        var random = new Random(line);
        var name = $"{_name}-line{line}";
        var pause = TimeSpan.FromSeconds((double)_options.Lines * _options.Batch / _options.Rate);
        var started = Stopwatch.GetTimestamp();
        for (var number = 0; !_enough.IsCancellationRequested; number += _options.Batch)
        {
            if (Volatile.Read(ref _going).Task is { IsCompleted: false } going)
            {
                Interlocked.Increment(ref _pausing);
                await going;
                Interlocked.Decrement(ref _pausing);
            }

            var early = (pause * (number / _options.Batch)) - Stopwatch.GetElapsedTime(started);
            if (early > TimeSpan.Zero)
            {
                await Task.Delay(early, TimeProvider.System);
            }

            var events = Enumerable.Range(number, _options.Batch).Select(n =>
            {
                var user = random.Next(_users.Count);
                string[] users = random.Next(10) > 0 ? [_users[user].Name] : [_users[user].Name, _users[(user + 1) % _users.Count].Name];
                return new OutgoingEvent($"{name}-{n}", [.. users.Select(u => "user:" + u)], users, name, n, Ordered: true) { SentAt = Stopwatch.GetTimestamp() };
            });
            if (_options.Batch == 1)
            {
                await Producer.SendAsync(events);
            }
            else
            {
                await Producer.SendBatchesAsync(events.ToList(), _options.Batch);
            }
        }
    }
}
