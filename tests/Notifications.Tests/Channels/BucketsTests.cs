using Notifications.Channels;

namespace Notifications.Tests.Channels;

public sealed class BucketsTests
{
    private readonly Clock _clock = new();
    private readonly List<string> _started = [];
    private readonly List<(string Key, DateTimeOffset Slot)> _deferred = [];

    [Fact]
    public void A_host_that_nothing_is_known_of_gets_a_few_and_one_that_answers_quickly_half_of_all()
    {
        var buckets = Create(healthy: 10, slow: 2, line: 3);
        Enter(buckets, "a", 5);
        Assert.Equal((2, 3), (_started.Count, _deferred.Count));
        buckets.Leave("a", failed: false, TimeSpan.FromMilliseconds(20));
        _deferred.Clear();
        Enter(buckets, "a", 20);
        Assert.Equal((2 + 9, 20 - 9 - 3), (_started.Count, _deferred.Count)); // Three wait in line.
        buckets.Leave("a", failed: false, TimeSpan.FromMilliseconds(20));
        Assert.Equal(2 + 10, _started.Count);
    }

    [Fact]
    public void One_host_takes_no_place_from_another()
    {
        var buckets = Create(healthy: 10, slow: 2, line: 3);
        Enter(buckets, "a", 50);
        Enter(buckets, "b", 2);
        Assert.Equal(2, _started.Count(key => key == "b"));
    }

    [Fact]
    public void A_host_that_fails_time_after_time_is_left_alone_longer_and_longer_and_then_tried_with_one()
    {
        var buckets = Create(healthy: 10, slow: 5, line: 3);
        Enter(buckets, "a", 5);
        Fail(buckets, 5);
        var now = _clock.GetUtcNow();
        Enter(buckets, "a", 1);
        var first = Assert.Single(_deferred).Slot - now;
        _clock.Advance(first);
        _started.Clear();
        _deferred.Clear();
        Enter(buckets, "a", 3);
        Assert.Equal((1, 2), (_started.Count, _deferred.Count));
        Fail(buckets, 1);
        now = _clock.GetUtcNow();
        _deferred.Clear();
        Enter(buckets, "a", 1);
        Assert.True(_deferred[0].Slot - now > first);

        _clock.Advance(TimeSpan.FromMinutes(1));
        Enter(buckets, "a", 1);
        buckets.Leave("a", failed: false, TimeSpan.FromMilliseconds(5));
        _started.Clear();
        Enter(buckets, "a", 2);
        Assert.Equal(2, _started.Count);
    }

    [Fact]
    public void What_waits_for_a_host_that_does_not_answer_is_asked_for_again_soon_after_its_rest()
    {
        var buckets = Create(healthy: 10, slow: 5, line: 3);
        Enter(buckets, "a", 5);
        Fail(buckets, 5, took: TimeSpan.FromSeconds(15));
        Enter(buckets, "a", 1_000);
        Assert.All(_deferred, d => Assert.InRange(d.Slot - _clock.GetUtcNow(), TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5)));
    }

    [Fact]
    public void A_slow_host_gets_its_deliveries_as_fast_as_it_takes_them()
    {
        var buckets = Create(healthy: 10, slow: 2, line: 3);
        Enter(buckets, "a", 1);
        buckets.Leave("a", failed: false, TimeSpan.FromSeconds(4));
        Enter(buckets, "a", 12);
        Assert.Equal((3, 10), (_started.Count, _deferred.Count)); // Two under way; ten to come, two in four seconds.
        Assert.InRange(_deferred.Max(d => d.Slot) - _clock.GetUtcNow(), TimeSpan.FromSeconds(19), TimeSpan.FromSeconds(21));
    }

    [Fact]
    public void Who_waits_in_line_is_put_off_when_the_host_rests_and_when_the_process_ends()
    {
        var buckets = Create(healthy: 6, slow: 6, line: 8);
        Enter(buckets, "a", 1);
        buckets.Leave("a", failed: false, TimeSpan.FromMilliseconds(5));
        Enter(buckets, "a", 14);
        Assert.Equal((7, 0), (_started.Count, _deferred.Count));
        Fail(buckets, 5);
        Assert.Equal((11, 4), (_started.Count, _deferred.Count)); // Four failures let the next ones in; the fifth is one too many.
        Enter(buckets, "b", 1);
        buckets.Leave("b", failed: false, TimeSpan.FromMilliseconds(5));
        Enter(buckets, "b", 8);
        _deferred.Clear();
        buckets.Close();
        Assert.Equal(2, _deferred.Count);
    }

    private Buckets Create(int healthy, int slow, int line) => new(new BucketLimits(healthy, slow, line, Rests: true, TimeSpan.FromSeconds(30)), _clock);

    private void Enter(Buckets buckets, string key, int count)
    {
        for (var i = 0; i < count; i++)
        {
            buckets.Enter(key, () => _started.Add(key), slot => _deferred.Add((key, slot)));
        }
    }

    private static void Fail(Buckets buckets, int count, TimeSpan? took = null)
    {
        for (var i = 0; i < count; i++)
        {
            buckets.Leave("a", failed: true, took ?? TimeSpan.FromMilliseconds(5));
        }
    }

    private sealed class Clock : TimeProvider
    {
        private DateTimeOffset _now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

        public void Advance(TimeSpan by) => _now += by;

        public override DateTimeOffset GetUtcNow() => _now;
    }
}
