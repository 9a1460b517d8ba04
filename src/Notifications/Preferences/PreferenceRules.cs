namespace Notifications.Preferences;

/// <summary>What was decided for a channel.</summary>
/// <param name="Setting">On, off or digest; never unset.</param>
/// <param name="Reason">Which rule decided: a stable name.</param>
public readonly record struct Choice(ChannelSetting Setting, string Reason);

/// <summary>What follows from a tenant's policy and a user's preferences. Pure: no I/O, and the time is given.</summary>
public static class PreferenceRules
{
    /// <summary>The category is mandatory: <see cref="Choice.Reason"/>.</summary>
    public const string Mandatory = "mandatory";

    /// <summary>The user's setting for the category decided.</summary>
    public const string UserCategory = "user_category";

    /// <summary>The user's setting for the channel decided.</summary>
    public const string UserChannel = "user_channel";

    /// <summary>The event names the channel.</summary>
    public const string Named = "named";

    /// <summary>The policy's setting for the category decided.</summary>
    public const string PolicyCategory = "policy_category";

    /// <summary>The policy's setting for the channel decided.</summary>
    public const string PolicyChannel = "policy_channel";

    /// <summary>Nobody has set anything.</summary>
    public const string Default = "default";

    /// <summary>
    /// Whether something of a category goes to a user by a channel. The first that applies decides:
    /// <list type="number">
    /// <item>The category is mandatory: nothing the user has set counts. It is on, and at once, unless the policy itself says otherwise of this
    /// category and channel (a category can be mandatory in the inbox and off for email); an event that names the channel overrides that off.</item>
    /// <item>The user's setting for the category and channel: the most specific wish of the person it is about. So "no email, but do mail me about
    /// orders" and "email, but not about offers" both mean what they say.</item>
    /// <item>The user's setting for the channel. Whoever turns email off gets none, whatever the policy's defaults or an event say; whoever turns it on
    /// gets all of it, also where the policy's default is off.</item>
    /// <item>The event names the channel: on. Where the policy gathers for a digest (6, 7) it is gathered all the same: naming says
    /// where, not how urgent.</item>
    /// <item>The policy's setting for the category and channel.</item>
    /// <item>The policy's setting for the channel.</item>
    /// <item>Inbox and webhook on, email (and whatever else there is) off: without anyone asking for it nobody gets mail.</item>
    /// </list>
    /// Only email is gathered; for another channel, digest is on.
    /// </summary>
    /// <param name="policy">The tenant's.</param>
    /// <param name="preferences">The user's.</param>
    /// <param name="category">The event's category, or null.</param>
    /// <param name="channel">One of <see cref="ChannelNames"/>.</param>
    /// <param name="named">Whether the event names this channel.</param>
    public static Choice Resolve(Policy policy, PreferenceDocument preferences, string? category, string channel, bool named)
    {
        var choice = Decide(policy, preferences, category, channel, named);
        return choice.Setting == ChannelSetting.Digest && channel != ChannelNames.Email ? choice with { Setting = ChannelSetting.On } : choice;
    }

    /// <summary>A user's time zone: their own, else the policy's, else UTC; one that this machine does not know counts as none.</summary>
    public static TimeZoneInfo Zone(Policy policy, string? userTimeZone) => Find(userTimeZone) ?? Find(policy.TimeZone) ?? TimeZoneInfo.Utc;

    /// <summary>Whether a text names a time zone of the IANA database that this machine knows.</summary>
    public static bool IsZone(string text) => Find(text) is { HasIanaId: true };

    /// <summary>
    /// When the quiet hours that hold now end, or null where none hold. They begin when the clock first shows their start and end when it last shows
    /// their end: where clocks are put back, so that both come twice, nobody is woken an hour early. Where clocks leap over the start or the end,
    /// it is the instant of the leap. Hours that follow on one another without a gap are one.
    /// </summary>
    /// <param name="policy">The tenant's.</param>
    /// <param name="preferences">The user's.</param>
    /// <param name="zone">Where the user is: see <see cref="Zone"/>.</param>
    /// <param name="now">The time.</param>
    /// <returns>An instant after <paramref name="now"/>, or null.</returns>
    public static DateTimeOffset? QuietUntil(Policy policy, PreferenceDocument preferences, TimeZoneInfo zone, DateTimeOffset now)
    {
        if ((preferences.QuietHours ?? policy.QuietHours) is not { } hours || hours.Start == hours.End)
        {
            return null;
        }

        // Hours that began the day before yesterday can still hold only where a whole day was leapt over.
        var today = LocalTime.At(zone, now).Date;
        DateTimeOffset? until = null;
        for (var offset = -2; offset <= 2; offset++)
        {
            var day = today.AddDays(offset);
            var start = LocalTime.First(zone, day + hours.Start.ToTimeSpan());
            if (start > (until ?? now))
            {
                break;
            }

            var end = LocalTime.Last(zone, (hours.End < hours.Start ? day.AddDays(1) : day) + hours.End.ToTimeSpan());
            if (end > (until ?? now))
            {
                until = end;
            }
        }

        return until;
    }

