using System.Diagnostics.Metrics;
using System.Text.Json;
using Notifications.Stats;

namespace Notifications.Tests.Stats;

public sealed class RateWindowTests
{
    private readonly StillTime _time = new();

    [Fact]
    public void A_steady_stream_has_its_rate()
    {
        var window = new RateWindow(default, _time);
        var totals = default(Totals);
        for (var second = 0; second < 60; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            totals = new Totals(totals.Accepted + 10, totals.Committed + 5, totals.Written + 15, totals.Pushed + 1);
            window.Sample(totals);
            Assert.Equal(new Rates { AcceptedPerSecond = 10, CommittedPerSecond = 5, NotificationsPerSecond = 15, PushedPerSecond = 1 }, window.Over(totals));
        }
    }

    [Fact]
    public void What_is_older_than_ten_seconds_counts_no_more()
    {
        var window = new RateWindow(default, _time);
        var totals = new Totals(100, 0, 0, 0);
        for (var second = 1; second <= 10; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            window.Sample(totals);
            Assert.Equal(Math.Round(100.0 / second, 1), window.Over(totals).AcceptedPerSecond);
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        window.Sample(totals);
        Assert.Equal(0, window.Over(totals).AcceptedPerSecond);
    }

    [Fact]
    public void The_first_moments_are_not_taken_for_a_flood()
    {
        var window = new RateWindow(new Totals(1_000, 0, 0, 0), _time);
        Assert.Equal(new Rates { AcceptedPerSecond = 3 }, window.Over(new Totals(1_003, 0, 0, 0)));
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(new Rates { AcceptedPerSecond = 3 }, window.Over(new Totals(1_003, 0, 0, 0)));
        _time.Advance(TimeSpan.FromMilliseconds(1_999));
        Assert.Equal(new Rates { AcceptedPerSecond = 1.5 }, window.Over(new Totals(1_003, 0, 0, 0)));
    }

    [Fact]
    public void A_window_that_was_not_sampled_for_long_goes_back_as_far_as_it_must()
    {
        var window = new RateWindow(default, _time);
        _time.Advance(TimeSpan.FromSeconds(100));
        window.Sample(new Totals(50, 0, 0, 0));
        Assert.Equal(0.5, window.Over(new Totals(50, 0, 0, 0)).AcceptedPerSecond);
    }

    [Fact]
    public void Rates_add_up() => Assert.Equal(
        new Rates { AcceptedPerSecond = 0.3, PushedPerSecond = 4 },
        Rates.Sum([new Rates { AcceptedPerSecond = 0.1, PushedPerSecond = 4 }, new Rates { AcceptedPerSecond = 0.2 }]));

    [Fact]
    public void Figures_of_other_versions_can_be_read()
    {
        Assert.Equal(new NodeFigures(), JsonSerializer.Deserialize("{}", StatsJson.Default.NodeFigures));
        Assert.Equal(
            new NodeFigures { Connections = 3, Rates = new Rates { PushedPerSecond = 1.5 } },
            JsonSerializer.Deserialize("""{"connections":3,"sessions":4,"rates":{"pushedPerSecond":1.5,"x":{}}}""", StatsJson.Default.NodeFigures));
    }

    [Fact]
    public void What_is_counted_is_published_as_metrics()
    {
        var values = new Dictionary<string, long>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == NodeMeter.Name)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => values[instrument.Name] = value);
        listener.SetMeasurementEventCallback<int>((instrument, value, _, _) => values[instrument.Name] = value);
        listener.Start();
        var before = NodeMeter.Totals;
        NodeMeter.Accepted(1);
        NodeMeter.Committed(2);
        NodeMeter.Written(3);
        NodeMeter.Pushed();
        listener.RecordObservableInstruments();

        // Other tests of this process count, too.
        Assert.True(values["notifications.events.accepted"] >= before.Accepted + 1);
        Assert.True(values["notifications.events.committed"] >= before.Committed + 2);
        Assert.True(values["notifications.written"] >= before.Written + 3);
        Assert.True(values["notifications.pushed"] >= before.Pushed + 1);
        Assert.True(values["notifications.connections"] >= 0);
        Assert.True(values["notifications.users"] >= 0);
    }

    private sealed class StillTime : TimeProvider
    {
        private long _now;

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => _now;

        public void Advance(TimeSpan by) => _now += by.Ticks;
    }
}
