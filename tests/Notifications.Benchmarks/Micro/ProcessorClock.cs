using Perfolizer.Horology;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// Counts the processor time of this process, all of its threads together, instead of the time that passes: what else runs on the machine changes it
/// little, and what a step costs does not look cheaper for being spread over several cores. A thread that waits costs nothing.
/// </summary>
internal sealed class ProcessorClock : IClock
{
    /// <inheritdoc/>
    public string Title => "processor time";

    /// <inheritdoc/>
    public bool IsAvailable => true;

    /// <inheritdoc/>
    public Frequency Frequency { get; } = new(TimeSpan.TicksPerSecond);

    /// <inheritdoc/>
    public long GetTimestamp() => Environment.CpuUsage.TotalTime.Ticks;
}
