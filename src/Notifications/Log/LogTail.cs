namespace Notifications.Log;

/// <summary>
/// The newest entries of a partition, in memory, so that a reader that keeps up does not read back what was just written. Entries are added by
/// the writer before its transaction is committed, and shown after it.
/// </summary>
internal sealed class LogTail(long newest)
{
    private const int MaxBytes = 4 * 1024 * 1024;

    private readonly Lock _lock = new();
    private readonly LinkedList<LogEntry> _entries = new();

    /// <summary>Every entry after this is here.</summary>
    private long _floor = newest;
    private long _shown = newest;
    private int _bytes;

    /// <summary>Adds an entry that is not committed yet; called by the writer alone.</summary>
    public void Add(LogEntry entry)
    {
        lock (_lock)
        {
            _entries.AddLast(entry);
            _bytes += entry.Payload.Length;
            while (_bytes > MaxBytes && _entries.First is { } first)
            {
                Forget(first);
            }
        }
    }

    /// <summary>Entries with this id or a higher one were never committed.</summary>
    public void DropFrom(long id)
    {
        lock (_lock)
        {
            while (_entries.Last is { } last && last.Value.Position.Value >= id)
            {
                Remove(last);
            }
        }
    }

    /// <summary>Everything up to an id is committed.</summary>
    public void ShowThrough(long id)
    {
        lock (_lock)
        {
            _shown = Math.Max(_shown, id);
        }
    }

    /// <summary>The committed entries after a position, or null where the reader has fallen behind what is here. What it has read is forgotten.</summary>
    public List<LogEntry>? TryRead(LogPosition after, int maxEntries, int maxBytes)
    {
        lock (_lock)
        {
            if (after.Value < _floor)
            {
                return null;
            }

            ForgetThrough(after);
            var (result, bytes) = (new List<LogEntry>(Math.Min(maxEntries, _entries.Count)), 0);
            for (var node = _entries.First; node is not null && node.Value.Position.Value <= _shown; node = node.Next)
            {
                if (result.Count == maxEntries || bytes > maxBytes)
                {
                    break;
                }

                result.Add(node.Value);
                bytes += node.Value.Payload.Length;
            }

            return result;
        }
    }

    /// <summary>Forgets entries that are done with; whoever asks for them again finds them in the log, or trimmed.</summary>
    public void ForgetThrough(LogPosition position)
    {
        lock (_lock)
        {
            while (_entries.First is { } first && first.Value.Position.Value <= position.Value)
            {
                Forget(first);
            }
        }
    }

    private void Forget(LinkedListNode<LogEntry> node)
    {
        _floor = Math.Max(_floor, node.Value.Position.Value);
        Remove(node);
    }

    private void Remove(LinkedListNode<LogEntry> node)
    {
        _bytes -= node.Value.Payload.Length;
        _entries.Remove(node);
    }
}
