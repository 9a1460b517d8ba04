namespace Notifications.Log;

public sealed partial class RedisEventLog
{
    /// <summary>
    /// When partitions append: all that have something to append do so together, and those that come meanwhile in the next round. Each for itself would
    /// make many small calls of what are few larger ones. A server of a cluster that hangs holds up its own partitions only.
    /// </summary>
    private sealed class Rounds(TimeProvider time)
    {
        /// <summary>What takes longer than that is not waited for: the next round begins without it.</summary>
        private static readonly TimeSpan MaxRound = TimeSpan.FromMilliseconds(25);

        private readonly Lock _lock = new();
        private List<Partition> _ready = [];
        private bool _running;

        /// <summary>A partition has something to append; it is not in the round that runs.</summary>
        public void Add(Partition partition)
        {
            lock (_lock)
            {
                _ready.Add(partition);
                if (_running)
                {
                    return;
                }

                _running = true;
            }

            _ = RunAsync();
        }

        private async Task RunAsync()
        {
            while (Take() is { } partitions)
            {
                var round = Task.WhenAll(partitions.ConvertAll(p => p.AppendAsync())); // All are on their way before the first is answered.
                if (!round.IsCompleted)
                {
                    await Task.WhenAny(round, Task.Delay(MaxRound, time));
                }
            }
        }

        private List<Partition>? Take()
        {
            lock (_lock)
            {
                if (_ready.Count == 0)
                {
                    _running = false;
                    return null;
                }

                var partitions = _ready;
                _ready = [];
                return partitions;
            }
        }
    }
}
