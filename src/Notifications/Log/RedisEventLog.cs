using System.Security.Cryptography;
using System.Text;
using Notifications.Redis;
using Notifications.Storage;
using StackExchange.Redis;

namespace Notifications.Log;

/// <summary>
/// The log as Redis streams, one per partition. Appends go out in rounds, one script call per partition with everything that gathered since the
/// round before: an idle log appends at once, a busy one in batches that share the fsync.
/// <para>
/// Names share a hash tag per partition, so that a script finds all its keys on one server of a cluster. An entry's id becomes its position:
/// milliseconds in the high bits, the sequence within one in the low 21.
/// </para>
/// </summary>
public sealed partial class RedisEventLog : IEventLog, IAsyncDisposable
{
    private const int SequenceBits = 21;
    private const int IdSeconds = 3_600;
    private const int MaxTrimBytes = 8 << 20;
    private static readonly TimeSpan Poll = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan ForgetDoorbell = TimeSpan.FromSeconds(30);
    private static readonly string AppendScript = Script("append"), CommittedScript = Script("committed"), TrimScript = Script("trim");

    private readonly RedisLink _link;
    private readonly TimeProvider _time;
    private readonly string _prefix;
    private readonly Partition[] _partitions;
    private readonly Rounds _rounds;

    private RedisEventLog(RedisLink link, RedisOptions options, TimeProvider time, PartitionLayout layout, long limitBytes)
    {
        _link = link;
        _time = time;
        _prefix = options.Prefix;
        _rounds = new Rounds(time);
        Layout = layout;
        _partitions = [.. Enumerable.Range(0, layout.Count).Select(i => new Partition(i, options, this, limitBytes / layout.Count))];
        _link.Restored += RingAll;
    }

    /// <inheritdoc/>
    public PartitionLayout Layout { get; }

    /// <summary>Opens the log. Its layout is stored with it and changes only while it is empty.</summary>
    /// <param name="link">The connection.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Stamps entries.</param>
    /// <param name="layout">The layout that is configured.</param>
    /// <param name="limitBytes">How many bytes of payload may wait to be committed before appends are refused; each partition has its share.</param>
    /// <exception cref="InvalidOperationException">Another layout is configured than the log has, and it holds uncommitted entries.</exception>
    /// <exception cref="RedisUnavailableException">Redis does not answer.</exception>
    public static async Task<RedisEventLog> OpenAsync(
        RedisLink link, RedisOptions options, TimeProvider time, PartitionLayout layout, long limitBytes)
    {
        var key = (RedisKey)(options.Prefix + "layout");
        var wanted = $"{layout.Normal},{layout.Critical}";
        while (!await link.CallAsync(database => database.StringSetAsync(key, wanted, when: When.NotExists)))
        {
            var stored = (string?)await link.CallAsync(database => database.StringGetAsync(key));
            if (stored is null)
            {
                continue;
            }

            if (stored != wanted)
            {
                var numbers = Array.ConvertAll(stored.Split(','), n => int.Parse(n, System.Globalization.CultureInfo.InvariantCulture));
                var old = new RedisEventLog(link, options, time, new PartitionLayout(numbers[0], numbers[1]), limitBytes);
                await using (old)
                {
                    if (await old.HoldsEventsAsync())
                    {
                        throw new InvalidOperationException(
                            $"Notifications:Log:Partitions and CriticalPartitions are {layout.Normal} and {layout.Critical}, but the log was written with " +
                            $"{numbers[0]} and {numbers[1]} and still holds events. Start once with the old values, wait until it is empty, then change them.");
                    }
                }

                await link.CallAsync(database => database.StringSetAsync(key, wanted));
            }

            break;
        }

        return new RedisEventLog(link, options, time, layout, limitBytes);
    }

