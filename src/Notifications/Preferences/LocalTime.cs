namespace Notifications.Preferences;

/// <summary>
/// The instants at which a clock on the wall of a time zone shows a time. Only the offset at an instant is asked of <see cref="TimeZoneInfo"/>,
/// so that a zone's move across the date line counts like any other change of its clocks.
/// </summary>
internal static class LocalTime
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);

    /// <summary>What the clock shows at an instant.</summary>
    public static DateTime At(TimeZoneInfo zone, DateTimeOffset instant) =>
        DateTime.SpecifyKind(instant.UtcDateTime + zone.GetUtcOffset(instant), DateTimeKind.Unspecified);

    /// <summary>
    /// The first instant at which the clock shows a time. Where the clock leaps over it, the first instant after the leap.
    /// </summary>
    public static DateTimeOffset First(TimeZoneInfo zone, DateTime local) => Find(zone, local, last: false);

    /// <summary>
    /// The last instant at which the clock shows a time, later than <see cref="First"/> where the clock is put back over it. Where the clock leaps
    /// over it, the first instant after the leap.
    /// </summary>
    public static DateTimeOffset Last(TimeZoneInfo zone, DateTime local) => Find(zone, local, last: true);

    private static DateTimeOffset Find(TimeZoneInfo zone, DateTime local, bool last)
    {
        // No clock is further than a day from UTC, and none is changed twice within two days.
        var utc = new DateTimeOffset(DateTime.SpecifyKind(local, DateTimeKind.Unspecified), TimeSpan.Zero);
        var (before, after) = (zone.GetUtcOffset(utc - Day), zone.GetUtcOffset(utc + Day));
        if (before == after)
        {
            return utc - before;
        }

        var (old, renewed) = (utc - before, utc - after); // The instants, if the clock had not been changed, or long ago.
        var (isOld, isRenewed) = (zone.GetUtcOffset(old) == before, zone.GetUtcOffset(renewed) == after);
        if (isOld && isRenewed)
        {
            return (old < renewed) == last ? renewed : old;
        }

        return isOld ? old : isRenewed ? renewed : Leap(zone, renewed, old, after);
    }

    /// <summary>The instant between two at which the clock is changed, to the second.</summary>
    private static DateTimeOffset Leap(TimeZoneInfo zone, DateTimeOffset from, DateTimeOffset to, TimeSpan offset)
    {
        var (low, high) = (from.ToUnixTimeSeconds(), to.ToUnixTimeSeconds());
        while (high - low > 1)
        {
            var middle = low + ((high - low) / 2);
            (low, high) = zone.GetUtcOffset(DateTimeOffset.FromUnixTimeSeconds(middle)) == offset ? (low, middle) : (middle, high);
        }

        return DateTimeOffset.FromUnixTimeSeconds(high);
    }
}
