using System.Text;
using Notifications.Events;
using Notifications.Log;
using Notifications.Routing;

namespace Notifications.Tests.Routing;

public sealed class RouterTests
{
    [Fact]
    public void Users_and_subscribers_are_told_why_they_get_it()
    {
        var plan = Route(["user:ann", "topic:news", "topic:empty"], ("news", ["bob", "cat"]));
        Assert.Equal(
            [
                new Decision("user:ann", "inbox", "deliver", "named"),
                new Decision("topic:news", "inbox", "deliver", "subscribed", 2),
                new Decision("topic:empty", "inbox", "skip", "no_subscribers", 0),
            ],
            plan.Decisions);
        Assert.Equal(["ann", "bob", "cat"], plan.Users);
        Assert.Equal((false, false, 0), (plan.Broadcast, plan.FanOut, plan.Named.Count));
    }

    [Fact]
    public void Nobody_gets_an_event_twice()
    {
        var plan = Route(["user:ann", "topic:news", "user:bob", "topic:sport"], ("news", ["ann", "bob", "cat"]), ("sport", ["cat", "dan", "ann"]));
        Assert.Equal(["ann", "bob", "cat", "dan"], plan.Users);
        Assert.Equal([null, 3, null, 3], plan.Decisions.Select(d => d.Users)); // each entry says what it stood for
    }

    [Fact]
    public void User_ids_are_told_apart_exactly() =>
        Assert.Equal(["ann", "Ann", "é", "e\u0301"], Route(["user:ann", "user:Ann", "user:é", "user:e\u0301"]).Users);

    [Fact]
    public void Everyone_covers_all_the_others()
    {
        var plan = Route(["topic:news", "all", "user:ann"], ("news", ["bob"]));
        Assert.Equal(
            [
                new Decision("topic:news", "inbox", "skip", "covered_by_all"),
                new Decision("all", "inbox", "deliver", "broadcast"),
                new Decision("user:ann", "inbox", "skip", "covered_by_all"),
            ],
            plan.Decisions);
        Assert.True(plan.Broadcast);
        Assert.Empty(plan.Users);
        Assert.Equal(["ann"], plan.Named); // naming makes a user exist, so that everyone includes them
    }

    [Fact]
    public void Everyone_never_waits_and_is_never_fanned_out()
    {
        var plan = Route(["all", "topic:news"], mustWait: true, ("news", Many(Router.MaxInlineUsers + 1)));
        Assert.Equal((true, false), (plan.Broadcast, plan.FanOut));
    }

    [Theory]
    [InlineData(Router.MaxInlineUsers, false)]
    [InlineData(Router.MaxInlineUsers + 1, true)]
    public void Too_many_subscribers_are_reached_in_steps(int count, bool fanOut)
    {
        var plan = Route(["topic:news"], ("news", Many(count)));
        Assert.Equal((fanOut, fanOut ? 0 : count), (plan.FanOut, plan.Users.Count));
        Assert.Equal(new Decision("topic:news", "inbox", "deliver", "subscribed", fanOut ? null : count), Assert.Single(plan.Decisions));
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(1, true)]
    public void What_counts_is_how_many_there_are_together(int more, bool fanOut)
    {
        // 300 and 300 of whom 100 are in both, and one who is named.
        var users = Many(Router.MaxInlineUsers - 1 + more);
        var plan = Route(["topic:a", "topic:b", "user:x"], ("a", users[..300]), ("b", users[200..]));
        Assert.Equal((fanOut, fanOut ? 0 : Router.MaxInlineUsers), (plan.FanOut, plan.Users.Count));
    }

    [Fact]
    public void What_must_wait_for_its_ordering_key_goes_in_steps_too()
    {
        var asked = new List<(string, string)>();
        var record = Record(["user:ann"]);
        var plan = Router.Route(record, new RoutingContext
        {
            MustWait = (tenant, key) =>
            {
                asked.Add((tenant, key));
                return true;
            },
        });
        Assert.True(plan.FanOut);
        Assert.Empty(plan.Users);
        Assert.Equal(new Decision("user:ann", "inbox", "deliver", "named"), Assert.Single(plan.Decisions));
        Assert.Equal([("acme", "key")], asked);
    }

    [Fact]
    public void Another_tenants_subscribers_are_not_asked()
    {
        var subscribers = new Dictionary<(string, string), IReadOnlyList<string>> { [("other", "news")] = ["eve"] };
        Assert.Empty(Router.Route(Record(["topic:news"]), new RoutingContext { Subscribers = subscribers }).Users);
    }

    [Fact]
    public void The_same_event_in_the_same_world_is_routed_the_same()
    {
        var record = Record(["topic:b", "user:x", "topic:a", "topic:none"]);
        var context = new RoutingContext { Subscribers = Subscribers(("a", Many(20)), ("b", Many(30))) };
        var (first, second) = (Router.Route(record, context), Router.Route(record, context));
        Assert.Equal(first.Users, second.Users);
        Assert.Equal(first.Decisions, second.Decisions);
        Assert.Equal((first.FanOut, first.Broadcast), (second.FanOut, second.Broadcast));
        Assert.Same(record, first.Event);
        Assert.Equal(
            """[{"recipient":"topic:b","channel":"inbox","outcome":"deliver","reason":"subscribed","users":30},{"recipient":"user:x","channel":"inbox","outcome":"deliver","reason":"named"}]""",
            Encoding.UTF8.GetString(Decision.Write([.. first.Decisions.Take(2)])));
    }

    private static string[] Many(int count) => [.. Enumerable.Range(0, count).Select(i => $"u{i}")];

    private static Dictionary<(string, string), IReadOnlyList<string>> Subscribers(params (string Topic, string[] Users)[] topics) =>
        topics.ToDictionary(t => ("acme", t.Topic), t => (IReadOnlyList<string>)t.Users);

    private static EventRecord Record(string[] to) => new()
    {
        Id = Guid.Parse("0195f3a1-7c00-7abc-8def-0123456789ab"),
        Tenant = "acme",
        AcceptedAt = 5,
        To = [.. to.Select(t => Recipient.TryParse(t, out var recipient) ? recipient : throw new FormatException(t))],
        OrderingKey = "key",
        Content = "{}"u8.ToArray(),
    };

    private static Plan Route(string[] to, params (string, string[])[] topics) => Route(to, mustWait: false, topics);

    private static Plan Route(string[] to, bool mustWait, params (string, string[])[] topics) =>
        Router.Route(Record(to), new RoutingContext { Subscribers = Subscribers(topics), MustWait = (_, _) => mustWait });
}
