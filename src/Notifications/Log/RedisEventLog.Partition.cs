using System.Threading.Channels;
using Notifications.Redis;
using Notifications.Storage;
using StackExchange.Redis;

namespace Notifications.Log;

public sealed partial class RedisEventLog
{
    /// <summary>What this node knows of a partition: what waits to be appended, its doorbell, what is to be noted as committed.</summary>
    private sealed class Partition
    {
        private const int MaxBatch = 500;
        private const int MaxBatchBytes = 1 << 20;

        /// <summary>Bytes that may wait here for Redis to take them; more is refused at once, so that an outage costs producers seconds, not memory.</summary>
        private const int MaxWaitingBytes = 16 << 20;

        private readonly RedisEventLog _log;
        private readonly RedisOptions _options;
        private readonly RedisValue _limit;
        private readonly string _ids;
        private readonly Lock _lock = new();
        private readonly Queue<(Append Append, int Index)> _waiting = new();
        private int _waitingBytes;
        private bool _appending;
        private LogPosition? _unnoted;
        private Task _noting = Task.CompletedTask;
        private bool _subscribed;
        private long _waitedAt;

        public Partition(int number, RedisOptions options, RedisEventLog log, long limitBytes)
        {
            (_log, _options, _limit) = (log, options, limitBytes);
            var name = FormattableString.Invariant($"{options.Prefix}{{p{number}}}:");
            Stream = name + "log";
            Counters = name + "counters";
            _ids = name + "id:";
            Doorbell = name + "ring";
        }

        public RedisKey Stream { get; }

        public RedisKey Counters { get; }

        /// <summary>The channel that is rung where something was appended.</summary>
        public string Doorbell { get; }

        /// <summary>One ring that is not yet heard stands for all that follow it.</summary>
        public Channel<bool> Rings { get; } = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

        /// <summary>How large the entries were that were read last.</summary>
        public int AverageBytes { get; set; } = 1_024;

        /// <summary>Queues an entry of an append.</summary>
        public void Add(Append append, int index)
        {
            lock (_lock)
            {
                var bytes = append.Entries[index].Payload.Length;
                if (_waitingBytes + bytes > MaxWaitingBytes)
                {
                    append.Set(index, AppendOutcome.Unavailable);
                    return;
                }

                _waiting.Enqueue((append, index));
                _waitingBytes += bytes;
                if (_appending)
                {
                    return;
                }

                _appending = true;
            }

            _log._rounds.Add(this);
        }

        /// <returns>Whether it was not subscribed before.</returns>
        public async ValueTask<bool> SubscribeAsync()
        {
            Volatile.Write(ref _waitedAt, _log._time.GetTimestamp());
            if (_subscribed)
            {
                return false;
            }

            try
            {
                await _log._link.SubscribeAsync(Doorbell, _ => Ring());
                return _subscribed = true;
            }
            catch (RedisUnavailableException)
            {
                return false; // The poll will do.
            }
        }

        /// <summary>Notes a position, and again a later one that came meanwhile.</summary>
        public void Committed(LogPosition position)
        {
            lock (_lock)
            {
                (var free, _unnoted) = (_unnoted is null && _noting.IsCompleted, position);
                if (free)
                {
                    _noting = NoteAsync();
                }
            }
        }

        public async ValueTask DisposeAsync()
        {
            Task noting;
            lock (_lock)
            {
                noting = _noting;
            }

            await noting;
            if (_subscribed)
            {
                _log._link.Unsubscribe(Doorbell);
            }
        }

        private void Ring()
        {
            if (_log._time.GetElapsedTime(Volatile.Read(ref _waitedAt)) > ForgetDoorbell)
            {
                _subscribed = false; // Somebody else owns it now.
                _log._link.Unsubscribe(Doorbell);
            }

            Rings.Writer.TryWrite(true);
        }

        private async Task NoteAsync()
        {
            while (true)
            {
                LogPosition position;
                lock (_lock)
                {
                    if (_unnoted is not { } next)
                    {
                        _noting = Task.CompletedTask;
                        return;
                    }

                    (position, _unnoted) = (next, null);
                }

                try
                {
                    await _log._link.CallAsync(database => Note(database, this, position, begins: false));
                }
                catch (RedisUnavailableException)
                {
                    // The next commit, or the next owner, notes it.
                }
            }
        }

        /// <summary>Appends what waits, as much as one call takes; for the rest it asks for the next round.</summary>
        public async Task AppendAsync()
        {
            var batch = Take();
            try
            {
                var results = await _log._link.CallAsync(database => Evaluate(database, batch));
                var texts = (RedisResult[])results!;
                for (var i = 0; i < batch.Count; i++)
                {
                    Set(batch[i], (byte[])texts[i]!);
                }
            }
            catch (Exception e) when (e is RedisUnavailableException or InvalidCastException or NullReferenceException)
            {
                var outcome = e is RedisUnavailableException { IsOutOfMemory: true } ? AppendOutcome.Full : AppendOutcome.Unavailable;
                foreach (var (append, index) in batch)
                {
                    append.Set(index, outcome);
                }
            }

            lock (_lock)
            {
                if (_waiting.Count == 0)
                {
                    _appending = false;
                    return;
                }
            }

            _log._rounds.Add(this);
        }

        private List<(Append Append, int Index)> Take()
        {
            var batch = new List<(Append Append, int Index)>();
            var bytes = 0;
            lock (_lock)
            {
                while (batch.Count < MaxBatch && bytes < MaxBatchBytes && _waiting.TryDequeue(out var next))
                {
                    batch.Add(next);
                    bytes += next.Append.Entries[next.Index].Payload.Length;
                }

                _waitingBytes -= bytes;
            }

            return batch;
        }

        private async Task<RedisResult> Evaluate(IDatabaseAsync database, List<(Append Append, int Index)> batch)
        {
            var keys = new List<RedisKey>(2 + batch.Count) { Stream, Counters };
            var values = new RedisValue[4 + (4 * batch.Count)];
            values[0] = _limit;
            values[1] = Doorbell;
            values[2] = IdSeconds;
            values[3] = _log._time.GetUtcNow().ToUnixTimeMilliseconds();
            for (var i = 0; i < batch.Count; i++)
            {
                var (append, index) = batch[i];
                var entry = append.Entries[index];
                var key = 0;
                if (entry.ExternalId is not null)
                {
                    keys.Add(IdKey(_ids, append.Names![index]!));
                    key = keys.Count - 2;
                }

                values[4 + (4 * i)] = key;
                values[5 + (4 * i)] = entry.EventId.Bytes();
                values[6 + (4 * i)] = entry.Tenant;
                values[7 + (4 * i)] = entry.Payload.ToArray();
            }

            var evaluated = database.ScriptEvaluateAsync(AppendScript, [.. keys], values);
            if (_options.Replicas == 0)
            {
                return await evaluated;
            }

            // On the same connection, right behind the script: how many replicas have it.
            var waited = database.ExecuteAsync("WAIT", _options.Replicas, 1_000);
            var results = await evaluated;
            return (int)await waited >= _options.Replicas
                ? results
                : throw new RedisUnavailableException($"Fewer than {_options.Replicas} replicas of Redis have the events.");
        }

        private static void Set((Append Append, int Index) item, byte[] result) => item.Append.Set(item.Index, result switch
        {
            [] => new AppendResult(AppendOutcome.Appended, item.Append.Entries[item.Index].EventId),
            [(byte)'F'] => new AppendResult(AppendOutcome.Full, item.Append.Entries[item.Index].EventId),
            _ => new AppendResult(AppendOutcome.Duplicate, Ids.FromBytes(result)),
        });
    }
}
