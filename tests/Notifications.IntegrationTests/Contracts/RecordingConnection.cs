using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.SignalR;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Inbox;

namespace Notifications.IntegrationTests.Contracts;

/// <summary>A connection to a client that takes what it is sent, or takes nothing for a while.</summary>
internal sealed class RecordingConnection(string id) : HubConnectionContext(
    new DefaultConnectionContext(id, new Wire(), new Wire()), new HubConnectionContextOptions { KeepAliveInterval = TimeSpan.FromHours(1) }, NullLoggerFactory.Instance)
{
    private readonly Lock _lock = new();
    private readonly List<InvocationMessage> _messages = [];
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource? _held;
    private int _writing;

    /// <summary>Whether a write waits for the client.</summary>
    public bool IsStuck { get; private set; }

    /// <summary>Whether two writes ever overlapped.</summary>
    public bool Overlapped { get; private set; }

    public List<InvocationMessage> Messages
    {
        get
        {
            lock (_lock)
            {
                return [.. _messages];
            }
        }
    }

    /// <summary>The notifications, by <c>seq</c>.</summary>
    public List<long> Seqs => [.. Messages.Where(m => m.Target == "notification").Select(m => ((InboxItem)m.Arguments[0]!).Seq)];

    /// <summary>What the client would show: each item in its highest <c>rev</c>.</summary>
    public Dictionary<Guid, InboxItem> Shown
    {
        get
        {
            var items = new Dictionary<Guid, InboxItem>();
            foreach (var item in Messages.SelectMany(m => m.Arguments[0] is InboxItem one ? [one] : m.Arguments[0] as IReadOnlyList<InboxItem> ?? []))
            {
                if (!items.TryGetValue(item.Id, out var known) || item.Rev >= known.Rev)
                {
                    items[item.Id] = item;
                }
            }

            return items;
        }
    }

    /// <summary>The client takes nothing more.</summary>
    public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The client takes what waits, and all that follows.</summary>
    public void Release()
    {
        var held = _held;
        _held = null;
        held?.SetResult();
    }

    /// <summary>Waits until something holds for the connection.</summary>
    public async Task UntilAsync(Func<RecordingConnection, bool> condition)
    {
        for (Task changed; !condition(this); await changed.WaitAsync(TimeSpan.FromSeconds(60)))
        {
            lock (_lock)
            {
                changed = _changed.Task;
            }

            if (condition(this))
            {
                return;
            }
        }
    }

    public override ValueTask WriteAsync(HubMessage message, CancellationToken cancellationToken = default) => TakeAsync(message, cancellationToken);

    public override ValueTask WriteAsync(SerializedHubMessage message, CancellationToken cancellationToken = default) => TakeAsync(message.Message!, cancellationToken);

    private async ValueTask TakeAsync(HubMessage message, CancellationToken cancellationToken)
    {
        Overlapped |= Interlocked.Increment(ref _writing) != 1;
        if (_held is { } held)
        {
            IsStuck = true;
            Signal();
            await held.Task.WaitAsync(cancellationToken);
            IsStuck = false;
        }

        lock (_lock)
        {
            _messages.Add((InvocationMessage)message);
        }

        Interlocked.Decrement(ref _writing);
        Signal();
    }

    private void Signal()
    {
        TaskCompletionSource changed;
        lock (_lock)
        {
            changed = _changed;
            _changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        }

        changed.SetResult();
    }

    /// <summary>What is under a connection; messages are taken before they get here.</summary>
    private sealed class Wire : IDuplexPipe
    {
        private readonly Pipe _pipe = new();

        public PipeReader Input => _pipe.Reader;

        public PipeWriter Output => _pipe.Writer;
    }
}
