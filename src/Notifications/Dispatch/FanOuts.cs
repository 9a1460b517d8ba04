using Notifications.Realtime;
using Notifications.Routing;
using Notifications.Stats;
using Notifications.Storage;

namespace Notifications.Dispatch;

/// <summary>
/// The fan-outs of a partition: one queue per ordering key, whose first event advances a step at a time, in turn with the other keys'. Only
/// later events of the same key wait. What is queued here is also in the store; a new owner of the partition loads it from there.
/// </summary>
internal sealed class FanOuts : IDisposable
{
    /// <summary>Users per transaction: an event to one user waits for at most one or two of these.</summary>
    private const int StepSize = 500;

    private readonly PartitionLease _lease;
    private readonly Store _store;
    private readonly RoutingFacts _facts;
    private readonly IDoorbell _doorbell;
    private readonly Lock _lock = new();
    private readonly Dictionary<(string Tenant, string Key), Queue<FanOut>> _queues = [];

    /// <summary>Events that are being committed: their key has to wait already.</summary>
    private readonly Dictionary<(string Tenant, string Key), int> _announced = [];
    private readonly SemaphoreSlim _added = new(0);

    public FanOuts(PartitionLease lease, IReadOnlyList<FanOut> queued, Store store, RoutingFacts facts, IDoorbell doorbell)
    {
        (_lease, _store, _facts, _doorbell) = (lease, store, facts, doorbell);
        Enqueue(queued);
    }

    /// <summary>Whether an event of this key has to wait.</summary>
    public bool MustWait(string tenant, string orderingKey)
    {
        lock (_lock)
        {
            return _queues.ContainsKey((tenant, orderingKey)) || _announced.ContainsKey((tenant, orderingKey));
        }
    }

    /// <summary>Events of these keys wait from now on, until <see cref="Committed"/>.</summary>
    public void Announce(IReadOnlyList<Plan> plans)
    {
        lock (_lock)
        {
            foreach (var plan in plans)
            {
                var key = (plan.Event.Tenant, plan.Event.OrderingKey);
                _announced[key] = _announced.GetValueOrDefault(key) + 1;
            }
        }
    }

    /// <summary>Ends an announcement: these were inserted, the others were there already or could not be committed.</summary>
    public void Committed(IReadOnlyList<Plan> plans, IReadOnlyList<FanOut> inserted)
    {
        if (plans.Count == 0)
        {
            return;
        }

        lock (_lock)
        {
            Enqueue(inserted);
            foreach (var plan in plans)
            {
                var key = (plan.Event.Tenant, plan.Event.OrderingKey);
                if (--_announced[key] == 0)
                {
                    _announced.Remove(key);
                }
            }
        }
    }

    /// <summary>Advances fan-outs until it is told to stop.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _added.WaitAsync(cancellationToken);
            for (var first = First(); first.Count > 0; first = First())
            {
                foreach (var fanOut in first)
                {
                    cancellationToken.ThrowIfCancellationRequested();
                    if (await AdvanceAsync(fanOut, cancellationToken))
                    {
                        Dequeue(fanOut);
                    }
                }
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _added.Dispose();

    /// <summary>One step: (1) who is next; (2) what each of them wants; (3) commit; (4) ring.</summary>
    /// <returns>Whether it was the last one.</returns>
    private async Task<bool> AdvanceAsync(FanOut fanOut, CancellationToken cancellationToken)
    {
        if (await _store.NextStepAsync(fanOut, StepSize, cancellationToken) is not { } step) // (1)
        {
            return true;
        }

        Plan? plan = null;
        if (step is { Event: { } record, Users.Count: > 0 })
        {
            var context = await _facts.LoadAsync([record], step.Users, cancellationToken); // (2)
            plan = Router.RouteStep(record, step.Users, inbox: !fanOut.Everyone, context with { IsDue = true });
        }

        var pushes = await _store.FanOutStepAsync(_lease, fanOut, step, plan); // (3)
        NodeMeter.Written(pushes.Count);
        await _doorbell.RingAsync(pushes); // (4)
        if (plan?.Deliveries.Count > 0)
        {
            _facts.Bell.Ring();
        }

        return step.IsLast;
    }

    /// <summary>The event of each key whose turn it is.</summary>
    private List<FanOut> First()
    {
        lock (_lock)
        {
            return [.. _queues.Values.Select(q => q.Peek())];
        }
    }

    private void Enqueue(IReadOnlyList<FanOut> fanOuts)
    {
        foreach (var fanOut in fanOuts)
        {
            var key = (fanOut.Tenant, fanOut.OrderingKey);
            if (!_queues.TryGetValue(key, out var queue))
            {
                _queues.Add(key, queue = new Queue<FanOut>());
            }

            queue.Enqueue(fanOut);
        }

        if (fanOuts.Count > 0)
        {
            _added.Release();
        }
    }

    private void Dequeue(FanOut fanOut)
    {
        lock (_lock)
        {
            var key = (fanOut.Tenant, fanOut.OrderingKey);
            var queue = _queues[key];
            queue.Dequeue();
            if (queue.Count == 0)
            {
                _queues.Remove(key);
            }
        }
    }
}
