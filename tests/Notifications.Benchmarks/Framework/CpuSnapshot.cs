using System.Globalization;

namespace Notifications.Benchmarks;

/// <summary>
/// Where the machine's processor time went so far, from <c>/proc</c>. A process counts with its children, those included that have ended, such as the
/// sessions of PostgreSQL.
/// </summary>
/// <param name="ByName">Seconds by name of process.</param>
/// <param name="Run">Seconds of all processes that this one started, and its own.</param>
/// <param name="Busy">Seconds of the whole machine that were not idle; those count that a hypervisor gave to others.</param>
/// <param name="Total">All seconds there were.</param>
internal sealed record CpuSnapshot(IReadOnlyDictionary<string, double> ByName, double Run, double Busy, double Total)
{
    /// <summary>Ticks per second in <c>/proc</c>: the kernel's USER_HZ, the same on all machines that .NET runs on.</summary>
    private const double Ticks = 100;

    /// <summary>The share of the time that was neither idle nor this run's, 0 to 1.</summary>
    public double Foreign => Total > 0 ? Math.Max(0, Busy - Run) / Total : 0;

    /// <summary>Reads it; zeros where there is no <c>/proc</c>.</summary>
    public static CpuSnapshot Take(IReadOnlyList<(string Name, Func<IEnumerable<int>> Ids)> processes)
    {
        if (!File.Exists("/proc/stat"))
        {
            return new CpuSnapshot(new Dictionary<string, double>(), 0, 0, 0);
        }

        var all = new Dictionary<int, (int Parent, double Used)>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder.AsSpan()), out var id) && Read(Path.Combine(folder, "stat")) is { } process)
            {
                all[id] = process;
            }
        }

        var children = all.ToLookup(p => p.Value.Parent, p => p.Key);
        var byName = processes.GroupBy(p => p.Name).ToDictionary(g => g.Key, g => g.SelectMany(p => p.Ids()).Distinct().Sum(TreeOf));
        byName[Turn.Generator] = all[Environment.ProcessId].Used;

        // user nice system idle iowait irq softirq steal; what a process does inside an interrupt counts as that process's.
        var machine = Array.ConvertAll(
            File.ReadLines("/proc/stat").First().Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9], n => double.Parse(n, CultureInfo.InvariantCulture) / Ticks);
        return new CpuSnapshot(byName, TreeOf(Environment.ProcessId), machine.Sum() - machine[3] - machine[4], machine.Sum());

        double TreeOf(int id) => all.TryGetValue(id, out var process) ? process.Used + children[id].Sum(TreeOf) : 0;
    }

    /// <summary>What was used since an earlier one.</summary>
    public CpuSnapshot Since(CpuSnapshot before) => new(
        ByName.ToDictionary(n => n.Key, n => Math.Max(0, n.Value - before.ByName.GetValueOrDefault(n.Key))),
        Run - before.Run, Busy - before.Busy, Total - before.Total);

    private static (int Parent, double Used)? Read(string path)
    {
        try
        {
            // pid (name) state parent …; the name may hold anything but ends at the last parenthesis. The 12th to 15th field from there are the times:
            // its own and those of children that it has waited for, in user and in kernel mode.
            var stat = File.ReadAllText(path);
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return (int.Parse(fields[1], CultureInfo.InvariantCulture), fields[11..15].Sum(f => double.Parse(f, CultureInfo.InvariantCulture)) / Ticks);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null; // It has ended meanwhile.
        }
    }
}
