namespace Notifications.Channels;

/// <summary>
/// Says that something is to be sent. A hint: those who send look for themselves now and then. On the server engine other nodes hear it too.
/// </summary>
public sealed class DeliveryBell
{
    private volatile TaskCompletionSource _rung = New();

    /// <summary>Told with each ring of this node, to pass it on; must return at once.</summary>
    public event Action? Rung;

    /// <summary>Something is due.</summary>
    public void Ring()
    {
        Hear();
        Rung?.Invoke();
    }

    /// <summary>Another node rang.</summary>
    public void Hear() => Interlocked.Exchange(ref _rung, New()).TrySetResult();

    /// <summary>Completes with the next ring after this call.</summary>
    public Task NextAsync() => _rung.Task;

    private static TaskCompletionSource New() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}
