using Microsoft.Extensions.Logging;
using Notifications.Inbox;
using Notifications.Realtime;
using Notifications.Storage;

namespace Notifications.Users;

/// <summary>
/// Deletes everything that is kept of a user: (1) events that wait for their time and are for them alone; (2) their webhooks; (3) inbox, deliveries and all
/// else, in steps that each hold their log for a moment only, the last of which makes the user not exist; (4) tell who has to know.
/// Interrupted anywhere, it goes on when it is asked for again.
/// </summary>
public sealed partial class UserDeletion(Store store, IDoorbell doorbell, ILogger<UserDeletion> logger)
{
    private const int ScheduledPerPage = 500;

    /// <summary>Deletes a user; one who does not exist is none to delete.</summary>
    /// <param name="key">Who.</param>
    /// <param name="by">Id of the key it was asked with.</param>
    /// <param name="cancellationToken">Gives up before the first step; after it the caller's patience counts no more.</param>
    public async Task DeleteAsync(UserKey key, string by, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var removed = new Dictionary<string, long>();
        await DeleteScheduledAsync(key, removed); // (1)
        Add(removed, "webhooks", await store.DeleteWebhooksOfAsync(key)); // (2)
        var step = new DeletionStep(false, removed);
        while (!step.Finished) // (3)
        {
            step = await store.DeleteUserStepAsync(key, by, step.Removed);
        }

        await store.DeleteWebhooksOfAsync(key); // One that was made meanwhile.
        if (step.Removed.Count > 0)
        {
            await DeletedAsync(key, by, step); // (4)
        }
    }

    private async Task DeleteScheduledAsync(UserKey key, Dictionary<string, long> removed)
    {
        (long DueAt, Guid Event)? next = (long.MinValue, Guid.Empty);
        while (next is { } after)
        {
            (var events, next) = await store.ScheduledForAsync(key, after, ScheduledPerPage);
            if (events.Count > 0)
            {
                Add(removed, "scheduled", await store.DeleteScheduledAsync(key, events));
            }
        }
    }

    private static void Add(Dictionary<string, long> removed, string kind, int count)
    {
        if (count > 0)
        {
            removed[kind] = removed.GetValueOrDefault(kind) + count;
        }
    }

    /// <summary>The user is gone, durably: devices that are still connected look, find that their place in the log is gone, and begin anew.</summary>
    private async Task DeletedAsync(UserKey key, string by, DeletionStep step)
    {
        LogDeleted(logger, key.Tenant, by, string.Join(", ", step.Removed.Select(r => FormattableString.Invariant($"{r.Value} {r.Key}"))));
        if (step.End > 0)
        {
            await doorbell.RingAsync([new UserPush(key, step.End + 1, step.End + 1, [], default)]);
        }
    }

    // Who it was is in the record of deletions, not in logs, which are kept elsewhere and for longer.
    [LoggerMessage(7400, LogLevel.Information, "A user of tenant {Tenant} was deleted, as key {Key} asked: {Removed}")]
    private static partial void LogDeleted(ILogger logger, string tenant, string key, string removed);
}
