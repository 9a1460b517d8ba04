namespace Notifications.Channels.Email;

/// <summary>
/// Connections to the mail server that are kept for the next message. Each serves one message at a time; those that nobody used for a while, that
/// have served many messages or that failed are closed.
/// </summary>
/// <typeparam name="T">A connection of some library.</typeparam>
public sealed class MailConnections<T> : IDisposable
    where T : class, IDisposable
{
    /// <summary>Mail servers close idle connections after minutes; this is well before.</summary>
    private static readonly TimeSpan MaxIdle = TimeSpan.FromSeconds(20);

    /// <summary>Relays limit how many messages they take on one connection, usually to a hundred or more.</summary>
    private const int MaxMessages = 100;

    private readonly Func<T> _create;
    private readonly TimeProvider _time;
    private readonly SemaphoreSlim _free;
    private readonly Stack<Lease> _idle = new();
    private readonly ITimer _sweep;
    private bool _disposed;

    /// <summary>Keeps connections.</summary>
    /// <param name="count">How many at most.</param>
    /// <param name="create">Makes one; it connects when it is first used.</param>
    /// <param name="time">The clock.</param>
    public MailConnections(int count, Func<T> create, TimeProvider time)
    {
        (_create, _time, _free) = (create, time, new SemaphoreSlim(count));
        _sweep = time.CreateTimer(_ => CloseIdle(MaxIdle), null, MaxIdle, MaxIdle);
    }

    /// <summary>Waits until one is free; <see cref="Return"/> must follow.</summary>
    public async ValueTask<Lease> RentAsync(CancellationToken cancellationToken)
    {
        await _free.WaitAsync(cancellationToken);
        return Take();
    }

    /// <summary>Closes this connection and all that are idle, because the server has closed it, and gives a new one in its place.</summary>
    public Lease Renew(Lease lease)
    {
        lease.Connection.Dispose();
        CloseIdle(TimeSpan.Zero);
        return new Lease(_create());
    }

    /// <summary>Gives a connection back.</summary>
    /// <param name="lease">Which.</param>
    /// <param name="usable">Whether another message can follow on it.</param>
    public void Return(Lease lease, bool usable)
    {
        lease.Sent++;
        lease.ReturnedAt = _time.GetTimestamp();
        var keep = usable && lease.Sent < MaxMessages;
        lock (_idle)
        {
            keep = keep && !_disposed;
            if (keep)
            {
                _idle.Push(lease);
            }
        }

        if (!keep)
        {
            lease.Connection.Dispose();
        }

        _free.Release();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (_idle)
        {
            _disposed = true;
        }

        _sweep.Dispose();
        CloseIdle(TimeSpan.Zero);
    }

    private Lease Take()
    {
        lock (_idle)
        {
            // The one on top was used last; if that has been idle for too long, the sweep closes all of them.
            if (_idle.TryPeek(out var lease) && _time.GetElapsedTime(lease.ReturnedAt) < MaxIdle)
            {
                return _idle.Pop();
            }
        }

        return new Lease(_create());
    }

    private void CloseIdle(TimeSpan after)
    {
        List<Lease> closed;
        lock (_idle)
        {
            closed = [.. _idle.Where(lease => _time.GetElapsedTime(lease.ReturnedAt) >= after)];
            var kept = _idle.Except(closed).Reverse().ToList();
            _idle.Clear();
            kept.ForEach(_idle.Push);
        }

        closed.ForEach(lease => lease.Connection.Dispose());
    }

    /// <summary>A connection while it is used.</summary>
    public sealed class Lease
    {
        internal Lease(T connection) => Connection = connection;

        /// <summary>The connection.</summary>
        public T Connection { get; }

        /// <summary>Whether it has served a message before, so that the server may have closed it meanwhile.</summary>
        public bool IsUsed => Sent > 0;

        internal int Sent { get; set; }

        internal long ReturnedAt { get; set; }
    }
}
