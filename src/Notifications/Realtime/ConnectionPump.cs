using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Logging;
using Notifications.Inbox;
using Notifications.Stats;
using Notifications.Storage;

namespace Notifications.Realtime;

/// <summary>
/// One connection: what it was sent, a bounded queue of what comes next, and the pump that writes it. The pump runs only while there is
/// something to do, so an idle connection costs no task and no timer; and a step that is exactly next is written by whoever offers it, where the
/// connection takes it at once, so that it costs no thread of its own either.
/// <para>
/// The pump forwards the step that is exactly next, drops what is older, waits a moment on a hole and then reads the store. A queue that is
/// full is emptied, and the pump reads the store. So whatever is lost on the way, the client gets every step, once and in order.
/// </para>
/// </summary>
public sealed partial class ConnectionPump : IThreadPoolWorkItem
{
    private const int MaxQueued = 256;
    private const int CatchUpPage = 500;
    private static readonly TimeSpan HoleWait = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan StoreRetry = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxWrite = TimeSpan.FromSeconds(10);

    private readonly HubConnectionContext _connection;
    private readonly UserLog _log;
    private readonly GatewayContext _gateway;
    private readonly Lock _lock = new();
    private readonly PriorityQueue<UserPush, long> _queue = new();
    private ResumeRequest? _resume;
    private Closing? _closing;
    private bool _starting;
    private bool _useless;
    private bool _behind;
    private bool _live;
    private bool _running;
    private long _position;

    /// <summary>What is being written: a client may acknowledge it before the write has returned here.</summary>
    private long _offered;

    /// <summary>Whether the catch-up that runs is to end with <c>resumed</c>, and what that says.</summary>
    private bool? _recovered;
    private long _checkpoint;
    private long _checkpointAt;

    internal ConnectionPump(HubConnectionContext connection, ConnectionStart start, UserLog log, GatewayContext gateway)
    {
        _connection = connection;
        _log = log;
        _gateway = gateway;
        Start = start;
        _resume = start.Resume;
        _starting = !start.Manual;
    }

    /// <summary>Whose connection it is, and how it wanted to begin.</summary>
    public ConnectionStart Start { get; }

    /// <summary>Everything up to here has been written.</summary>
    public long Position => Volatile.Read(ref _position);

    /// <summary>Whether it gets live steps: it has begun, and is not reading the store.</summary>
    public bool IsLive => Volatile.Read(ref _live);

    /// <summary>Starts the pump.</summary>
    public void Run() => Wake();

    /// <summary>A step was committed.</summary>
    public void Offer(UserPush push)
    {
        lock (_lock)
        {
            if (!_live || (push.Last != 0 && push.Last <= _position))
            {
                return; // Not begun: the store will tell. Already sent: nothing to do.
            }

            if (_running || _behind || _starting || _closing is not null || (push.Last != 0 && push.First != _position + 1))
            {
                if (_queue.Count >= MaxQueued)
                {
                    _queue.Clear();
                    _behind = true;
                }

                if (!_behind)
                {
                    _queue.Enqueue(push, push.First);
                }

                push = null!;
            }
            else
            {
                _running = true; // And so nobody else writes.
            }
        }

        if (push is null)
        {
            Wake();
        }
        else
        {
            WriteOffered(push);
        }
    }

    /// <summary>The store may hold more than the connection got.</summary>
    public void CheckStore()
    {
        lock (_lock)
        {
            if (!_live)
            {
                return;
            }

            _behind = true;
        }

        Wake();
    }

    /// <summary>The client asks to go on from a position of its own.</summary>
    public void Resume(ResumeRequest request)
    {
        lock (_lock)
        {
            _resume = request;
            _starting = true;
        }

        Wake();
    }

    /// <summary>The store went back: the client is told to start over from where its log stands now.</summary>
    public void StartOver()
    {
        lock (_lock)
        {
            if (!_live)
            {
                return; // Where it begins, its epoch tells.
            }

            (_useless, _starting) = (true, true);
        }

        Wake();
    }

    /// <summary>The client has handled everything up to a <c>rev</c>.</summary>
    public void Ack(long rev)
    {
        if (IsLive)
        {
            _gateway.Positions.Raise(Start.Key, Start.Device, Math.Min(rev, Math.Max(Position, Volatile.Read(ref _offered))));
        }
    }

    /// <summary>Announces the end and closes.</summary>
    public void Close(Closing closing)
    {
        lock (_lock)
        {
            _closing ??= closing;
        }

        Wake();
    }

