namespace Notifications.Hosting;

/// <summary>
/// An answer that is kept for a moment, and asked for by one caller at a time: however many ask, what it costs is bounded. A failure is thrown at
/// whoever asked and not kept.
/// </summary>
internal sealed class Kept<T>(Func<CancellationToken, Task<T>> ask, TimeSpan keptFor, TimeProvider time) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1);
    private long? _askedAt;
    private T _answer = default!;

    public async Task<T> GetAsync(CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (_askedAt is not { } at || time.GetElapsedTime(at) >= keptFor)
            {
                _answer = await ask(cancellationToken);
                _askedAt = time.GetTimestamp();
            }

            return _answer;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
