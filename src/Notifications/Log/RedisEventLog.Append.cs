using System.Security.Cryptography;
using System.Text;
using Notifications.Redis;
using StackExchange.Redis;

namespace Notifications.Log;

public sealed partial class RedisEventLog
{
    private const int NameBytes = 16;

    /// <inheritdoc/>
    /// <remarks>
    /// (1) claim the producers' ids, each of which names one event and its partition; (2) append, each partition by itself. A claim is not an
    /// acceptance: whether an event is new its partition decides. Between the two nothing is undone, for the same event may be claimed again.
    /// </remarks>
    public async ValueTask<AppendResult[]> AppendAsync(IReadOnlyList<LogAppend> entries)
    {
        var append = new Append(entries);
        if (_link.Fault is not null)
        {
            for (var i = 0; i < entries.Count; i++)
            {
                append.Set(i, AppendOutcome.Unavailable);
            }

            return await append.Task;
        }

        var claims = entries.Any(e => e.ExternalId is not null) ? await ClaimAsync(append) : null; // (1)
        for (var i = 0; i < entries.Count; i++) // (2)
        {
            switch (claims?[i] ?? new Claim(entries[i].Partition, default))
            {
                case { Refused: { } refused }:
                    append.Set(i, refused);
                    break;
                case { Partition: var partition } when partition < _partitions.Length:
                    _partitions[partition].Add(append, i);
                    break;
                default:
                    _partitions[entries[i].Partition].Add(append, i); // Claimed under a larger layout, which was empty when it was given up.
                    break;
            }
        }

        return await append.Task;
    }

    private async Task<Claim[]> ClaimAsync(Append append)
    {
        append.Names = new byte[append.Entries.Count][];
        var claims = new Task<Claim>[append.Entries.Count];
        for (var i = 0; i < claims.Length; i++)
        {
            var entry = append.Entries[i];
            claims[i] = entry.ExternalId is null
                ? Task.FromResult(new Claim(entry.Partition, default))
                : ClaimAsync(entry, append.Names[i] = Name(entry));
        }

        return await Task.WhenAll(claims);
    }

    /// <summary>The first event under an id says what the id stands for.</summary>
    private async Task<Claim> ClaimAsync(LogAppend entry, byte[] name)
    {
        var key = IdKey(_prefix + "id:", name);
        var value = new byte[NameBytes + 2];
        entry.Fingerprint.Span[..Math.Min(NameBytes, entry.Fingerprint.Length)].CopyTo(value);
        System.Buffers.Binary.BinaryPrimitives.WriteUInt16BigEndian(value.AsSpan(NameBytes), (ushort)entry.Partition);
        try
        {
            while (true)
            {
                if (await _link.CallAsync(database => database.StringSetAsync(key, value, TimeSpan.FromSeconds(IdSeconds), When.NotExists)))
                {
                    return new Claim(entry.Partition, default);
                }

                var claimed = (byte[]?)await _link.CallAsync(database => database.StringGetAsync(key));
                if (claimed is { Length: NameBytes + 2 })
                {
                    return claimed.AsSpan(0, NameBytes).SequenceEqual(value.AsSpan(0, NameBytes))
                        ? new Claim(System.Buffers.Binary.BinaryPrimitives.ReadUInt16BigEndian(claimed.AsSpan(NameBytes)), default)
                        : new Claim(0, AppendOutcome.Conflict);
                }
            }
        }
        catch (RedisUnavailableException e)
        {
            return new Claim(0, e.IsOutOfMemory ? AppendOutcome.Full : AppendOutcome.Unavailable);
        }
    }

    /// <summary>A short name for a producer's id: half a SHA-256, so that no two ids share one by accident or by intent.</summary>
    private static byte[] Name(LogAppend entry) =>
        SHA256.HashData(Encoding.UTF8.GetBytes($"{entry.Tenant}\0{entry.Source}\0{entry.ExternalId}"))[..NameBytes];

    private static RedisKey IdKey(string prefix, byte[] name) => (byte[])[.. Encoding.UTF8.GetBytes(prefix), .. name];

    /// <summary>Where an entry goes, or why it does not.</summary>
    private readonly record struct Claim(int Partition, AppendOutcome? Refused);

    /// <summary>An append whose entries are answered one by one.</summary>
    private sealed class Append(IReadOnlyList<LogAppend> entries)
    {
        private readonly AppendResult[] _results = new AppendResult[entries.Count];
        private readonly TaskCompletionSource<AppendResult[]> _source = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _open = entries.Count;

        public IReadOnlyList<LogAppend> Entries { get; } = entries;

        /// <summary>The names of the producers' ids.</summary>
        public byte[]?[]? Names { get; set; }

        public Task<AppendResult[]> Task => Entries.Count == 0 ? System.Threading.Tasks.Task.FromResult(_results) : _source.Task;

        public void Set(int index, AppendOutcome outcome) => Set(index, new AppendResult(outcome, Entries[index].EventId));

        public void Set(int index, AppendResult result)
        {
            _results[index] = result;
            if (Interlocked.Decrement(ref _open) == 0)
            {
                _source.SetResult(_results);
            }
        }
    }
}
