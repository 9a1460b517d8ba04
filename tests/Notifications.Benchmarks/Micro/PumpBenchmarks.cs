using System.Globalization;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.SignalR.Protocol;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Inbox;
using Notifications.IntegrationTests.Support;
using Notifications.Realtime;
using Notifications.Storage;
using Counts = Notifications.Inbox.Counts;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// Live delivery on a gateway: from a step that was heard of to the bytes that are handed to the connection, waking a thread for it included.
/// Figures are per notification: one alone; 100 or 10,000 in a row to one connection, never more at once than it queues; one to each of 1,000
/// connections. "Ready" is a step whose message has been written before, so that what is left is the pump and SignalR.
/// </summary>
[MemoryDiagnoser]
#pragma warning disable CA1001 // CleanUp disposes them.
public class PumpBenchmarks
#pragma warning restore CA1001
{
    private const int Hundred = 100, TenThousand = 10_000, Crowd = 1_000;

    /// <summary>Less than a pump queues, or it would empty its queue and read the store.</summary>
    private const int AtOnce = 200;

    private readonly ReadOnlyMemory<byte> _content = Samples.Record(Samples.Typical()).Content;
    private readonly Tally _oneTally = new(), _crowdTally = new();
    private readonly UserKey[] _crowd = [.. Enumerable.Range(1, Crowd).Select(i => new UserKey(Samples.Tenant, Samples.UserId(i)))];
    private readonly UserKey _one = new(Samples.Tenant, Samples.UserId(0));
    private readonly UserPush _ready;
    private TempFolder? _folder;
    private SqliteDatabase? _database;
    private DevicePositions? _positions;
    private Gateway? _gateway;
    private ConnectionPump? _pump;
    private long _seq, _crowdSeq;

    public PumpBenchmarks() => _ready = UserPush.CountsOnly(_one, new Counts(3, 5));

    /// <summary>Connects everyone to a gateway over an empty store, and waits until they are live.</summary>
    [GlobalSetup]
    public void SetUp() => SetUpAsync().GetAwaiter().GetResult(); // What runs these in this process does not wait for a task here.

    /// <summary>Deletes the store.</summary>
    [GlobalCleanup]
    public void CleanUp() => CleanUpAsync().GetAwaiter().GetResult();

    [Benchmark(Description = "one")]
    public void One() => Offer(1);

    [Benchmark(Description = "100 in a row", OperationsPerInvoke = Hundred)]
    public void HundredInARow() => Offer(Hundred);

    [Benchmark(Description = "10,000 in a row", OperationsPerInvoke = TenThousand)]
    public void TenThousandInARow() => Offer(TenThousand);

    [Benchmark(Description = "10,000 in a row, ready", OperationsPerInvoke = TenThousand)]
    public void TenThousandReady()
    {
        for (var offered = 0; offered < TenThousand; offered += AtOnce)
        {
            var before = _oneTally.Count;
            for (var i = 0; i < AtOnce; i++)
            {
                _pump!.Offer(_ready);
            }

            _oneTally.Wait(before + AtOnce);
        }
    }

    [Benchmark(Description = "one to each of 1,000", OperationsPerInvoke = Crowd)]
    public void OneToEach()
    {
        var pushes = new UserPush[Crowd];
        var (seq, before) = (++_crowdSeq, _crowdTally.Count);
        for (var i = 0; i < pushes.Length; i++)
        {
            pushes[i] = New(_crowd[i], seq);
        }

        _gateway!.Ring(pushes);
        _crowdTally.Wait(before + Crowd);
    }

    private async Task SetUpAsync()
    {
        _folder = new TempFolder();
        _database = new SqliteDatabase(Path.Combine(_folder.Path, "notifications.db"), 2, NullLogger<SqliteDatabase>.Instance);
        await Migrator.MigrateSqliteAsync(_database);
        var store = new Store(_database, TimeProvider.System);
        _positions = new DevicePositions(store, TimeProvider.System, NullLogger<DevicePositions>.Instance);
        _gateway = new Gateway(store, _positions, new StoreEpoch(1), new Lifetime(), TimeProvider.System, NullLogger<Gateway>.Instance);
        var protocol = HubMessageBenchmarks.Protocol();
        Connect(_one, "one", protocol, _oneTally);
        _pump = _gateway.Find("one");
        for (var i = 0; i < Crowd; i++)
        {
            Connect(_crowd[i], string.Create(CultureInfo.InvariantCulture, $"c{i}"), protocol, _crowdTally);
        }

        _oneTally.Wait(1); // Each is told where it begins.
        _crowdTally.Wait(Crowd);
    }

    private async Task CleanUpAsync()
    {
        _gateway?.Dispose();
        _positions?.Dispose();
        if (_database is not null)
        {
            await _database.DisposeAsync();
        }

        _folder?.Dispose();
    }

    private void Offer(int count)
    {
        for (var offered = 0; offered < count; offered += AtOnce)
        {
            var (before, next) = (_oneTally.Count, Math.Min(AtOnce, count - offered));
            for (var i = 0; i < next; i++)
            {
                _pump!.Offer(New(_one, ++_seq));
            }

            _oneTally.Wait(before + next);
        }
    }

    private UserPush New(UserKey key, long seq) => UserPush.New(key, Samples.Item(key.User, seq, Samples.EventId(1), _content), new Counts(seq, seq));

    private void Connect(UserKey key, string id, IHubProtocol protocol, Tally tally) =>
        _gateway!.Add(new SwallowingConnection(id, protocol, tally), new ConnectionStart(key, "", null, false, DateTimeOffset.MaxValue));

    private sealed class Lifetime : IHostApplicationLifetime
    {
        public CancellationToken ApplicationStarted => default;

        public CancellationToken ApplicationStopping => default;

        public CancellationToken ApplicationStopped => default;

        public void StopApplication()
        {
        }
    }
}
