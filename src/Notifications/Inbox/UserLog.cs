using Notifications.Realtime;
using Notifications.Stats;
using Notifications.Storage;

namespace Notifications.Inbox;

/// <summary>
/// The per-user log as its user meets it. Whatever is read or changed, broadcasts the user lacks are taken first, and what was committed is
/// told to the user's connections.
/// </summary>
public sealed class UserLog(Store store, IDoorbell doorbell)
{
    private const int MaxTogether = 200;
    private static readonly int Runs = Math.Clamp(Environment.ProcessorCount, 2, 8);

    /// <summary>Everybody connects and reads at the same time when a gateway has gone: then many are read as one.</summary>
    private readonly Batching<UserKey, OrBehind<Head>> _heads = new(store.HeadsAsync, _ => 1, MaxTogether, Runs);
    private readonly Batching<CatchUpRequest, OrBehind<CatchUp?>> _catchUps = new(store.CatchUpAsync, _ => 1, MaxTogether, Runs);

    /// <summary>The head.</summary>
    public Task<Head> HeadAsync(UserKey key, CancellationToken cancellationToken) =>
        CurrentAsync(key, () => _heads.RunAsync(key).WaitAsync(cancellationToken));

    /// <summary>A page of the inbox: see <see cref="Store.InboxPageAsync"/>.</summary>
    public Task<(List<InboxItem> Items, Head Head)> PageAsync(
        UserKey key, InboxStatus status, string? category, long before, int limit, CancellationToken cancellationToken) =>
        CurrentAsync(key, () => store.InboxPageAsync(key, status, category, before, limit, cancellationToken));

    /// <summary>One item, or null.</summary>
    public Task<InboxItem?> ItemAsync(UserKey key, Guid id, CancellationToken cancellationToken) =>
        CurrentAsync(key, () => store.InboxItemAsync(key, id, cancellationToken));

    /// <summary>What the log holds after a position.</summary>
    public Task<CatchUp> CatchUpAsync(UserKey key, long after, int limit, CancellationToken cancellationToken) =>
        CurrentAsync(
            key,
            async () =>
            {
                var request = new CatchUpRequest(key, after, limit);
                var (isCurrent, log) = await _catchUps.RunAsync(request).WaitAsync(cancellationToken);
                (isCurrent, log) = isCurrent && log is null ? (await store.CatchUpAsync([request]))[0] : new OrBehind<CatchUp?>(isCurrent, log);
                return new OrBehind<CatchUp>(isCurrent, log!);
            });

    /// <summary>Changes the items that are named, at most <see cref="Store.MaxItemsPerChange"/>; ids the user does not have are passed over.</summary>
    public async Task<ChangeResult> ChangeAsync(UserKey key, IReadOnlyCollection<Guid> ids, InboxChange change)
    {
        var result = await store.ChangeAsync(key, ids, change);
        await doorbell.RingAsync(result.Pushes);
        return result;
    }

    /// <summary>
    /// Changes everything a filter selects, oldest first, in transactions of <see cref="Store.MaxItemsPerChange"/>; items that arrive meanwhile
    /// are not taken.
    /// </summary>
    /// <param name="key">Whose.</param>
    /// <param name="status">What to select.</param>
    /// <param name="category">Only of this category, or null.</param>
    /// <param name="through">Only items with this <c>seq</c> or a lower one, or null for what is there now.</param>
    /// <param name="change">What to do.</param>
    /// <param name="cancellationToken">Stops between transactions; what was done stays done.</param>
    public async Task<(int Updated, Counts Counts)> ChangeAsync(
        UserKey key, InboxStatus status, string? category, long? through, InboxChange change, CancellationToken cancellationToken)
    {
        var head = await HeadAsync(key, cancellationToken);
        var last = Math.Min(through ?? long.MaxValue, head.Counter);
        var (updated, counts, after) = (0, head.Counts, 0L);
        while (after < last)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var result = await store.ChangeAsync(key, status, category, after, last, change);
            await doorbell.RingAsync(result.Pushes);
            updated += result.Updated;
            counts = result.Counts;
            after = result.LastSeq;
        }

        return (updated, counts);
    }

    /// <summary>Brings back what was snoozed until now.</summary>
    /// <returns>How many were due; ask again while it is the limit.</returns>
    public async Task<int> WakeAsync(int limit, CancellationToken cancellationToken)
    {
        var due = await store.DueSnoozesAsync(limit, cancellationToken);
        foreach (var user in due.GroupBy(d => d.Key))
        {
            var result = await store.WakeAsync(user.Key, [.. user.Select(d => d.Seq)]);
            await doorbell.RingAsync(result.Pushes);
        }

        return due.Count;
    }

    private async Task<T> CurrentAsync<T>(UserKey key, Func<Task<OrBehind<T>>> read)
    {
        while (true)
        {
            var result = await read();
            if (result.IsCurrent)
            {
                return result.Value;
            }

            var pushes = await store.TakeBroadcastsAsync(key.Tenant, [key.User]);
            NodeMeter.Written(pushes.Count);
            await doorbell.RingAsync(pushes);
        }
    }
}
