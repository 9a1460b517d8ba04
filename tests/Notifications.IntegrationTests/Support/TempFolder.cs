using System.Globalization;

namespace Notifications.IntegrationTests.Support;

/// <summary>A temporary folder. What a test run leaves behind that was killed, the next one deletes.</summary>
public sealed class TempFolder : IDisposable
{
    private const string Prefix = "notifications-test-";
    private static readonly HashSet<string> Open = [];

    static TempFolder()
    {
        foreach (var left in Directory.EnumerateDirectories(System.IO.Path.GetTempPath(), Prefix + "*"))
        {
            var owner = System.IO.Path.GetFileName(left)[Prefix.Length..].Split('-')[0];
            if (Directory.Exists("/proc/self") && int.TryParse(owner, out var process) && !Directory.Exists($"/proc/{process}"))
            {
                EndProcessesIn(left);
                Delete(left);
            }
        }

        AppDomain.CurrentDomain.ProcessExit += (_, _) => DeleteAll();
    }

    /// <summary>Makes an empty folder.</summary>
    /// <param name="root">Where; the system's folder for temporary files otherwise.</param>
    public TempFolder(string? root = null)
    {
        var name = string.Create(CultureInfo.InvariantCulture, $"{Prefix}{Environment.ProcessId}-{Guid.NewGuid():N}");
        Path = Directory.CreateDirectory(System.IO.Path.Combine(root ?? System.IO.Path.GetTempPath(), name)).FullName;
        lock (Open)
        {
            Open.Add(Path);
        }
    }

    /// <summary>Its path.</summary>
    public string Path { get; }

    /// <summary>Deletes those that are left, at the end of the run.</summary>
    public static void DeleteAll()
    {
        lock (Open)
        {
            foreach (var path in Open)
            {
                Delete(path);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (Open)
        {
            Open.Remove(Path);
        }

        Delete(Path);
    }

    /// <summary>Ends what still runs there, such as processes that were frozen when the test run was killed.</summary>
    private static void EndProcessesIn(string folder)
    {
        foreach (var process in Directory.EnumerateDirectories("/proc"))
        {
            try
            {
                if (int.TryParse(System.IO.Path.GetFileName(process), out var id)
                    && Directory.ResolveLinkTarget(System.IO.Path.Combine(process, "cwd"), returnFinalTarget: false)?.FullName
                        .StartsWith(folder, StringComparison.Ordinal) == true)
                {
                    Signals.Send(id, Signal.Kill);
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // Another user's, or it has ended.
            }
        }
    }

    private static void Delete(string path)
    {
        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Another user's, or something still writes there; the next run tries again.
        }
    }
}
