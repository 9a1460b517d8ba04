using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Notifications.IntegrationTests.Support;

/// <summary>A direction through a <see cref="TcpProxy"/>.</summary>
public enum Direction
{
    /// <summary>Requests.</summary>
    ToServer,

    /// <summary>Answers.</summary>
    ToClient,
}

/// <summary>Whether these bytes, as they came in one piece, are what a test waits for.</summary>
public delegate bool Piece(ReadOnlySpan<byte> bytes);

/// <summary>A network between a client and a server on this machine that can be cut and delayed.</summary>
public sealed class TcpProxy : IAsyncDisposable
{
    private readonly int _target;
    private readonly ConcurrentDictionary<Link, bool> _links = [];
    private readonly Lock _lock = new();
    private TcpListener? _listener;
    private TaskCompletionSource _open = Opened();
    private Trigger? _trigger;

    private TcpProxy(int target) => _target = target;

    /// <summary>Where it listens; stays the same when it is cut.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>How long each piece takes to the server.</summary>
    public TimeSpan DelayToServer { get; set; }

    /// <summary>How long each piece takes to the client.</summary>
    public TimeSpan DelayToClient { get; set; }

    /// <summary>How many connections there are.</summary>
    public int Connections => _links.Count;

    /// <summary>Starts one in front of a port.</summary>
    public static TcpProxy Start(int target)
    {
        var proxy = new TcpProxy(target);
        proxy.Listen();
        return proxy;
    }

    /// <summary>Drops all connections and refuses new ones.</summary>
    public void Cut()
    {
        lock (_lock)
        {
            _listener?.Dispose();
            _listener = null;
        }

        Drop();
    }

    /// <summary>Drops all connections; new ones are taken.</summary>
    public void Drop()
    {
        foreach (var link in _links.Keys)
        {
            link.Dispose();
        }
    }

    /// <summary>Lets nothing through any more and says nothing: connections stay open, and new ones are taken.</summary>
    public void BlackHole()
    {
        if (Volatile.Read(ref _open).Task.IsCompleted)
        {
            Volatile.Write(ref _open, NotYet());
        }
    }

    /// <summary>Undoes <see cref="Cut"/> and <see cref="BlackHole"/>; what was held up by the latter goes on its way.</summary>
    public void Restore()
    {
        Volatile.Read(ref _open).TrySetResult();
        Listen();
    }

    /// <summary>Once, drops the connection on which a piece comes that satisfies a condition; the piece itself is lost.</summary>
    /// <returns>Completes when that has happened.</returns>
    public Task CutWhen(Direction direction, Piece condition) => Arm(new Trigger(direction, condition, Answer: false, null));

    /// <summary>Once, does something when a piece comes that satisfies a condition, before it is forwarded.</summary>
    /// <returns>Completes when that has happened.</returns>
    public Task When(Direction direction, Piece condition, Action action) => Arm(new Trigger(direction, condition, Answer: false, action));

