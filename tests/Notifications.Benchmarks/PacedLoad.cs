using System.Collections.Concurrent;
using System.Diagnostics;
using System.Threading.Channels;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>An event that has arrived; times are <see cref="Stopwatch"/> ticks.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Due">When it was to be sent.</param>
/// <param name="Sent">When a connection was free to send it.</param>
/// <param name="At">When the client had it.</param>
internal readonly record struct Arrival(int Number, long Due, long Sent, long At)
{
    /// <summary>Milliseconds from when it was due to the client.</summary>
    public double Latency => Stopwatch.GetElapsedTime(Due, At).TotalMilliseconds;
}

/// <summary>
/// Connected clients, and events to them at a fixed rate: what is due is due, whether or not earlier ones have been answered, and latency counts from
/// there.
/// </summary>
internal sealed class PacedLoad : IAsyncDisposable
{
    private const int Senders = 64;
    private const int CriticalEvery = 4;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly string _name;
    private readonly int _perSecond;
    private readonly Channel<(int Number, long Due)> _due = Channel.CreateUnbounded<(int, long)>();
    private readonly ConcurrentQueue<Arrival> _arrivals = [];
    private readonly CancellationTokenSource _enough = new();
    private HubClient[] _clients = [];
    private Task _sending = Task.CompletedTask;
    private long _started;
    private int _next;
    private int _sent;
    private int _arrived;

    private PacedLoad(string name, int perSecond) => (_name, _perSecond) = (name, perSecond);

    /// <summary>Connects the clients and begins to send.</summary>
    /// <param name="target">To what.</param>
    /// <param name="name">What ids and users begin with.</param>
    /// <param name="clients">How many clients, each of another user.</param>
    /// <param name="perSecond">Events each second, to the users in turn.</param>
    /// <param name="critical">Whether the events to every fourth user are critical.</param>
    public static async Task<PacedLoad> StartAsync(Target target, string name, int clients, int perSecond, bool critical = false)
    {
        var load = new PacedLoad(name, perSecond);
        load._clients = await Load.ConnectAsync(
            target.Api, clients, load.User, target.Gateway, (_, token) => new HubOptions { Token = token, Keep = false, OnMessage = load.Take });
        load._started = Stopwatch.GetTimestamp();
        load._sending = Task.WhenAll(Enumerable.Range(0, Senders).Select(_ => Task.Run(async () =>
        {
            using var connection = await RawConnection.OpenAsync(target.Ingest.Address, "/v1/events", ServerProcess.DevelopmentKey);
            await foreach (var (number, due) in load._due.Reader.ReadAllAsync())
            {
                if (load._enough.IsCancellationRequested)
                {
                    return;
                }

                Interlocked.Increment(ref load._sent);
                var client = number % clients;
                await connection.PostAsync(Target.Event(
                    $"{name}-{number}", load.User(client), number, $",\"due\":{due},\"sent\":{Stopwatch.GetTimestamp()}", critical && client % CriticalEvery == 0));
            }
        })).Append(Task.Run(load.TickAsync)));
        return load;
    }

    /// <summary>Latencies at a rate, and whether the rate was kept.</summary>
    public static async Task<string> MeasureAsync(Target target, string name, int clients, int perSecond, TimeSpan warmUp, TimeSpan time)
    {
        await using var load = await StartAsync(target, name, clients, perSecond);
        await Task.Delay(warmUp, TimeProvider.System);
        var (from, busy, own) = (Stopwatch.GetTimestamp(), target.ProcessorTime, Environment.CpuUsage.TotalTime);
        await Task.Delay(time, TimeProvider.System);
        var to = Stopwatch.GetTimestamp();
        (busy, own) = (target.ProcessorTime - busy, Environment.CpuUsage.TotalTime - own);
        await load.StopAsync();
        var took = Stopwatch.GetElapsedTime(from, to);
        return $"{Describe(load.ArrivedBetween(from, to))} ({time.TotalSeconds:0} s; the service used {busy / took:0.0} cores, the generator {own / took:0.0})" +
            load.Shortfall(from, to);
    }

