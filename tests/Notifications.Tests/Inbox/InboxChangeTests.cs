using Notifications.Inbox;

namespace Notifications.Tests.Inbox;

public sealed class InboxChangeTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);

    [Fact]
    public void A_change_must_change_something_and_not_contradict_itself()
    {
        Assert.Null(new InboxChange { Read = false }.Validate(Now));
        Assert.Null(new InboxChange { Seen = true, Read = false }.Validate(Now));
        Assert.Null(Until(null).Validate(Now));
        Assert.Equal("", new InboxChange().Validate(Now)?.Field);
        Assert.Equal("seen", new InboxChange { Seen = false, Read = true }.Validate(Now)?.Field);
    }

    [Fact]
    public void A_snooze_ends_in_the_future_and_within_a_year()
    {
        Assert.Null(Until(Now.AddMilliseconds(1)).Validate(Now));
        Assert.Null(Until(Now.AddYears(1)).Validate(Now));
        Assert.Equal("snoozedUntil", Until(Now).Validate(Now)?.Field);
        Assert.Equal("snoozedUntil", Until(Now.AddYears(1).AddMilliseconds(1)).Validate(Now)?.Field);
    }

    [Fact]
    public void What_is_withdrawn_stays_as_it_is()
    {
        var item = new InboxItem { User = "ann", Seq = 1, Rev = 2, EventId = default, CreatedAt = 0, Content = "{}"u8.ToArray(), WithdrawnAt = 5 };
        Assert.Same(item, new InboxChange { Read = true, Archived = true }.Apply(item, 9));
        Assert.Same(item, new InboxChange { Delete = true }.Apply(item, 9));
    }

    private static InboxChange Until(DateTimeOffset? until) => new() { SnoozedUntil = new Maybe<DateTimeOffset?>(until) };
}
