using Microsoft.Extensions.Hosting;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Hosting;

/// <summary>
/// Whether this process can serve. Each role needs something: <c>gateway</c> the store, since it serves resume and the inbox from there without the
/// log; <c>ingest</c> the log, which takes events without the store; all others the store.
/// <para>
/// A node with roles that are called over HTTP is ready while one of them can be served: were it taken out of rotation for the other, one server
/// that is away would end what does not need it. A node without such roles is ready while everything it needs is there. A process that is
/// shutting down is never ready.
/// </para>
/// </summary>
public sealed class Readiness : IDisposable
{
    private readonly Node _node;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly Probe _store, _log;
    private readonly List<(string Name, Roles Roles, Func<string?> Fault)> _conditions = [];

    /// <summary>Asks the store and the log.</summary>
    /// <param name="store">Takes a write and gives it back, or is away.</param>
    /// <param name="log">Takes appends, or does not.</param>
    /// <param name="node">Whose roles say what is needed.</param>
    /// <param name="lifetime">Tells of the shutdown.</param>
    /// <param name="time">The clock.</param>
    public Readiness(Store store, IEventLog log, Node node, IHostApplicationLifetime lifetime, TimeProvider time)
    {
        _node = node;
        _lifetime = lifetime;
        _store = new Probe(
            async cancellationToken =>
            {
                await store.ProbeAsync(cancellationToken);
                return null;
            },
            time);
        _log = new Probe(cancellationToken => log.FaultAsync(cancellationToken).AsTask(), time);
    }

    /// <summary>Adds a condition; at start-up only.</summary>
    /// <param name="name">What it is about.</param>
    /// <param name="roles">Who cannot do without.</param>
    /// <param name="fault">Says at once why it is not ready, or null.</param>
    public void Add(string name, Roles roles, Func<string?> fault) => _conditions.Add((name, roles, fault));

    /// <inheritdoc/>
    public void Dispose()
    {
        _store.Dispose();
        _log.Dispose();
    }

    internal async Task<(bool Ready, IReadOnlyDictionary<string, string> Faults)> CheckAsync(CancellationToken cancellationToken)
    {
        var faults = new Dictionary<string, string>();
        var able = _node.Roles;
        void Report(string name, Roles roles, string? fault)
        {
            if (fault is not null && (_node.Roles & roles) != 0)
            {
                faults[name] = fault;
                able &= ~roles;
            }
        }

        foreach (var (name, roles, fault) in _conditions)
        {
            Report(name, roles, fault());
        }

        // The embedded log is a part of the store.
        var ofStore = _node.Engine == EngineKind.Embedded ? Roles.All : Roles.All & ~Roles.Ingest;
        var store = (_node.Roles & ofStore) == 0 ? Task.FromResult<string?>(null) : _store.FaultAsync(cancellationToken);
        var log = _node.Has(Roles.Ingest) ? _log.FaultAsync(cancellationToken) : Task.FromResult<string?>(null);
        Report("store", ofStore, await store);
        Report("log", Roles.Ingest, await log);

        var ready = (_node.Roles & Roles.Http) != 0 ? (able & Roles.Http) != 0 : able == _node.Roles;
        if (_lifetime.ApplicationStopping.IsCancellationRequested)
        {
            faults["process"] = "shutting down";
            ready = false;
        }

        return (ready, faults);
    }

    /// <summary>A question whose answer is kept for a second, so that whoever asks for health costs a disk or a server nothing.</summary>
    private sealed class Probe(Func<CancellationToken, Task<string?>> ask, TimeProvider time) : IDisposable
    {
        private static readonly TimeSpan Timeout = TimeSpan.FromSeconds(2), KeptFor = TimeSpan.FromSeconds(1);

        private readonly SemaphoreSlim _one = new(1);
        private long? _askedAt;
        private string? _fault;

        public void Dispose() => _one.Dispose();

        public async Task<string?> FaultAsync(CancellationToken cancellationToken)
        {
            await _one.WaitAsync(cancellationToken);
            try
            {
                if (_askedAt is not { } asked || time.GetElapsedTime(asked) >= KeptFor)
                {
                    _fault = await AskAsync(cancellationToken);
                    _askedAt = time.GetTimestamp();
                }

                return _fault;
            }
            finally
            {
                _one.Release();
            }
        }

        private async Task<string?> AskAsync(CancellationToken cancellationToken)
        {
            try
            {
                return await ask(cancellationToken).WaitAsync(Timeout, time, cancellationToken);
            }
            catch (TimeoutException)
            {
                return "did not answer within 2 seconds";
            }
            catch (Exception e) when (e is StoreUnavailableException or LogUnavailableException)
            {
                return "unavailable";
            }
        }
    }
}
