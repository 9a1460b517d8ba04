using System.Runtime.Versioning;

namespace Notifications.Storage;

/// <summary>
/// The folder of the embedded engine, held by one process at a time: the lock is the operating system's and ends with the process, however
/// it ends.
/// </summary>
public sealed class DataFolder : IDisposable
{
    private readonly FileStream _lock;

    /// <summary>Creates the folder where it does not exist, readable by its owner alone, and takes its lock.</summary>
    /// <param name="path">The folder.</param>
    /// <exception cref="IOException">Another process has it, or it cannot be made; the message names it.</exception>
    public DataFolder(string path)
    {
        Path = System.IO.Path.GetFullPath(path);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(Path);
            }
            else
            {
                CreatePrivate(Path);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"The data folder {Path} cannot be made: {e.Message}", e);
        }

        try
        {
            _lock = new FileStream(System.IO.Path.Combine(Path, "lock"), Private(FileMode.OpenOrCreate));
        }
        catch (UnauthorizedAccessException e)
        {
            throw new IOException($"The data folder {Path} cannot be written: {e.Message}", e);
        }
        catch (IOException e)
        {
            throw new IOException($"The data folder {Path} is in use by another process.", e);
        }
    }

    /// <summary>The folder's full path.</summary>
    public string Path { get; }

    /// <summary>The database file.</summary>
    public string DatabasePath => System.IO.Path.Combine(Path, "notifications.db");

    /// <summary>Where <see cref="RestoreStamp"/> keeps its file.</summary>
    public string StampPath => System.IO.Path.Combine(Path, "stamp");

    /// <summary>
    /// Makes the database file, empty, where there is none: readable by its owner alone, which SQLite takes over for the files beside it. The
    /// folder may be older than this service, and open to all.
    /// </summary>
    public void MakeDatabase()
    {
        if (!File.Exists(DatabasePath))
        {
            new FileStream(DatabasePath, Private(FileMode.CreateNew)).Dispose();
        }
    }

    /// <summary>Lets another process have the folder.</summary>
    public void Dispose() => _lock.Dispose();

    /// <summary>How a file is opened that is for this process and its owner alone.</summary>
    internal static FileStreamOptions Private(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        }

        return options;
    }

    [UnsupportedOSPlatform("windows")]
    private static void CreatePrivate(string path) =>
        Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
}
