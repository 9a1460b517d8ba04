using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Notifications.Preferences;

namespace Notifications.Tests.Preferences;

/// <summary>Quiet hours and digests by the user's clock, also where clocks are changed.</summary>
public class LocalHoursTests
{
    private static readonly string[] Zones =
    [
        "UTC", "Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Apia", "America/Sao_Paulo", "Africa/Casablanca",
        "America/Nuuk", "Asia/Kathmandu", "Pacific/Auckland", "America/Havana",
    ];

    private static readonly Gen<Case> Cases =
        from zone in Gen.Elements(Zones)
        from second in Gen.Choose(0, 30 * 366 * 24 * 60)
        from near in Gen.Choose(0, 2)
        from start in Gen.Choose(0, 24 * 60 - 1)
        from length in Gen.Frequency((3, Gen.Choose(0, 24 * 60 - 1)), (1, Gen.Choose(24 * 60 - 90, 24 * 60 - 1)), (1, Gen.Choose(1, 90)))
        from digest in Gen.Elements(DigestInterval.Hourly, DigestInterval.Daily, DigestInterval.Weekly)
        from weekday in Gen.Elements(Enum.GetValues<DayOfWeek>())
        from later in Gen.Choose(0, 999)
        select new Case(TimeZoneInfo.FindSystemTimeZoneById(zone), Near(zone, second, near), Time(start), Time(start + length), digest, weekday, later);

    [Fact]
    public void Quiet_hours_end_once_and_for_all_who_ask_meanwhile() => Check(test =>
    {
        var preferences = new PreferenceDocument { QuietHours = new QuietHours(test.Start, test.End) };
        DateTimeOffset? Until(DateTimeOffset now) => PreferenceRules.QuietUntil(Policy.Default, preferences, test.Zone, now);

        var clock = TimeOnly.FromDateTime(LocalTime.At(test.Zone, test.Now));
        if (Until(test.Now) is not { } until)
        {
            Assert.False(clock.IsBetween(test.Start, test.End), "The clock is within the quiet hours.");
            return;
        }

        Assert.NotEqual(test.Start, test.End);
        Assert.InRange(until - test.Now, TimeSpan.FromTicks(1), TimeSpan.FromHours(50));
        Assert.Equal(until, Until(test.Now + ((until - test.Now) * (test.Later / 1000.0))));
        Assert.Equal(until, Until(until.AddSeconds(-1)));
        Assert.Null(Until(until));
    });

    [Fact]
    public void The_next_digest_is_the_same_for_all_who_ask_before_it() => Check(test =>
    {
        var next = Next(test, test.Now);
        Assert.InRange(next - test.Now, TimeSpan.FromTicks(1), test.Every switch
        {
            DigestInterval.Hourly => TimeSpan.FromHours(1.5),
            DigestInterval.Daily => TimeSpan.FromHours(26),
            _ => TimeSpan.FromDays(8),
        });
        Assert.Equal(next, Next(test, test.Now + ((next - test.Now) * (test.Later / 1000.0))));
        Assert.Equal(next, Next(test, next.AddTicks(-1)));
        Assert.True(Next(test, next) > next);
        if (test.Every == DigestInterval.Hourly)
        {
            Assert.Equal(0, LocalTime.At(test.Zone, next).Ticks % TimeSpan.TicksPerHour);
        }
    });

    [Theory]
    [InlineData("00:00")]
    [InlineData("00:30")]
    [InlineData("02:15")]
    [InlineData("02:30")]
    [InlineData("08:00")]
    [InlineData("23:30")]
    public void Each_day_has_one_daily_digest(string at)
    {
        var time = TimeOnly.Parse(at, CultureInfo.InvariantCulture);
        foreach (var id in Zones)
        {
            var zone = TimeZoneInfo.FindSystemTimeZoneById(id);
            var preferences = new PreferenceDocument { Digest = new DigestSchedule(DigestInterval.Daily, time, DayOfWeek.Monday) };
            var now = Instant("2011-01-01T12:00Z");
            DateOnly? last = null;
            while (now < Instant("2027-01-01T12:00Z"))
            {
                now = PreferenceRules.NextDigest(Policy.Default, preferences, zone, now);
                var local = LocalTime.At(zone, now);
                var day = DateOnly.FromDateTime(local);
                if (local.TimeOfDay != time.ToTimeSpan() && time.Hour == 23 && local.TimeOfDay < TimeSpan.FromHours(2))
                {
                    day = day.AddDays(-1); // The clock leapt over it and over midnight.
                }

                var leapt = id == "Pacific/Apia" && day == new DateOnly(2011, 12, 31);
                Assert.True(last is null || day == last.Value.AddDays(leapt ? 2 : 1), $"{id}: {last} was followed by {local}.");
                last = day;
            }
        }
    }

