using System.Diagnostics;

namespace Notifications.Benchmarks;

/// <summary>
/// One side measured once. What is between <see cref="Begin"/> and <see cref="End"/> counts, so that a side can get going first and clean up
/// afterwards; where a side calls neither, all of it does.
/// </summary>
internal sealed class Turn(IReadOnlyList<(string Name, Func<IEnumerable<int>> Ids)> processes)
{
    /// <summary>The names of the generator, which is this process, and of the floor among the processes.</summary>
    public const string Generator = "generator", Floor = "floor";

    /// <summary>How long a side gets going before it counts.</summary>
    public static readonly TimeSpan RampUp = TimeSpan.FromSeconds(1);

    /// <summary>How long a rate is measured.</summary>
    public static readonly TimeSpan Length = TimeSpan.FromSeconds(4);

    private readonly List<string> _remarks = [];
    private CpuSnapshot? _before;
    private long _began;

    /// <summary>How long it took.</summary>
    public TimeSpan Took { get; private set; }

    /// <summary>Processor seconds by name of process, and the generator's.</summary>
    public IReadOnlyDictionary<string, double> Cpu { get; private set; } = new Dictionary<string, double>();

    /// <summary>The share of the machine that went to neither idleness nor any process of this run, 0 to 1.</summary>
    public double Foreign { get; private set; }

    /// <summary>What a reader of the figure has to know.</summary>
    public IReadOnlyList<string> Remarks => _remarks;

    /// <summary>Whether it has ended.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>From here on it counts.</summary>
    public void Begin()
    {
        _before = CpuSnapshot.Take(processes);
        _began = Stopwatch.GetTimestamp();
    }

    /// <summary>Up to here it counts.</summary>
    public void End()
    {
        Took = Stopwatch.GetElapsedTime(_began);
        var used = CpuSnapshot.Take(processes).Since(_before ?? throw new InvalidOperationException("The turn has not begun."));
        (Cpu, Foreign, HasEnded) = (used.ByName, used.Foreign, true);
    }

    /// <summary>Processor seconds of everything but the generator and some others.</summary>
    public double CpuWithout(params ReadOnlySpan<string> names)
    {
        var sum = 0.0;
        foreach (var (name, seconds) in Cpu)
        {
            sum += name == Generator || names.Contains(name) ? 0 : seconds;
        }

        return sum;
    }

    /// <summary>Says something that a reader of the figure has to know, in few words; the same is said once.</summary>
    public void Remark(string remark)
    {
        if (!_remarks.Contains(remark))
        {
            _remarks.Add(remark);
        }
    }
}
