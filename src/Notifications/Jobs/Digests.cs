using Notifications.Channels;
using Notifications.Storage;

namespace Notifications.Jobs;

/// <summary>Closes digests when they are due: the channels then send them like anything else.</summary>
public sealed class Digests(Store store, DeliveryBell bell)
{
    private const int Batch = 250;

    /// <summary>Closes all that are due.</summary>
    /// <returns>What was done, for people.</returns>
    public async Task<string> RunAsync(CancellationToken cancellationToken)
    {
        var closed = 0;
        for (var step = Batch; step == Batch; closed += step)
        {
            cancellationToken.ThrowIfCancellationRequested();
            step = await store.CloseDigestsAsync(Batch);
            if (step > 0)
            {
                bell.Ring();
            }
        }

        return FormattableString.Invariant($"{closed} closed");
    }
}