    /// <summary>
    /// When the next digest is sent. Hourly ones come at each full hour of the user's clock, so in Kolkata half an hour away from UTC's; one that the
    /// clock shows twice is two hours, and has two. Daily and weekly ones come when the clock first shows their time, once, or where it leaps over
    /// it at the instant of the leap; a day that a zone leaps over as a whole has no daily digest.
    /// </summary>
    /// <param name="policy">The tenant's.</param>
    /// <param name="preferences">The user's.</param>
    /// <param name="zone">Where the user is: see <see cref="Zone"/>.</param>
    /// <param name="now">The time.</param>
    /// <returns>An instant after <paramref name="now"/>.</returns>
    public static DateTimeOffset NextDigest(Policy policy, PreferenceDocument preferences, TimeZoneInfo zone, DateTimeOffset now)
    {
        var schedule = preferences.Digest ?? policy.Digest;
        if (schedule.Every == DigestInterval.Hourly)
        {
            return NextHour(zone, now);
        }

        for (var day = LocalTime.At(zone, now).Date.AddDays(-1); ; day = day.AddDays(1))
        {
            if (schedule.Every == DigestInterval.Weekly ? day.DayOfWeek != schedule.Weekday : IsMissing(zone, day))
            {
                continue;
            }

            var at = LocalTime.First(zone, day + schedule.At.ToTimeSpan());
            if (at > now)
            {
                return at;
            }
        }
    }

    /// <summary>How often a user may be told of a category by a channel, or null where that is not limited.</summary>
    public static Throttle? ThrottleOf(Policy policy, string? category, string channel) =>
        category is not null && policy.Categories.TryGetValue(category, out var rules) && rules.Throttle is { } throttle && throttle.Channels.Contains(channel)
            ? throttle
            : null;

    private static Choice Decide(Policy policy, PreferenceDocument preferences, string? category, string channel, bool named)
    {
        var rules = category is null ? null : policy.Categories.GetValueOrDefault(category);
        var ofCategory = rules is null ? ChannelSetting.Unset : rules.Channels.GetValueOrDefault(channel);
        if (rules is { Mandatory: true })
        {
            return ofCategory == ChannelSetting.Digest || (ofCategory == ChannelSetting.Off && !named)
                ? new Choice(ofCategory, PolicyCategory)
                : new Choice(ChannelSetting.On, Mandatory);
        }

        if (category is not null && preferences.Categories.TryGetValue(category, out var own)
            && own.GetValueOrDefault(channel) is var wish and not ChannelSetting.Unset)
        {
            return new Choice(wish, UserCategory);
        }

        if (preferences.Channels.GetValueOrDefault(channel) is var general and not ChannelSetting.Unset)
        {
            return new Choice(general, UserChannel);
        }

        var policys = ofCategory != ChannelSetting.Unset
            ? new Choice(ofCategory, PolicyCategory)
            : policy.Channels.GetValueOrDefault(channel) is var ofChannel and not ChannelSetting.Unset
                ? new Choice(ofChannel, PolicyChannel)
                : new Choice(channel is ChannelNames.Inbox or ChannelNames.Webhook ? ChannelSetting.On : ChannelSetting.Off, Default);
        return named && policys.Setting != ChannelSetting.Digest ? new Choice(ChannelSetting.On, Named) : policys;
    }

    private static TimeZoneInfo? Find(string? id) =>
        id is { Length: > 0 and <= 64 } && id.All(c => char.IsAsciiLetterOrDigit(c) || c is '/' or '_' or '-' or '+') && id[0] != '/'
            && TimeZoneInfo.TryFindSystemTimeZoneById(id, out var zone) ? zone : null;

    /// <summary>Whether a zone has no such day.</summary>
    private static bool IsMissing(TimeZoneInfo zone, DateTime day) => LocalTime.First(zone, day) == LocalTime.First(zone, day.AddDays(1));

    private static DateTimeOffset NextHour(TimeZoneInfo zone, DateTimeOffset now)
    {
        // The clock may be changed before the next full hour: then it comes sooner or later, or the clock never shows it.
        DateTimeOffset? next = null;
        for (var ahead = 0; ahead <= 2; ahead++)
        {
            var offset = zone.GetUtcOffset(now.AddHours(ahead));
            var local = now.UtcDateTime + offset;
            for (var hour = 1; hour <= 2; hour++)
            {
                var full = new DateTimeOffset(DateTime.SpecifyKind(local.Date.AddHours(local.Hour + hour) - offset, DateTimeKind.Utc));
                if (zone.GetUtcOffset(full) == offset && !(next <= full))
                {
                    next = full;
                }
            }
        }

        return next ?? throw new InvalidOperationException($"{zone.Id} has no full hour after {now:O}.");
    }
}
