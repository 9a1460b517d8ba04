using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Logging.Abstractions;

namespace Notifications.Benchmarks.Micro;

/// <summary>How many messages a number of connections were sent.</summary>
internal sealed class Tally
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly object _reached = new();
    private long _count, _awaited;

    /// <summary>So far.</summary>
    public long Count => Volatile.Read(ref _count);

    /// <summary>One more.</summary>
    public void Add()
    {
        if (Interlocked.Increment(ref _count) == Volatile.Read(ref _awaited))
        {
            lock (_reached)
            {
                Monitor.PulseAll(_reached);
            }
        }
    }

    /// <summary>Waits until there are so many, asleep, so that waiting is not counted with what is measured.</summary>
    /// <exception cref="TimeoutException">There are fewer after half a minute.</exception>
    public void Wait(long count)
    {
        Interlocked.Exchange(ref _awaited, count);
        lock (_reached)
        {
            while (Count < count)
            {
                if (!Monitor.Wait(_reached, Patience))
                {
                    throw new TimeoutException($"{Count} of {count} messages were written.");
                }
            }
        }
    }
}

/// <summary>A hub connection to a client that takes everything at once: what it is sent is copied, as into a pipe, and forgotten.</summary>
internal sealed class SwallowingConnection : HubConnectionContext
{
    private readonly IHubProtocol _protocol;

    /// <summary>Creates an open connection.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="protocol">What messages are written with.</param>
    /// <param name="tally">Counts what was sent.</param>
    public SwallowingConnection(string id, IHubProtocol protocol, Tally tally)
        : base(
            new DefaultConnectionContext(id, new Wire(tally), new Wire(tally)), new HubConnectionContextOptions { KeepAliveInterval = TimeSpan.FromHours(1) },
            NullLoggerFactory.Instance) => _protocol = protocol;

    /// <inheritdoc/>
    public override IHubProtocol Protocol => _protocol;

    private sealed class Wire(Tally tally) : IDuplexPipe
    {
        public PipeReader Input { get; } = PipeReader.Create(Stream.Null);

        public PipeWriter Output { get; } = new Drain(tally);
    }

    private sealed class Drain(Tally tally) : PipeWriter
    {
        private byte[] _buffer = new byte[4_096];

        public override void Advance(int bytes)
        {
        }

        public override Memory<byte> GetMemory(int sizeHint = 0)
        {
            if (_buffer.Length < sizeHint)
            {
                _buffer = new byte[sizeHint];
            }

            return _buffer;
        }

        public override Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

        public override ValueTask<FlushResult> FlushAsync(CancellationToken cancellationToken = default)
        {
            tally.Add();
            return new ValueTask<FlushResult>(new FlushResult(isCanceled: false, isCompleted: false));
        }

        public override void CancelPendingFlush()
        {
        }

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
