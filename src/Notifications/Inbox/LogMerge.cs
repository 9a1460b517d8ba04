namespace Notifications.Inbox;

/// <summary>
/// Puts what a user missed into the order of their log. Pure, so that its rules can be tested against a model.
/// <para>
/// A new item stands at its <c>seq</c>, a change at its <c>rev</c>, and no message claims a place before everything up to it has been sent:
/// so the highest <c>rev</c> a client has handled is always a safe place to resume, even if it loses the connection half-way. An item that is
/// new to the client and was changed since therefore comes at its <c>seq</c>, in its latest state but labelled with that <c>seq</c>, and once
/// more as an update at its <c>rev</c>; where nothing lies between the two it comes once, with its own <c>rev</c>.
/// </para>
/// </summary>
public static class LogMerge
{
    /// <summary>Merges the two halves of a snapshot.</summary>
    /// <param name="key">Whose log.</param>
    /// <param name="after">The position the client has.</param>
    /// <param name="head">The head of the snapshot.</param>
    /// <param name="added">Items with <c>seq</c> after the position, in that order; the first <paramref name="limit"/> of them.</param>
    /// <param name="changed">Items with <c>rev</c> after the position that differs from their <c>seq</c>, by <c>rev</c>; likewise limited.</param>
    /// <param name="limit">How many places to go at most.</param>
    public static CatchUp Merge(UserKey key, long after, Head head, IReadOnlyList<InboxItem> added, IReadOnlyList<InboxItem> changed, int limit)
    {
        var steps = new List<UserPush>(Math.Min(limit, added.Count + changed.Count));
        var (a, c, places, position) = (0, 0, 0, after);
        for (; places < limit && (a < added.Count || c < changed.Count); places++)
        {
            if (c == changed.Count || (a < added.Count && added[a].Seq < changed[c].Rev))
            {
                var item = added[a++];
                position = item.Seq;
                if (item.WithdrawnAt is not null)
                {
                    continue; // Gone before the client ever saw it.
                }

                // Behind the last item of a full half there may be one that lies between.
                if (c < changed.Count && changed[c].Seq == item.Seq && (a < added.Count ? added[a].Seq > changed[c].Rev : added.Count < limit))
                {
                    position = changed[c++].Rev;
                    steps.Add(UserPush.New(key, item, head.Counts));
                }
                else
                {
                    steps.Add(UserPush.New(key, item with { Rev = item.Seq }, head.Counts));
                }
            }
            else
            {
                var item = changed[c++];
                position = item.Rev;
                if (item.WithdrawnAt is null || item.Seq <= after)
                {
                    steps.Add(UserPush.Updated(key, [item], head.Counts));
                }
            }
        }

        // A full half may hide what comes next; otherwise what is left up to the head are places that later changes have vacated.
        var complete = a == added.Count && c == changed.Count && added.Count < limit && changed.Count < limit;
        return new CatchUp(head, steps, complete ? head.Counter : position);
    }
}