    [Theory]
    // An ordinary night.
    [InlineData("Europe/Berlin", "22:00", "07:00", "2026-01-15T21:00:00Z", "2026-01-16T06:00:00Z")]
    [InlineData("Europe/Berlin", "22:00", "07:00", "2026-01-15T20:59:59Z", null)]
    [InlineData("Europe/Berlin", "22:00", "07:00", "2026-01-16T06:00:00Z", null)]
    [InlineData("Asia/Kolkata", "13:00", "14:00", "2026-01-15T07:45:00Z", "2026-01-15T08:30:00Z")]
    // Berlin, 29 March 2026: 02:00 to 03:00 does not exist. The end is the instant of the leap.
    [InlineData("Europe/Berlin", "22:00", "02:30", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("Europe/Berlin", "02:10", "02:50", "2026-03-29T00:59:59Z", null)]
    [InlineData("Europe/Berlin", "02:10", "02:50", "2026-03-29T01:00:00Z", null)]
    [InlineData("Europe/Berlin", "02:30", "06:00", "2026-03-29T01:00:00Z", "2026-03-29T04:00:00Z")]
    // Berlin, 25 October 2026: 02:00 to 03:00 comes twice. Nobody is woken in the first.
    [InlineData("Europe/Berlin", "22:00", "02:30", "2026-10-25T00:15:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("Europe/Berlin", "22:00", "02:30", "2026-10-25T00:45:00Z", "2026-10-25T01:30:00Z")]
    [InlineData("Europe/Berlin", "22:00", "02:30", "2026-10-25T01:30:00Z", null)]
    [InlineData("Europe/Berlin", "02:30", "06:00", "2026-10-25T00:30:00Z", "2026-10-25T05:00:00Z")]
    [InlineData("Europe/Berlin", "02:30", "06:00", "2026-10-25T01:15:00Z", "2026-10-25T05:00:00Z")]
    // Lord Howe's clocks change by half an hour.
    [InlineData("Australia/Lord_Howe", "22:00", "01:45", "2026-04-04T14:50:00Z", "2026-04-04T15:15:00Z")]
    // Apia had no 30 December 2011.
    [InlineData("Pacific/Apia", "22:00", "07:00", "2011-12-30T09:00:00Z", "2011-12-30T17:00:00Z")]
    [InlineData("UTC", "09:00", "09:00", "2026-01-15T09:00:00Z", null)]
    public void Quiet_until(string zone, string start, string end, string now, string? expected)
    {
        var preferences = new PreferenceDocument
        {
            QuietHours = new QuietHours(TimeOnly.Parse(start, CultureInfo.InvariantCulture), TimeOnly.Parse(end, CultureInfo.InvariantCulture)),
        };
        var until = PreferenceRules.QuietUntil(Policy.Default, preferences, TimeZoneInfo.FindSystemTimeZoneById(zone), Instant(now));
        Assert.Equal(expected is null ? null : Instant(expected), until);
    }

    [Theory]
    [InlineData("UTC", "hourly", "2026-01-15T09:00:00Z", "2026-01-15T10:00:00Z")]
    [InlineData("UTC", "hourly", "2026-01-15T09:59:59.999Z", "2026-01-15T10:00:00Z")]
    [InlineData("Asia/Kolkata", "hourly", "2026-01-15T09:00:00Z", "2026-01-15T09:30:00Z")]
    [InlineData("Asia/Kathmandu", "hourly", "2026-01-15T09:20:00Z", "2026-01-15T10:15:00Z")]
    [InlineData("Europe/Berlin", "hourly", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("Australia/Lord_Howe", "hourly", "2026-10-03T14:50:00Z", "2026-10-03T16:00:00Z")]
    [InlineData("Australia/Lord_Howe", "hourly", "2026-04-04T14:45:00Z", "2026-04-04T15:30:00Z")]
    [InlineData("Europe/Berlin", "daily 08:00", "2026-01-15T07:00:00Z", "2026-01-16T07:00:00Z")]
    [InlineData("Europe/Berlin", "daily 02:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("Europe/Berlin", "daily 02:30", "2026-03-29T01:00:00Z", "2026-03-30T00:30:00Z")]
    [InlineData("Europe/Berlin", "daily 02:30", "2026-10-24T12:00:00Z", "2026-10-25T00:30:00Z")]
    [InlineData("Europe/Berlin", "daily 02:30", "2026-10-25T00:30:00Z", "2026-10-26T01:30:00Z")]
    [InlineData("America/Sao_Paulo", "daily 00:15", "2018-11-03T12:00:00Z", "2018-11-04T03:00:00Z")]
    [InlineData("America/Nuuk", "daily 23:30", "2026-03-28T12:00:00Z", "2026-03-29T01:00:00Z")]
    [InlineData("Pacific/Apia", "daily 08:00", "2011-12-29T18:00:00Z", "2011-12-30T18:00:00Z")]
    [InlineData("Pacific/Apia", "weekly 08:00 Friday", "2011-12-29T12:00:00Z", "2011-12-30T10:00:00Z")]
    [InlineData("Europe/Berlin", "weekly 08:00 Monday", "2026-01-12T07:00:00Z", "2026-01-19T07:00:00Z")]
    [InlineData("Europe/Berlin", "weekly 08:00 Monday", "2026-01-12T06:59:00Z", "2026-01-12T07:00:00Z")]
    public void Next_digest(string zone, string schedule, string now, string expected)
    {
        var parts = schedule.Split(' ');
        var digest = new DigestSchedule(
            Enum.Parse<DigestInterval>(parts[0], ignoreCase: true), TimeOnly.Parse(parts.ElementAtOrDefault(1) ?? "08:00", CultureInfo.InvariantCulture),
            Enum.Parse<DayOfWeek>(parts.ElementAtOrDefault(2) ?? "Monday"));
        var preferences = new PreferenceDocument { Digest = digest };
        Assert.Equal(Instant(expected), PreferenceRules.NextDigest(Policy.Default, preferences, TimeZoneInfo.FindSystemTimeZoneById(zone), Instant(now)));
    }

    [Theory]
    [InlineData("Europe/Vienna", "Asia/Tokyo", "Europe/Vienna")]
    [InlineData(null, "Asia/Tokyo", "Asia/Tokyo")]
    [InlineData("Mars/Base", "Asia/Tokyo", "Asia/Tokyo")]
    [InlineData("../../etc/passwd", "No/Where", "UTC")]
    [InlineData("", "", "UTC")]
    public void A_zone_that_is_not_known_counts_as_none(string? user, string policy, string expected) =>
        Assert.Equal(expected, PreferenceRules.Zone(new Policy { TimeZone = policy }, user).Id);

    [Theory]
    [InlineData("UTC", true)]
    [InlineData("Europe/Vienna", true)]
    [InlineData("Etc/GMT+5", true)]
    [InlineData("Vienna", false)]
    [InlineData("/etc/localtime", false)]
    public void Zones_have_names(string id, bool known) => Assert.Equal(known, PreferenceRules.IsZone(id));

    [Fact]
    public void The_users_own_hours_take_the_place_of_the_policys_and_equal_ones_end_them()
    {
        var policy = new Policy { QuietHours = new QuietHours(new(22, 0), new(7, 0)) };
        var now = Instant("2026-01-15T23:00:00Z");
        Assert.Equal(Instant("2026-01-16T07:00:00Z"), PreferenceRules.QuietUntil(policy, PreferenceDocument.Empty, TimeZoneInfo.Utc, now));
        var none = new PreferenceDocument { QuietHours = new QuietHours(new(0, 0), new(0, 0)) };
        Assert.Null(PreferenceRules.QuietUntil(policy, none, TimeZoneInfo.Utc, now));
    }

    private static DateTimeOffset Next(Case test, DateTimeOffset now) => PreferenceRules.NextDigest(
        Policy.Default, new PreferenceDocument { Digest = new DigestSchedule(test.Every, test.Start, test.Weekday) }, test.Zone, now);

    private static DateTimeOffset Instant(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);

    private static TimeOnly Time(int minute) => new((minute / 60) % 24, minute % 60);

    /// <summary>A time in thirty years; two of three lie within two days of a change of clocks, where there is one.</summary>
    private static DateTimeOffset Near(string zone, int minute, int near)
    {
        var (any, info) = (Instant("2006-01-01T00:00:00Z").AddMinutes(minute), TimeZoneInfo.FindSystemTimeZoneById(zone));
        if (near == 0)
        {
            return any;
        }

        for (var day = 0; day < 300; day++)
        {
            if (info.GetUtcOffset(any.AddDays(day)) != info.GetUtcOffset(any.AddDays(day + 1)))
            {
                return any.AddDays(day + near - 1);
            }
        }

        return any;
    }

    private static void Check(Action<Case> property) => Prop.ForAll(Cases.ToArbitrary(), property).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));

    private sealed record Case(
        TimeZoneInfo Zone, DateTimeOffset Now, TimeOnly Start, TimeOnly End, DigestInterval Every, DayOfWeek Weekday, int Later);
}
