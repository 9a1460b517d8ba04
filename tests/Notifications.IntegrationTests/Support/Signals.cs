using System.Runtime.InteropServices;

namespace Notifications.IntegrationTests.Support;

/// <summary>The signals that tests send; the numbers are Linux's.</summary>
public enum Signal
{
    /// <summary>Ends at once.</summary>
    Kill = 9,

    /// <summary>Asks to end.</summary>
    Terminate = 15,

    /// <summary>Ends PostgreSQL without waiting for its clients, which it leaves in order.</summary>
    Interrupt = 2,

    /// <summary>Goes on after <see cref="Stop"/>.</summary>
    Continue = 18,

    /// <summary>Freezes: connections stay open, nothing answers.</summary>
    Stop = 19,
}

/// <summary>Sends signals to processes.</summary>
public static class Signals
{
    /// <summary>Sends a signal; to a process that has ended it does nothing.</summary>
    public static void Send(int process, Signal signal) => _ = Kill(process, (int)signal);

    /// <summary>The processes whose parent is this one.</summary>
    public static IReadOnlyList<int> Children(int process)
    {
        var children = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            // pid (name) state parent …; the name may hold anything but ends at the last parenthesis.
            if (int.TryParse(Path.GetFileName(folder), out var id) && Read(Path.Combine(folder, "stat")) is { } stat
                && stat[(stat.LastIndexOf(')') + 2)..].Split(' ')[1] == process.ToString())
            {
                children.Add(id);
            }
        }

        return children;
    }

    private static string? Read(string path)
    {
        try
        {
            return File.ReadAllText(path);
        }
        catch (IOException)
        {
            return null; // It has ended meanwhile.
        }
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int process, int signal);
}