    /// <inheritdoc/>
    public async ValueTask<List<LogEntry>> ReadAsync(
        int partition, LogPosition after, int maxEntries, int maxBytes, CancellationToken cancellationToken)
    {
        var from = _partitions[partition];
        var entries = new List<LogEntry>();
        var (bytes, more) = (0L, true);
        while (more)
        {
            // About as many as fit, by what the last ones were like.
            var count = (int)Math.Clamp((maxBytes - bytes) / Math.Max(1, from.AverageBytes), 1, maxEntries - entries.Count);
            var start = Id(new LogPosition((entries.Count == 0 ? after : entries[^1].Position).Value + 1));
            var read = (RedisResult[])(await CallAsync(database => database.ExecuteAsync("XRANGE", from.Stream, start, "+", "COUNT", count)))!;
            more = read.Length == count;
            foreach (var item in read)
            {
                var (entry, previous) = Read(partition, item);
                if (entries.Count == 0 && after != LogPosition.Start && previous != after)
                {
                    await ThrowIfGoneAsync(partition, after);
                }

                entries.Add(entry);
                bytes += entry.Payload.Length;
                if (bytes > maxBytes || entries.Count == maxEntries)
                {
                    more = false;
                    break;
                }
            }
        }

        if (entries.Count > 0)
        {
            from.AverageBytes = (int)(bytes / entries.Count);
        }
        else if (after != LogPosition.Start && await LastAsync(from) is var last && last != after)
        {
            await ThrowIfGoneAsync(partition, after);
        }

        return entries;
    }

    /// <inheritdoc/>
    public async Task WaitAsync(int partition, CancellationToken cancellationToken)
    {
        var from = _partitions[partition];
        if (await from.SubscribeAsync() || from.Rings.Reader.TryRead(out _))
        {
            return; // What was appended before the subscription did not ring here.
        }

        using var limit = new CancellationTokenSource(Poll, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            await from.Rings.Reader.WaitToReadAsync(both.Token);
            from.Rings.Reader.TryRead(out _);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
        }
    }

    /// <inheritdoc/>
    public async ValueTask<LogState> BeginAsync(int partition, LogPosition committed) =>
        (string?)await CallAsync(database => Note(database, partition, committed, begins: true)) switch
        {
            "rewound" => LogState.Rewound,
            "ahead" => LogState.StoreRewound,
            _ => LogState.Continues,
        };

    /// <inheritdoc/>
    public void Committed(int partition, LogPosition position, long bytes) => _partitions[partition].Committed(position);

    /// <inheritdoc/>
    public async ValueTask<int> TrimAsync(int partition, LogPosition committed, DateTimeOffset before, int maxEntries)
    {
        var last = Math.Min(committed.Value, (before.ToUnixTimeMilliseconds() << SequenceBits) - 1);
        return last <= 0
            ? 0
            : (int)await CallAsync(database => database.ScriptEvaluateAsync(
                TrimScript, [_partitions[partition].Stream], [Id(new LogPosition(last)), maxEntries, MaxTrimBytes]));
    }

    /// <inheritdoc/>
    public ValueTask<string?> FaultAsync(CancellationToken cancellationToken) => new(_link.Fault);

    /// <inheritdoc/>
    /// <remarks>From the counters that the scripts keep: those of Redis itself are wrong once a stream was trimmed.</remarks>
    public async ValueTask<IReadOnlyList<PartitionStats>> StatsAsync(CancellationToken cancellationToken) =>
        await Task.WhenAll(_partitions.Select(async (partition, number) =>
        {
            var length = CallAsync(database => database.ExecuteAsync("XLEN", partition.Stream));
            var counters = await CallAsync(database => database.HashGetAsync(partition.Counters, ["n", "c", "dn", "dc", "done"]));
            var (lag, bytes) = ((long)counters[0] - (long)counters[2], (long)counters[1] - (long)counters[3]);
            var oldest = default(DateTimeOffset?);
            if (lag > 0)
            {
                var done = (byte[]?)counters[4] is { } id ? Position(id) : LogPosition.Start;
                var first = (RedisResult[])(await CallAsync(database => database.ExecuteAsync(
                    "XRANGE", partition.Stream, Id(new LogPosition(done.Value + 1)), "+", "COUNT", 1)))!;
                oldest = first.Length == 0
                    ? null
                    : DateTimeOffset.FromUnixTimeMilliseconds(Position((byte[])((RedisResult[])first[0]!)[0]!).Value >> SequenceBits);
            }

            return new PartitionStats(number, (long)await length, lag, bytes, oldest);
        }));

    /// <summary>Tells Redis what was committed and not told yet.</summary>
    public async ValueTask DisposeAsync()
    {
        _link.Restored -= RingAll;
        foreach (var partition in _partitions)
        {
            await partition.DisposeAsync();
        }
    }

