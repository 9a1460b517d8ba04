namespace Notifications.Storage;

/// <summary>
/// Which history of the store this is: raised when the data turns out to have been restored from an older copy, because positions that clients
/// got since then mean something else now.
/// </summary>
/// <param name="value">Grows with each restore.</param>
public sealed class StoreEpoch(long value)
{
    private long _value = value;

    /// <summary>Told after the epoch has risen while this process runs; must return soon.</summary>
    public event Action? Raised;

    /// <summary>Grows with each restore.</summary>
    public long Value => Volatile.Read(ref _value);

    /// <summary>The store says that this is its epoch; a lower one than is known means nothing.</summary>
    public void Learn(long epoch)
    {
        long known;
        do
        {
            known = Value;
            if (epoch <= known)
            {
                return;
            }
        }
        while (Interlocked.CompareExchange(ref _value, epoch, known) != known);

        Raised?.Invoke();
    }
}
