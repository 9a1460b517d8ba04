using System.Text;
using Notifications.Inbox;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>The per-user log as it is documented, in memory and as simple as can be: what the store is compared with.</summary>
internal sealed class UserLogModel
{
    /// <summary>Users and topics sort by the bytes of their UTF-8.</summary>
    private static readonly Comparer<string> ByBytes =
        Comparer<string>.Create((a, b) => Encoding.UTF8.GetBytes(a).AsSpan().SequenceCompareTo(Encoding.UTF8.GetBytes(b)));

    private readonly Dictionary<string, User> _users = [];
    private readonly List<Event> _broadcasts = [];
    private readonly Dictionary<string, SortedSet<string>> _topics = [];

    public List<FanOut> FanOuts { get; } = [];

    /// <summary>A user, who exists from the first time they are named, and starts with the broadcasts to come.</summary>
    public User Named(string user) => Named(user, _broadcasts.Count);

    /// <summary>A user who reads or changes something: what was broadcast is in their log before anything else happens.</summary>
    public User Current(string name)
    {
        var user = Named(name);
        for (; user.Taken < _broadcasts.Count; user.Taken++)
        {
            user.Add(_broadcasts[user.Taken]);
        }

        return user;
    }

    public User? Find(string user) => _users.GetValueOrDefault(user);

    public IReadOnlyCollection<string> Subscribers(string topic) => _topics.GetValueOrDefault(topic) ?? [];

    public bool Subscribe(string topic, string user)
    {
        Named(user);
        return (_topics.TryGetValue(topic, out var users) ? users : _topics[topic] = new SortedSet<string>(ByBytes)).Add(user);
    }

    public bool Unsubscribe(string topic, string user) => _topics.TryGetValue(topic, out var users) && users.Remove(user);

    /// <summary>Commits a batch: each event goes to its users, to everyone, or into steps.</summary>
    public void Publish(IEnumerable<(Event Event, IReadOnlyList<string> Users, bool All, bool InSteps)> batch)
    {
        var before = _broadcasts.Count;
        foreach (var (e, users, all, inSteps) in batch)
        {
            if (inSteps)
            {
                FanOuts.Add(new FanOut(e, [.. users]));
                continue;
            }

            foreach (var user in users)
            {
                var named = Named(user, before);
                if (!all)
                {
                    named.Add(e);
                }
            }

            if (all)
            {
                _broadcasts.Add(e);
            }
        }
    }

    /// <summary>One step of a fan-out, whose users are names, and topics as <c>#key</c>.</summary>
    public (IReadOnlyList<string> Users, bool Finished) Step(FanOut fanOut, int size)
    {
        var union = new SortedSet<string>(ByBytes);
        foreach (var name in fanOut.To)
        {
            union.UnionWith(name.StartsWith('#') ? Subscribers(name[1..]) : [name]);
        }

        var next = union.Where(u => ByBytes.Compare(u, fanOut.Cursor) > 0).Take(size).ToArray();
        foreach (var user in next)
        {
            Named(user).Add(fanOut.Event);
            fanOut.Cursor = user;
        }

        var finished = next.Length < size;
        if (finished)
        {
            FanOuts.Remove(fanOut);
        }

        return (next, finished);
    }

    private User Named(string user, int broadcasts) =>
        _users.TryGetValue(user, out var known) ? known : _users[user] = new User { Taken = broadcasts };

    public readonly record struct Event(Guid Id, string? Category, long At);

    public sealed class FanOut(Event e, string[] to)
    {
        public Event Event => e;

        public string[] To => to;

        public string Cursor { get; set; } = "";
    }

    public sealed class Item
    {
        public required long Seq { get; init; }

        public required Event Event { get; init; }

        public long Rev { get; set; }

        public long? SeenAt { get; set; }

        public long? ReadAt { get; set; }

        public long? ArchivedAt { get; set; }

        public long? SnoozedUntil { get; set; }

        public bool Gone { get; set; }

        public bool Counted => !Gone && ArchivedAt is null && SnoozedUntil is null;

        public bool Is(InboxStatus status) => !Gone && status switch
        {
            InboxStatus.All => true,
            InboxStatus.Archived => ArchivedAt is not null,
            InboxStatus.Snoozed => SnoozedUntil is not null && ArchivedAt is null,
            _ => Counted && status switch
            {
                InboxStatus.Unseen => SeenAt is null,
                InboxStatus.Seen => SeenAt is not null,
                InboxStatus.Unread => ReadAt is null,
                InboxStatus.Read => ReadAt is not null,
                _ => true,
            },
        };

        /// <summary>What a client that is up to date holds of it.</summary>
        public string Shown => $"{Seq}@{Rev} {Event.Id:N} seen {SeenAt} read {ReadAt} archived {ArchivedAt} snoozed {SnoozedUntil}";
    }

    public sealed class User
    {
        public int Taken { get; set; }

        public long Counter { get; private set; }

        public long OldestSeq { get; private set; } = 1;

        /// <summary>All that is kept, by <c>seq</c>.</summary>
        public List<Item> Items { get; } = [];

        public Counts Counts => new(Items.Count(i => i.Counted && i.SeenAt is null), Items.Count(i => i.Counted && i.ReadAt is null));

        public void Add(Event e)
        {
            var seq = ++Counter;
            Items.Add(new Item { Seq = seq, Rev = seq, Event = e });
        }

        /// <summary>Changes items, oldest first.</summary>
        /// <returns>How many.</returns>
        public int Change(Func<Item, bool> which, InboxChange change, long now)
        {
            var changed = 0;
            foreach (var item in Items.Where(i => !i.Gone && which(i)).ToArray())
            {
                var before = item.Shown;
                if (change.Seen == true || change.Read == true)
                {
                    item.SeenAt ??= now;
                }

                if (change.Read == true)
                {
                    item.ReadAt ??= now;
                }

                if (change.Read == false || change.Seen == false)
                {
                    item.ReadAt = null;
                }

                if (change.Seen == false)
                {
                    item.SeenAt = null;
                }

                if (change.Archived is { } archived)
                {
                    item.ArchivedAt = archived ? item.ArchivedAt ?? now : null;
                }

                if (change.SnoozedUntil.IsSet)
                {
                    item.SnoozedUntil = change.SnoozedUntil.Value?.ToUnixTimeMilliseconds();
                }

                item.Gone = change.Delete;
                item.SnoozedUntil = item.Gone ? null : item.SnoozedUntil;
                if (item.Gone || item.Shown != before)
                {
                    item.Rev = ++Counter;
                    changed++;
                }
            }

            return changed;
        }

        /// <summary>Brings back what was snoozed. Items that are due at once come back in any order, so that is taken as it was.</summary>
        public void Wake(IEnumerable<(long Seq, long Rev)> woken)
        {
            foreach (var (seq, _) in woken.OrderBy(w => w.Rev))
            {
                var item = Items.Single(i => i.Seq == seq);
                item.SnoozedUntil = null;
                item.Rev = ++Counter;
                if (item.ArchivedAt is null)
                {
                    (item.SeenAt, item.ReadAt) = (null, null);
                }
            }
        }

        public int Trim(long before, int keep, int limit)
        {
            var gone = Items.Take(Math.Max(0, Math.Min(limit, Items.Count - keep))).TakeWhile(i => i.Event.At < before).Count();
            if (gone > 0)
            {
                OldestSeq = Items[gone - 1].Seq + 1;
                Items.RemoveRange(0, gone);
            }

            return gone;
        }
    }
}
