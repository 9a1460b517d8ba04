using System.Buffers.Text;
using System.Diagnostics;

namespace Notifications.Benchmarks;

/// <summary>An event that has arrived; times are microseconds of <see cref="Arrivals.Now"/>.</summary>
/// <param name="Due">When it was to be sent.</param>
/// <param name="At">When the client had it.</param>
internal readonly record struct Arrival(long Due, long At)
{
    /// <summary>Milliseconds from when it was due to the client.</summary>
    public double Latency => (At - Due) / 1_000.0;
}

/// <summary>What has arrived of events that say when they were due.</summary>
internal sealed class Arrivals
{
    private static readonly long Zero = Stopwatch.GetTimestamp();
    private static readonly long First = long.Parse(Request.Digits, System.Globalization.CultureInfo.InvariantCulture);

    private readonly List<Arrival> _all = [];

    /// <summary>The time, in microseconds since some moment of this run.</summary>
    public static long Now => (long)Stopwatch.GetElapsedTime(Zero).TotalMicroseconds;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (_all)
            {
                return _all.Count;
            }
        }
    }

    /// <summary>Takes a notification, for a swarm.</summary>
    public void Take(int _, ReadOnlySpan<byte> record)
    {
        var at = record.IndexOf("\"due\":"u8);
        if (at >= 0 && Utf8Parser.TryParse(record[(at + "\"due\":".Length)..], out long due, out _))
        {
            lock (_all)
            {
                _all.Add(new Arrival(due - First, Now));
            }
        }
    }

    /// <summary>What was due in a time.</summary>
    public List<Arrival> DueBetween(long from, long to) => Where(a => a.Due >= from && a.Due < to);

    /// <summary>What arrived from some time on.</summary>
    public List<Arrival> ArrivedSince(long from) => Where(a => a.At >= from);

    /// <summary>Forgets all of it.</summary>
    public void Clear()
    {
        lock (_all)
        {
            _all.Clear();
        }
    }

    private List<Arrival> Where(Func<Arrival, bool> condition)
    {
        lock (_all)
        {
            return [.. _all.Where(condition)];
        }
    }
}

/// <summary>
/// Events at a fixed rate: what is due is due, whether or not earlier ones have been answered or the generator woke in time, and latency counts from there.
/// </summary>
internal sealed class PacedLoad
{
    private const int Senders = 64;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly Arrivals _arrivals;
    private readonly int _arrivedBefore;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _sent;
    private volatile bool _enough;

    private PacedLoad(Arrivals arrivals) => (_arrivals, _arrivedBefore) = (arrivals, arrivals.Count);

    /// <summary>How many were sent so far.</summary>
    public int Sent => Volatile.Read(ref _sent);

    /// <summary>Begins to send.</summary>
    /// <param name="arrivals">Where what arrives is noted.</param>
    /// <param name="server">Where it is sent.</param>
    /// <param name="perSecond">Events each second, to the clients in turn.</param>
    /// <param name="clients">How many clients there are.</param>
    /// <param name="request">The event to a client, whose first digits are when it was due.</param>
    public static PacedLoad Start(Arrivals arrivals, Uri server, int perSecond, int clients, Func<int, Request> request)
    {
        var load = new PacedLoad(arrivals);
        var requests = Enumerable.Range(0, clients).Select(request).ToArray();
        new Thread(() => load.Run(server, perSecond, requests)) { IsBackground = true, Name = "paced" }.Start();
        return load;
    }

    /// <summary>Latencies at a rate.</summary>
    /// <returns>The time that half of them, and all but one in a hundred, did not exceed, in milliseconds.</returns>
    public static async Task<(double P50, double P99)> MeasureAsync(
        Turn turn, Arrivals arrivals, Uri server, int perSecond, int clients, Func<int, Request> request)
    {
        arrivals.Clear();
        var load = Start(arrivals, server, perSecond, clients, request);
        await Task.Delay(Turn.RampUp, TimeProvider.System);
        turn.Begin();
        var (from, sent) = (Arrivals.Now, load.Sent);
        await Task.Delay(Turn.Length, TimeProvider.System);
        var to = Arrivals.Now;
        sent = load.Sent - sent;
        turn.End();
        await load.StopAsync();
        var latencies = arrivals.DueBetween(from, to).ConvertAll(a => a.Latency);
        if (sent < 0.98 * perSecond * turn.Took.TotalSeconds)
        {
            turn.Remark("the rate could not be kept");
        }

        return (Table.Percentile(latencies, 0.5), Table.Percentile(latencies, 0.99));
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
    /// <exception cref="TimeoutException">It has not.</exception>
    public async Task StopAsync()
    {
        _enough = true;
        await _ended.Task.WaitAsync(Patience, TimeProvider.System);
        var started = Stopwatch.GetTimestamp();
        while (_arrivals.Count - _arrivedBefore < Sent)
        {
            if (Stopwatch.GetElapsedTime(started) > Patience)
            {
                throw new TimeoutException($"{_arrivals.Count - _arrivedBefore} of {Sent} notifications have arrived.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private void Run(Uri server, int perSecond, Request[] requests)
    {
        try
        {
            using var posters = new Posters(server, Senders);
            var (free, started, next) = (new Stack<Poster>(posters.All), Arrivals.Now, 0L);
            while (!_enough || free.Count < Senders)
            {
                for (long due; !_enough && (due = started + (1_000_000 * next / perSecond)) <= Arrivals.Now && free.TryPop(out var poster); next++)
                {
                    var request = requests[next % requests.Length];
                    request.Set(0, due);
                    Volatile.Write(ref _sent, _sent + 1); // Only this thread writes.
                    poster.Send(request.Bytes.Span);
                }

                posters.Wait(1, free.Push);
            }

            _ended.SetResult();
        }
        catch (Exception e)
        {
            _ended.SetException(e);
        }
    }
}
