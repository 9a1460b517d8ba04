namespace Notifications.Dispatch;

/// <summary>Which partitions this process works on.</summary>
public interface ILeases
{
    /// <summary>
    /// Runs work for every partition that this process owns, until it is told to stop; ends the work of a partition before that goes to somebody
    /// else.
    /// </summary>
    /// <param name="work">The work of a partition; ends soon after it is told to, or by itself where the partition is not owned (any more).</param>
    /// <param name="stoppingToken">Gives everything up; whoever comes next need not wait.</param>
    Task RunAsync(Func<int, CancellationToken, Task> work, CancellationToken stoppingToken);

    /// <summary>The lease of a partition as it is now, or null where it is not this process's.</summary>
    Task<PartitionLease?> OpenAsync(int partition, CancellationToken cancellationToken);
}