    /// <summary>
    /// Once, forwards the request that satisfies a condition, and drops the connection instead of forwarding the answer.
    /// </summary>
    /// <returns>Completes when that has happened.</returns>
    public Task LoseAnswerTo(Piece request) => Arm(new Trigger(Direction.ToServer, request, Answer: true, null));

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        Cut();
        Volatile.Read(ref _open).TrySetResult();
        return ValueTask.CompletedTask;
    }

    private static TaskCompletionSource NotYet() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private static TaskCompletionSource Opened()
    {
        var open = NotYet();
        open.SetResult();
        return open;
    }

    private Task Arm(Trigger trigger)
    {
        Volatile.Write(ref _trigger, trigger);
        return trigger.Done.Task;
    }

    private void Listen()
    {
        TcpListener listener;
        lock (_lock)
        {
            if (_listener is not null)
            {
                return;
            }

            listener = _listener = new TcpListener(IPAddress.Loopback, Port);
            listener.Server.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            listener.Start(1024);
        }

        _ = AcceptAsync(listener);
    }

    private async Task AcceptAsync(TcpListener listener)
    {
        while (true)
        {
            try
            {
                var client = await listener.AcceptSocketAsync();
                _ = new Link(this, client).RunAsync();
            }
            catch (SocketException e) when (e.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // It was gone before it was taken.
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or InvalidOperationException)
            {
                return; // Cut.
            }
        }
    }

    private sealed record Trigger(Direction Direction, Piece Condition, bool Answer, Action? Action)
    {
        public TaskCompletionSource Done { get; } = NotYet();
    }

    /// <summary>One connection through the proxy.</summary>
    private sealed class Link(TcpProxy proxy, Socket client) : IDisposable
    {
        private readonly Socket _server = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private Trigger? _answerOf;

        public async Task RunAsync()
        {
            client.NoDelay = true;
            proxy._links[this] = true;
            try
            {
                await Volatile.Read(ref proxy._open).Task;
                await _server.ConnectAsync(IPAddress.Loopback, proxy._target);
                await Task.WhenAny(
                    PumpAsync(client, _server, Direction.ToServer), PumpAsync(_server, client, Direction.ToClient));
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                // Nobody listens there, or dropped.
            }

            Dispose();
        }

        public void Dispose()
        {
            proxy._links.TryRemove(this, out _);
            client.Dispose();
            _server.Dispose();
        }

        private async Task PumpAsync(Socket from, Socket to, Direction direction)
        {
            // What is on its way: a delay holds each piece up, not those behind it once more.
            var way = Channel.CreateBounded<(byte[] Bytes, long Sent)>(256);
            var arriving = ArriveAsync(way.Reader, to, direction);
            var buffer = new byte[64 * 1024];
            try
            {
                int read;
                while ((read = await from.ReceiveAsync(buffer.AsMemory())) > 0 && !IsCut(buffer.AsSpan(0, read), direction))
                {
                    await way.Writer.WriteAsync((buffer[..read], TimeProvider.System.GetTimestamp()));
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException or ChannelClosedException)
            {
                // Lost.
            }

            way.Writer.TryComplete();
            await arriving;
        }

        private async Task ArriveAsync(ChannelReader<(byte[] Bytes, long Sent)> way, Socket to, Direction direction)
        {
            try
            {
                await foreach (var (bytes, sent) in way.ReadAllAsync())
                {
                    var left = (direction == Direction.ToServer ? proxy.DelayToServer : proxy.DelayToClient) - TimeProvider.System.GetElapsedTime(sent);
                    if (left > TimeSpan.Zero)
                    {
                        await Task.Delay(left, TimeProvider.System);
                    }

                    await Volatile.Read(ref proxy._open).Task;
                    for (var done = 0; done < bytes.Length;)
                    {
                        done += await to.SendAsync(bytes.AsMemory(done));
                    }
                }
            }
            catch (Exception e) when (e is SocketException or ObjectDisposedException)
            {
                Dispose();
            }
        }

        /// <summary>Whether the connection ends with these bytes, which are lost.</summary>
        private bool IsCut(ReadOnlySpan<byte> bytes, Direction direction)
        {
            if (direction == Direction.ToClient && Interlocked.Exchange(ref _answerOf, null) is { } lost)
            {
                lost.Done.TrySetResult();
                return true;
            }

            var trigger = Volatile.Read(ref proxy._trigger);
            if (trigger is null || trigger.Direction != direction || !trigger.Condition(bytes)
                || Interlocked.CompareExchange(ref proxy._trigger, null, trigger) != trigger)
            {
                return false;
            }

            if (trigger.Answer)
            {
                Volatile.Write(ref _answerOf, trigger);
                return false;
            }

            trigger.Action?.Invoke();
            trigger.Done.TrySetResult();
            return trigger.Action is null;
        }
    }
}

/// <summary>PostgreSQL's answer to a COMMIT that succeeded.</summary>
public static class CommitAnswer
{
    /// <summary>For <see cref="TcpProxy.CutWhen"/>.</summary>
    public static bool Is(ReadOnlySpan<byte> bytes) => bytes.IndexOf("C\0\0\0\vCOMMIT\0"u8) >= 0;
}