    /// <summary>
    /// What was written and followed by <paramref name="proof"/> of an open connection has arrived. Called now and then by the gateway's clock.
    /// </summary>
    /// <param name="now">A timestamp of the clock.</param>
    /// <param name="proof">In ticks of the clock.</param>
    public void Checkpoint(long now, long proof)
    {
        if (IsLive && now - _checkpointAt >= proof)
        {
            _gateway.Positions.Raise(Start.Key, Start.Device, _checkpoint);
            (_checkpoint, _checkpointAt) = (Position, now);
        }
    }

    void IThreadPoolWorkItem.Execute() => _ = RunAsync();

    private void Wake()
    {
        lock (_lock)
        {
            if (_running)
            {
                return;
            }

            _running = true;
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Writes what is next without a detour. A write that is not done at once is the pump's to wait for, like any other.</summary>
    private void WriteOffered(UserPush push)
    {
        var writing = WriteAsync(push);
        if (!writing.IsCompletedSuccessfully)
        {
            _ = RunAsync(writing);
            return;
        }

        lock (_lock)
        {
            if (_closing is null && !_starting && !_behind && _queue.Count == 0)
            {
                _running = false;
                return;
            }
        }

        ThreadPool.UnsafeQueueUserWorkItem(this, preferLocal: false);
    }

    /// <summary>Does what is to be done, in this order: close, begin, read the store, forward; returns when there is nothing.</summary>
    /// <param name="begun">A write that is to be waited for first.</param>
    private async Task RunAsync(Task? begun = null)
    {
        while (true)
        {
            UserPush? push = null;
            (Closing? closing, bool starting, bool behind) todo;
            lock (_lock)
            {
                todo = (_closing, _starting, _behind);
                if (begun is null && (_connection.ConnectionAborted.IsCancellationRequested
                    || (todo is (null, false, false) && !_queue.TryDequeue(out push, out _))))
                {
                    _running = false;
                    return;
                }
            }

            try
            {
                if (begun is { } write)
                {
                    begun = null;
                    await write;
                    continue;
                }

                switch (todo)
                {
                    case ({ } closing, _, _):
                        await CloseAsync(closing);
                        return; // Stays running: nothing comes after.
                    case (_, true, _):
                        await BeginAsync();
                        break;
                    case (_, _, true):
                        await CatchUpAsync();
                        break;
                    default:
                        await ForwardAsync(push!);
                        break;
                }
            }
            catch (StoreUnavailableException)
            {
                // The connection stays open and silent; every client coming back at the same moment would not help.
                await DelayAsync(StoreRetry * (0.5 + Random.Shared.NextDouble()));
            }
            catch (OperationCanceledException)
            {
                // The connection is gone; the check above ends the pump.
            }
            catch (Exception e)
            {
                LogFailed(_gateway.Logger, Start.Key.Tenant, _connection.ConnectionId, e);
                _connection.Abort();
                return;
            }
        }
    }

    /// <summary>
    /// (1) find where to begin; (2) a position that is of no use is answered by a reset; (3) from here on, live steps queue up, and what was
    /// missed is read, which ends with where the client stands.
    /// </summary>
    private async Task BeginAsync()
    {
        ResumeRequest? request;
        bool startOver;
        lock (_lock)
        {
            (request, startOver, _useless) = (_resume, _useless, false);
        }

        var cancel = _connection.ConnectionAborted;
        if (_gateway.Presence is { } presence)
        {
            await presence.RegisterAsync(Start.Key); // Before the head is read: what is committed after that is rung.
        }

        var after = request?.After ?? await _gateway.Positions.GetAsync(Start.Key, Start.Device, cancel); // (1)
        var head = await _log.HeadAsync(Start.Key, cancel);
        var oldest = head.OldestSeq - 1;
        var useless = startOver || request is not null && (request.Epoch is { } epoch && epoch != _gateway.Epoch.Value || after > head.Counter || after < oldest); // (2)
        var recovered = after >= oldest;
        lock (_lock) // (3)
        {
            if (!ReferenceEquals(request, _resume))
            {
                return; // Another Resume came in between; begin again with that.
            }

            _starting = false;
            _behind = true;
            _live = true;
            _recovered = useless ? null : recovered;
            _queue.Clear();
            _offered = _position = useless ? head.Counter : Math.Min(Math.Max(after, oldest), head.Counter);
            (_checkpoint, _checkpointAt) = (_position, _gateway.Time.GetTimestamp());
        }

        if (useless)
        {
            await ResetAsync(head);
            return;
        }

        _gateway.Positions.Raise(Start.Key, Start.Device, _position); // A device that is new is known from here on.
    }

    /// <summary>Reads the store and writes what is there, page by page; no snapshot stays open while the network is written to.</summary>
    private async Task CatchUpAsync()
    {
        while (true)
        {
            lock (_lock)
            {
                _behind = false;
            }

            CatchUp page;
            try
            {
                page = await _log.CatchUpAsync(Start.Key, Position, CatchUpPage, _connection.ConnectionAborted);
            }
            catch (StoreUnavailableException)
            {
                lock (_lock)
                {
                    _behind = true;
                }

                throw;
            }

            if (page.Head.OldestSeq - 1 > Position)
            {
                // Retention was faster than this catch-up: what it deleted cannot be sent any more, and the client must know.
                await ResetAsync(page.Head);
                continue;
            }

            foreach (var step in page.Steps)
            {
                await WriteAsync(step);
            }

            Volatile.Write(ref _position, page.Position);
            if (!page.HasMore)
            {
                if (_recovered is { } recovered)
                {
                    await WriteAsync(new InvocationMessage("resumed", [new Resumed(_gateway.Epoch.Value, page.Position, recovered, page.Head.Counts)]));
                    _recovered = null;
                }

                return;
            }
        }
    }

    private async Task ResetAsync(Head head)
    {
        await WriteAsync(new InvocationMessage("reset", [new Reset(_gateway.Epoch.Value, head.Counter, head.Counts)]));
        Volatile.Write(ref _position, head.Counter);
        _recovered = null;
    }

    private async Task ForwardAsync(UserPush push)
    {
        if (push.Last == 0)
        {
            await WriteAsync(push);
        }
        else if (push.First == _position + 1)
        {
            await WriteAsync(push);
        }
        else if (push.Last > _position)
        {
            await FillHoleAsync(push);
        }
    }

    /// <summary>Steps come from several senders and may overtake each other: wait a moment for the one that is missing, then read the store.</summary>
    private async Task FillHoleAsync(UserPush push)
    {
        await DelayAsync(HoleWait);
        lock (_lock)
        {
            _queue.Enqueue(push, push.First);
            if (_queue.Peek().First != _position + 1)
            {
                _queue.Clear();
                _behind = true;
            }
        }
    }

    private async Task WriteAsync(UserPush push)
    {
        Volatile.Write(ref _offered, push.Last);
        await WriteAsync(_connection.WriteAsync(push.Message, _connection.ConnectionAborted));
        NodeMeter.Pushed();
        if (push.Last != 0)
        {
            Volatile.Write(ref _position, push.Last);
        }
    }

    private Task WriteAsync(InvocationMessage message) => WriteAsync(_connection.WriteAsync(message, _connection.ConnectionAborted));

    private Task WriteAsync(ValueTask write) => write.IsCompletedSuccessfully ? Task.CompletedTask : WaitAsync(write.AsTask());

    private async Task WaitAsync(Task write)
    {
        try
        {
            await write.WaitAsync(MaxWrite, _gateway.Time);
        }
        catch (TimeoutException)
        {
            LogStuck(_gateway.Logger, Start.Key.Tenant, _connection.ConnectionId, MaxWrite.TotalSeconds);
            _connection.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
            _connection.Abort();
            throw new OperationCanceledException();
        }
    }

    private async Task CloseAsync(Closing closing)
    {
        await WriteAsync(new InvocationMessage("closing", [closing]));
        if (closing.Reconnect && _connection.Features.Get<IConnectionLifetimeNotificationFeature>() is { } lifetime)
        {
            lifetime.RequestClose(); // Tells a client that reconnects by itself that it may.
        }
        else
        {
            _connection.Abort();
        }
    }

    private Task DelayAsync(TimeSpan delay) => Task.Delay(delay, _gateway.Time, _connection.ConnectionAborted)
        .ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    [LoggerMessage(4001, LogLevel.Information, "Connection {Connection} of tenant {Tenant} took nothing for {Seconds} s and is closed")]
    private static partial void LogStuck(ILogger logger, string tenant, string connection, double seconds);

    [LoggerMessage(4002, LogLevel.Error, "Connection {Connection} of tenant {Tenant} is closed")]
    private static partial void LogFailed(ILogger logger, string tenant, string connection, Exception exception);
}
