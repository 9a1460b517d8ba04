namespace Notifications.Channels;

/// <summary>How much of a channel one bucket may have.</summary>
/// <param name="Healthy">Sends at once to a bucket that answers quickly.</param>
/// <param name="Slow">To one that does not, or has just failed.</param>
/// <param name="Line">Deliveries that may wait in memory for a healthy one.</param>
/// <param name="Rests">Whether a bucket that fails time after time is left alone for a while.</param>
/// <param name="MaxRest">For how long at most.</param>
public sealed record BucketLimits(int Healthy, int Slow, int Line, bool Rests, TimeSpan MaxRest);

/// <summary>
/// Keeps hosts apart: one that is slow or dead gets a few sends at a time, then is left alone, while its deliveries go back to the queue with a time at
/// which there is room for them; so it holds neither the slots of the others nor their place in the queue. Of this process; not thread-safe by
/// itself, but locked within.
/// </summary>
public sealed class Buckets(BucketLimits limits, TimeProvider time)
{
    private const int FailuresToRest = 5;
    private const int MaxKept = 10_000;
    private static readonly TimeSpan Quick = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstRest = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Apart = TimeSpan.FromMilliseconds(1);

    /// <summary>Nobody is put off for longer: a host that becomes quicker is noticed by then.</summary>
    private static readonly TimeSpan Horizon = TimeSpan.FromMinutes(2);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Bucket> _buckets = new(StringComparer.Ordinal);
    private bool _closed;

    /// <summary>Asks for a place.</summary>
    /// <param name="key">Of which bucket.</param>
    /// <param name="start">Run when it enters, at once or from the line.</param>
    /// <param name="defer">Run where it is put off, at once or from the line, with the time at which to ask again.</param>
    public void Enter(string key, Action start, Action<DateTimeOffset> defer)
    {
        DateTimeOffset? slot = null;
        lock (_lock)
        {
            var now = time.GetUtcNow();
            if (!_buckets.TryGetValue(key, out var bucket))
            {
                Forget(now);
                _buckets.Add(key, bucket = new Bucket());
            }

            if (bucket.RestsUntil > now)
            {
                slot = Slot(bucket, bucket.RestsUntil);
            }
            else if (Limit(bucket) is var limit && bucket.InFlight < limit && bucket.Line.Count == 0)
            {
                bucket.InFlight++;
            }
            else if (!_closed && limit == limits.Healthy && bucket.Line.Count < limits.Line)
            {
                bucket.Line.Enqueue((start, defer));
                return;
            }
            else
            {
                slot = Slot(bucket, now);
            }
        }

        if (slot is { } later)
        {
            defer(later);
        }
        else
        {
            start();
        }
    }

    /// <summary>A send has ended; the next in line begins.</summary>
    /// <param name="key">Of which bucket.</param>
    /// <param name="failed">Whether it was the bucket's fault: it did not answer, or could not.</param>
    /// <param name="took">How long it took.</param>
    public void Leave(string key, bool failed, TimeSpan took)
    {
        var next = new List<Action>();
        var putOff = new List<(Action<DateTimeOffset> Defer, DateTimeOffset Slot)>();
        lock (_lock)
        {
            var bucket = _buckets[key];
            bucket.InFlight--;
            bucket.Average = bucket.Average == TimeSpan.Zero ? took : ((bucket.Average * 7) + took) / 8;
            if (!failed)
            {
                (bucket.Failures, bucket.RestsUntil) = (0, default);
            }
            else if (++bucket.Failures >= FailuresToRest && limits.Rests)
            {
                var rest = FirstRest * Math.Pow(2, Math.Min(bucket.Failures - FailuresToRest, 20));
                bucket.RestsUntil = time.GetUtcNow() + (rest < limits.MaxRest ? rest : limits.MaxRest);
                bucket.Next = default;
                while (bucket.Line.TryDequeue(out var waiting))
                {
                    putOff.Add((waiting.Defer, Slot(bucket, bucket.RestsUntil)));
                }
            }

            for (var limit = Limit(bucket); bucket.InFlight < limit && bucket.Line.TryDequeue(out var waiting); bucket.InFlight++)
            {
                next.Add(waiting.Start);
            }
        }

        putOff.ForEach(p => p.Defer(p.Slot));
        next.ForEach(start => start());
    }

    /// <summary>The process ends: who waits in line is put off, and nobody lines up any more.</summary>
    public void Close()
    {
        var putOff = new List<Action<DateTimeOffset>>();
        lock (_lock)
        {
            _closed = true;
            foreach (var bucket in _buckets.Values)
            {
                putOff.AddRange(bucket.Line.Select(waiting => waiting.Defer));
                bucket.Line.Clear();
            }
        }

        putOff.ForEach(defer => defer(time.GetUtcNow()));
    }

    /// <summary>One that was left alone is tried with one; one that nothing is known of, has just failed or is slow gets a few.</summary>
    private int Limit(Bucket bucket) => bucket.Failures >= FailuresToRest && limits.Rests ? 1
        : bucket.Failures > 0 || bucket.Average == TimeSpan.Zero || bucket.Average > Quick ? Math.Min(limits.Slow, limits.Healthy) : limits.Healthy;

    /// <summary>
    /// The next time at which there is room: as often as the bucket takes one. What one takes that does not answer nobody knows, so its deliveries
    /// only keep a little apart.
    /// </summary>
    private DateTimeOffset Slot(Bucket bucket, DateTimeOffset from)
    {
        var earliest = from + TimeSpan.FromMilliseconds(100);
        bucket.Next = (bucket.Next > earliest ? bucket.Next : earliest) + (bucket.Failures > 0 || bucket.Average == TimeSpan.Zero ? Apart : bucket.Average / Limit(bucket));
        var latest = from + Horizon;
        if (bucket.Next > latest)
        {
            bucket.Next = earliest; // Begin a new round: they come back over the whole horizon, not all at its end.
        }

        return bucket.Next;
    }

    private void Forget(DateTimeOffset now)
    {
        if (_buckets.Count >= MaxKept)
        {
            foreach (var (key, _) in _buckets.Where(b => b.Value is { InFlight: 0, Line.Count: 0 } && b.Value.RestsUntil <= now).ToArray())
            {
                _buckets.Remove(key);
            }
        }
    }

    private sealed class Bucket
    {
        public Queue<(Action Start, Action<DateTimeOffset> Defer)> Line { get; } = new();

        public int InFlight { get; set; }

        public int Failures { get; set; }

        public DateTimeOffset RestsUntil { get; set; }

        public DateTimeOffset Next { get; set; }

        public TimeSpan Average { get; set; }
    }
}