    /// <summary>The usual three numbers.</summary>
    public static string Describe(IReadOnlyCollection<Arrival> arrivals)
    {
        if (arrivals.Count == 0)
        {
            return "nothing arrived";
        }

        var latencies = arrivals.Select(a => a.Latency).ToList();
        return $"p50 {Table.Percentile(latencies, 0.5):#,0.0} ms, p99 {Table.Percentile(latencies, 0.99):#,0.0} ms, max {latencies.Max():#,0} ms";
    }

    /// <summary>Sends nothing more, not even what is overdue, and waits until everything that was sent has arrived.</summary>
    public async Task StopAsync()
    {
        await _enough.CancelAsync();
        await _sending.WaitAsync(Patience, TimeProvider.System);
        await Until.ValueAsync($"{_sent} notifications", () => Task.FromResult(Volatile.Read(ref _arrived)), arrived => arrived >= _sent, Patience);
    }

    /// <summary>What was due in a time, of what has arrived since.</summary>
    public List<Arrival> DueBetween(long from, long to) => [.. _arrivals.Where(a => a.Due >= from && a.Due < to)];

    /// <summary>What arrived in a time.</summary>
    public List<Arrival> ArrivedBetween(long from, long to = long.MaxValue) => [.. _arrivals.Where(a => a.At >= from && a.At < to)];

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _enough.CancelAsync();
        await Load.DisconnectAsync(_clients);
        _enough.Dispose();
    }

    /// <summary>
    /// What to say where events were not sent at the rate that they should have been: because the generator woke late, or because none of its
    /// connections had been answered.
    /// </summary>
    private string Shortfall(long from, long to)
    {
        var sent = _arrivals.Where(a => a.Sent >= from && a.Sent < to).ToList();
        if (sent.Count == 0)
        {
            return "; NOTHING WAS SENT";
        }

        var perSecond = sent.Count / Stopwatch.GetElapsedTime(from, to).TotalSeconds;
        var woke = Table.Percentile(sent.Select(a => Milliseconds(Planned(a.Number), a.Due)), 0.99);
        var waited = Table.Percentile(sent.Select(a => Milliseconds(a.Due, a.Sent)), 0.99);
        return perSecond < 0.98 * _perSecond
            ? $"; THE GENERATOR COULD NOT KEEP THE RATE: it sent {perSecond:#,0} events/s (1 in 100 was noticed more than {woke:#,0} ms late, " +
                $"or waited more than {waited:#,0} ms until one of {Senders} connections was answered)"
            : woke > 50 ? $"; the generator sent in bursts: 1 in 100 was noticed more than {woke:#,0} ms late" : "";

        static double Milliseconds(long from, long to) => Stopwatch.GetElapsedTime(from, to).TotalMilliseconds;
    }

    private long Planned(int number) => _started + (long)((double)number / _perSecond * Stopwatch.Frequency);

    private string User(int client) => $"{_name}-u{client}";

    private void Take(HubClient client, HubMessage message)
    {
        if (message is Notification { Item: var item })
        {
            var at = Stopwatch.GetTimestamp();
            var data = item.Json.GetProperty("data");
            _arrivals.Enqueue(new Arrival(data.GetProperty("n").GetInt32(), Ticks("due"), Ticks("sent"), at));
            Interlocked.Increment(ref _arrived);

            long Ticks(string name) => data.GetProperty(name).GetInt64();
        }
    }

    private async Task TickAsync()
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        try
        {
            while (true)
            {
                for (var due = (int)(Stopwatch.GetElapsedTime(_started).TotalSeconds * _perSecond); _next < due; _next++)
                {
                    _due.Writer.TryWrite((_next, Stopwatch.GetTimestamp()));
                }

                await timer.WaitForNextTickAsync(_enough.Token);
            }
        }
        catch (OperationCanceledException)
        {
            _due.Writer.Complete();
        }
    }
}