    internal static string Script(string name)
    {
        using var stream = typeof(RedisEventLog).Assembly.GetManifestResourceStream($"Notifications.Log.Scripts.{name}.lua")!;
        using var text = new StreamReader(stream);
        return text.ReadToEnd();
    }

    private static string Id(LogPosition position) => FormattableString.Invariant(
        $"{position.Value >> SequenceBits}-{position.Value & ((1L << SequenceBits) - 1)}");

    private static LogPosition Position(ReadOnlySpan<byte> id)
    {
        var dash = id.IndexOf((byte)'-');
        return dash > 0 && ulong.TryParse(id[..dash], out var ms) && ulong.TryParse(id[(dash + 1)..], out var sequence)
            && ms < 1UL << (63 - SequenceBits) && sequence < 1UL << SequenceBits
            ? new LogPosition(((long)ms << SequenceBits) | (long)sequence)
            : throw new LogUnavailableException(
                $"The log has an entry with the id {Encoding.ASCII.GetString(id)}, which this service did not write and cannot go past; delete it with XDEL.");
    }

    private static async Task<RedisResult> Note(IDatabaseAsync database, Partition partition, LogPosition position, bool begins) =>
        await database.ScriptEvaluateAsync(CommittedScript, [partition.Stream, partition.Counters], [Id(position), begins ? 1 : 0, partition.Doorbell]);

    private Task<RedisResult> Note(IDatabaseAsync database, int partition, LogPosition position, bool begins) =>
        Note(database, _partitions[partition], position, begins);

    private void RingAll()
    {
        foreach (var partition in _partitions)
        {
            partition.Rings.Writer.TryWrite(true);
        }
    }

    private async Task<bool> HoldsEventsAsync()
    {
        foreach (var partition in _partitions)
        {
            var counters = await CallAsync(database => database.HashGetAsync(partition.Counters, ["n", "dn"]));
            if ((long)counters[0] != (long)counters[1])
            {
                return true;
            }
        }

        return false;
    }

    private async Task<LogPosition> LastAsync(Partition partition)
    {
        var last = (byte[]?)await CallAsync(database => database.HashGetAsync(partition.Counters, "last"));
        return last is null ? LogPosition.Start : Position(last);
    }

    private async Task ThrowIfGoneAsync(int partition, LogPosition position)
    {
        var id = Id(position);
        var entry = (RedisResult[])(await CallAsync(database => database.ExecuteAsync("XRANGE", _partitions[partition].Stream, id, id)))!;
        if (entry.Length == 0)
        {
            throw new LogRewoundException(partition);
        }
    }

    private async Task<T> CallAsync<T>(Func<IDatabaseAsync, Task<T>> call)
    {
        try
        {
            return await _link.CallAsync(call);
        }
        catch (RedisUnavailableException e)
        {
            throw new LogUnavailableException(e.Message, e);
        }
    }

    /// <summary>
    /// An entry, and the position of the one before it. Fields of a newer version are passed over; what is no entry of this service comes out as
    /// one that is no event.
    /// </summary>
    private (LogEntry Entry, LogPosition? Previous) Read(int partition, RedisResult item)
    {
        var parts = (RedisResult[])item!;
        var position = Position((byte[])parts[0]!);
        var fields = (RedisResult[])parts[1]!;
        byte[]? id = null, payload = null;
        string? tenant = null;
        LogPosition? previous = null;
        for (var i = 0; i + 1 < fields.Length; i += 2)
        {
            switch ((string?)fields[i])
            {
                case "p": previous = Position((byte[])fields[i + 1]!); break;
                case "i": id = (byte[])fields[i + 1]!; break;
                case "t": tenant = (string)fields[i + 1]!; break;
                case "d": payload = (byte[])fields[i + 1]!; break;
            }
        }

        if (id is { Length: 16 } && tenant is not null && payload is not null)
        {
            return (new LogEntry(position, tenant, Ids.FromBytes(id), payload), previous);
        }

        var text = string.Join('\n', fields.Select(f => (string?)f));
        var name = SHA256.HashData(Encoding.UTF8.GetBytes(FormattableString.Invariant($"{_prefix}{partition}/{position.Value}")));
        return (new LogEntry(position, "", Ids.FromBytes(name[..16]), Encoding.UTF8.GetBytes(text)), null);
    }
}
