using System.Collections.Concurrent;
using System.Diagnostics;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>
/// Many clients of a hub on one thread: it reads whatever has arrived, counts notifications, and now and then says that everyone is still there. It runs
/// on Linux alone.
/// </summary>
internal sealed class Swarm : IAsyncDisposable
{
    private const int Wake = 50;
    private static readonly TimeSpan PingEvery = TimeSpan.FromSeconds(10);

    private readonly int _set = Epoll.Create();
    private readonly Lock _lock = new();
    private readonly List<SwarmConnection> _connections = [];
    private readonly ConcurrentQueue<int> _drops = [];
    private readonly OnRecord? _onNotification;
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private long _received;
    private volatile bool _stopping;

    /// <summary>Makes a swarm without clients.</summary>
    /// <param name="onNotification">Sees each notification on the swarm's thread, which it must not hold up; null where they are only counted.</param>
    public Swarm(OnRecord? onNotification = null)
    {
        _onNotification = onNotification;
        new Thread(Run) { IsBackground = true, Name = "swarm" }.Start();
    }

    /// <summary>Notifications received so far, by all clients.</summary>
    public long Received => Interlocked.Read(ref _received);

    /// <summary>How many of its clients lost their connection, or were refused.</summary>
    public int Lost
    {
        get
        {
            lock (_lock)
            {
                return _connections.Count(c => c.IsClosed);
            }
        }
    }

    /// <summary>Connects clients, and returns when the handshake of each was answered.</summary>
    /// <param name="count">How many.</param>
    /// <param name="address">Where each connects, with its query.</param>
    /// <param name="inFlight">How many connect at a time.</param>
    /// <exception cref="IOException">One was refused; the message has the answer.</exception>
    public async Task ConnectAsync(int count, Func<int, Uri> address, int inFlight = 64)
    {
        using var free = new SemaphoreSlim(inFlight);
        var all = new Task[count];
        for (var i = 0; i < count; i++)
        {
            await free.WaitAsync();
            all[i] = ConnectAsync(address(i), free);
        }

        await Task.WhenAll(all).WaitAsync(Until.Limit, TimeProvider.System);
    }

    /// <summary>Connects one more client, and returns when its handshake was answered.</summary>
    /// <returns>Its number, by which it is dropped, and which comes with its notifications.</returns>
    public async Task<int> ConnectAsync(Uri address)
    {
        SwarmConnection connection;
        int number;
        lock (_lock)
        {
            number = _connections.Count;
            connection = SwarmConnection.Start(number, address, Take);
            _connections.Add(connection);
        }

        connection.Begin();
        Epoll.Watch(_set, connection.Descriptor, number);
        await connection.Ready;
        return number;
    }

    /// <summary>Drops the connections of all clients, as losing the network does.</summary>
    public void DropAll()
    {
        lock (_lock)
        {
            for (var i = 0; i < _connections.Count; i++)
            {
                _drops.Enqueue(i);
            }
        }
    }

    /// <summary>Waits until this many notifications have come since the beginning.</summary>
    /// <exception cref="TimeoutException">They have not.</exception>
    public async Task ReceivedAsync(long count, TimeSpan? limit = null)
    {
        var started = Stopwatch.GetTimestamp();
        while (Received < count)
        {
            if (Stopwatch.GetElapsedTime(started) > (limit ?? Until.Limit))
            {
                throw new TimeoutException($"{Received:#,0} of {count:#,0} notifications have arrived; {Lost} clients lost their connection.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(1), TimeProvider.System);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _stopping = true;
        await _ended.Task;
    }

    private async Task ConnectAsync(Uri address, SemaphoreSlim free)
    {
        try
        {
            await ConnectAsync(address);
        }
        finally
        {
            free.Release();
        }
    }

    private void Take(int client, ReadOnlySpan<byte> record)
    {
        _onNotification?.Invoke(client, record);
        Volatile.Write(ref _received, _received + 1); // Only this thread writes.
    }

    private void Run()
    {
        var (events, buffer, pinged) = (Epoll.Room(512), new byte[256 * 1024], Stopwatch.GetTimestamp());
        while (!_stopping)
        {
            var count = Epoll.Wait(_set, events, Wake);
            for (var i = 0; i < count; i++)
            {
                At(Epoll.Number(events, i)).Receive(buffer);
            }

            while (_drops.TryDequeue(out var dropped))
            {
                At(dropped).Drop();
            }

            if (Stopwatch.GetElapsedTime(pinged) > PingEvery)
            {
                pinged = Stopwatch.GetTimestamp();
                Each(c => c.SendPing());
            }
        }

        Each(c => c.Drop());
        Epoll.Close(_set);
        _ended.SetResult();
    }

    private SwarmConnection At(int number)
    {
        lock (_lock)
        {
            return _connections[number];
        }
    }

    private void Each(Action<SwarmConnection> action)
    {
        SwarmConnection[] all;
        lock (_lock)
        {
            all = [.. _connections];
        }

        Array.ForEach(all, action);
    }
}
