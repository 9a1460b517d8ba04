using FsCheck;
using FsCheck.Fluent;
using Notifications.Inbox;

namespace Notifications.Tests.Inbox;

/// <summary>
/// A log is a list of operations, one per place: a positive number changes an item, a negative one withdraws it, 0 adds one. What a client
/// holds after catching up is compared with what the log says.
/// </summary>
public sealed class LogMergeTests
{
    private static readonly UserKey Key = new("acme", "ann");

    private static Gen<int[]> Logs { get; } =
        Gen.Frequency((3, Gen.Constant(0)), (3, Gen.Choose(1, 50)), (1, Gen.Choose(-50, -1))).ArrayOf().Select(l => (int[])[0, .. l]);

    [Fact]
    public void A_snapshot_is_told_place_by_place() => Prop.ForAll(Gen.Zip(Logs, Gen.Choose(0, 40), (log, after) => (log, after)).ToArbitrary(), t =>
    {
        var items = Play(t.log);
        var after = Math.Min(t.after, t.log.Length);
        var expected = new List<(string Kind, long Seq, long Label)>();
        for (var place = (long)after + 1; place <= t.log.Length; place++)
        {
            foreach (var item in items)
            {
                if (item.Seq == place && item.WithdrawnAt is null)
                {
                    expected.Add(("notification", item.Seq, place));
                }
                else if (item.Rev == place && item.Rev != item.Seq && (item.WithdrawnAt is null || item.Seq <= after))
                {
                    expected.Add(("updated", item.Seq, place));
                }
            }
        }

        var page = LogMerge.Merge(Key, after, HeadOf(t.log), Added(items, after), Changed(items, after), 1_000);
        var told = page.Steps.SelectMany(Spell).ToList();
        Assert.Equal(expected, told);
        Assert.Equal((t.log.Length, false), (page.Position, page.HasMore));

        // One message for both is allowed only where nothing lies between.
        Assert.All(page.Steps.Where(s => s.Items[0].Seq == s.First && s.Last != s.First), s =>
            Assert.DoesNotContain(items, i => (i.Seq > s.First && i.Seq < s.Last) || (i.Rev > s.First && i.Rev < s.Last)));
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    [Fact]
    public void Page_by_page_with_changes_between_and_connections_lost_half_way_a_client_ends_with_the_log() => Prop.ForAll(
        Gen.Zip(Gen.Zip(Logs, Logs, (first, later) => (first, later)), Gen.Choose(0, 1_000_000), (logs, seed) => (logs.first, logs.later, seed)).ToArbitrary(),
        t =>
        {
            var random = new System.Random(t.seed);
            var log = t.first.ToList();
            var later = new Queue<int>(t.later);
            var start = random.Next(log.Count + 1);
            var client = Play(log[..start]).Where(i => i.WithdrawnAt is null).ToDictionary(i => i.Seq);
            var (position, sent, notified) = ((long)start, (long)start, (long)start);
            for (var pages = 0; ; pages++)
            {
                Assert.True(pages < 2_000, "it does not come to an end");
                var (items, limit) = (Play(log), 1 + random.Next(5));
                var page = LogMerge.Merge(Key, sent, HeadOf(log), Added(items, sent)[..Math.Min(limit, Added(items, sent).Count)],
                    Changed(items, sent)[..Math.Min(limit, Changed(items, sent).Count)], limit);
                Assert.InRange(page.Steps.Count, 0, limit);
                Assert.InRange(page.Position, sent, log.Count);
                Assert.True(page.Position > sent || !page.HasMore);

                var lost = later.Count > 0 && random.Next(3) == 0;
                var last = sent;
                foreach (var step in page.Steps.Take(lost ? random.Next(page.Steps.Count + 1) : int.MaxValue))
                {
                    Assert.True(step.Last > last, "places rise");
                    last = step.Last;
                    foreach (var item in step.Items)
                    {
                        if (item.Seq == step.First)
                        {
                            Assert.True(item.Seq > notified, "notifications come with rising seq");
                            notified = item.Seq;
                        }

                        Keep(client, item);
                        position = Math.Max(position, item.Rev);
                    }

                    // Whatever has been handled is a safe place to resume.
                    Assert.All(items.Where(i => i.Seq <= position && i.WithdrawnAt is null), i => Assert.Contains(i.Seq, client));
                }

                sent = lost ? position : page.Position;
                for (var n = random.Next(3); n > 0 && later.TryDequeue(out var next); n--)
                {
                    log.Add(next);
                }

                if (!lost && !page.HasMore && later.Count == 0 && sent == log.Count)
                {
                    break;
                }
            }

            Assert.Equal(Play(log).Where(i => i.WithdrawnAt is null).Select(i => (i.Seq, i.Rev)), client.Values.Select(i => (i.Seq, i.Rev)).Order());
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3_000));

    [Fact]
    public void A_change_right_after_its_item_comes_with_it()
    {
        var page = MergeAll([0, 0, 2], after: 1);
        var step = Assert.Single(page.Steps);
        Assert.Equal((2L, 3L, 3L), (step.First, step.Last, step.Items[0].Rev));
    }

    [Fact]
    public void A_change_after_other_items_comes_again_at_its_place()
    {
        var page = MergeAll([0, 0, 1], after: 0);
        Assert.Equal([(1L, 1L), (2L, 2L), (3L, 3L)], page.Steps.Select(s => (s.First, s.Last)));
        Assert.Equal([1L, 2, 1], page.Steps.Select(s => s.Items[0].Seq));
    }

    [Fact]
    public void What_was_withdrawn_before_the_client_saw_it_is_not_told()
    {
        Assert.Empty(MergeAll([0, -1], after: 0).Steps);
        Assert.NotNull(Assert.Single(MergeAll([0, -1], after: 1).Steps).Items[0].WithdrawnAt);
    }

    [Fact]
    public void The_end_of_a_page_passes_over_nothing()
    {
        // The second of three items was changed after the third came, which a page of two does not hold.
        var items = Play([0, 0, 0, 2]);
        var page = LogMerge.Merge(Key, 0, HeadOf([0, 0, 0, 2]), Added(items, 0)[..2], Changed(items, 0), 2);
        Assert.Equal((2L, true), (page.Position, page.HasMore));
        Assert.Equal([1L, 2], page.Steps.Select(s => s.Last));
    }

    private static CatchUp MergeAll(int[] log, long after) =>
        Play(log) is var items ? LogMerge.Merge(Key, after, HeadOf(log), Added(items, after), Changed(items, after), 100) : null!;

    /// <summary>A message that stands for two places is spelled as the two that it stands for.</summary>
    private static IEnumerable<(string, long, long)> Spell(UserPush step)
    {
        var item = Assert.Single(step.Items);
        Assert.Equal(item.Rev, step.Last);
        if (item.Seq == step.First)
        {
            yield return ("notification", item.Seq, step.First);
        }

        if (item.Seq != step.First || step.Last != step.First)
        {
            yield return ("updated", item.Seq, step.Last);
        }
    }

    private static void Keep(Dictionary<long, InboxItem> client, InboxItem item)
    {
        if (item.WithdrawnAt is not null)
        {
            client.Remove(item.Seq);
        }
        else if (!client.TryGetValue(item.Seq, out var known) || item.Rev >= known.Rev)
        {
            client[item.Seq] = item;
        }
    }

    private static List<InboxItem> Play(IReadOnlyList<int> log)
    {
        var items = new List<InboxItem>();
        for (var place = 1; place <= log.Count; place++)
        {
            var kept = items.FindAll(i => i.WithdrawnAt is null);
            if (log[place - 1] == 0 || kept.Count == 0)
            {
                items.Add(new InboxItem { User = "ann", Seq = place, Rev = place, EventId = default, CreatedAt = 0, Content = "{}"u8.ToArray() });
                continue;
            }

            var item = kept[(Math.Abs(log[place - 1]) - 1) % kept.Count];
            items[items.IndexOf(item)] = item with { Rev = place, WithdrawnAt = log[place - 1] < 0 ? 1 : null };
        }

        return items;
    }

    private static Head HeadOf(IReadOnlyList<int> log) => new(log.Count, default, 1, 0);

    private static List<InboxItem> Added(List<InboxItem> items, long after) => [.. items.Where(i => i.Seq > after).OrderBy(i => i.Seq)];

    private static List<InboxItem> Changed(List<InboxItem> items, long after) => [.. items.Where(i => i.Rev > after && i.Rev != i.Seq).OrderBy(i => i.Rev)];
}
