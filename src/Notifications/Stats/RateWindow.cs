namespace Notifications.Stats;

/// <summary>How much is done per second.</summary>
public sealed record Rates
{
    /// <summary>Events that are accepted.</summary>
    public double AcceptedPerSecond { get; init; }

    /// <summary>Events that go from the log to the store.</summary>
    public double CommittedPerSecond { get; init; }

    /// <summary>Notifications that are written to inboxes.</summary>
    public double NotificationsPerSecond { get; init; }

    /// <summary>Messages that are written to connections.</summary>
    public double PushedPerSecond { get; init; }

    /// <summary>What several nodes do together.</summary>
    public static Rates Sum(IEnumerable<Rates> rates)
    {
        var all = rates.ToList();
        return new Rates
        {
            AcceptedPerSecond = Round(all.Sum(r => r.AcceptedPerSecond)),
            CommittedPerSecond = Round(all.Sum(r => r.CommittedPerSecond)),
            NotificationsPerSecond = Round(all.Sum(r => r.NotificationsPerSecond)),
            PushedPerSecond = Round(all.Sum(r => r.PushedPerSecond)),
        };
    }

    /// <summary>What was done in between, per second.</summary>
    internal static Rates Between(Totals from, Totals to, double seconds) => new()
    {
        AcceptedPerSecond = Round((to.Accepted - from.Accepted) / seconds),
        CommittedPerSecond = Round((to.Committed - from.Committed) / seconds),
        NotificationsPerSecond = Round((to.Written - from.Written) / seconds),
        PushedPerSecond = Round((to.Pushed - from.Pushed) / seconds),
    };

    private static double Round(double value) => Math.Round(value, 1);
}

/// <summary>Makes rates of totals: over the last ten seconds, as far as samples are taken often enough.</summary>
internal sealed class RateWindow(Totals start, TimeProvider time)
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10), Least = TimeSpan.FromSeconds(1);

    private readonly Lock _lock = new();
    private readonly Queue<(long At, Totals Totals)> _samples = new([(time.GetTimestamp(), start)]);

    /// <summary>Notes where the totals are now.</summary>
    public void Sample(Totals totals)
    {
        lock (_lock)
        {
            _samples.Enqueue((time.GetTimestamp(), totals));
            while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At) > Length)
            {
                _samples.Dequeue();
            }
        }
    }

    /// <summary>The rates up to now; in the first second, what was done counts as one second's.</summary>
    public Rates Over(Totals now)
    {
        lock (_lock)
        {
            var (at, from) = _samples.Peek();
            var elapsed = time.GetElapsedTime(at);
            return Rates.Between(from, now, (elapsed > Least ? elapsed : Least).TotalSeconds);
        }
    }
}
