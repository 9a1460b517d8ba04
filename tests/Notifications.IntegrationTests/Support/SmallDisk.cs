namespace Notifications.IntegrationTests.Support;

/// <summary>A disk with little room.</summary>
public sealed class SmallDisk : IAsyncDisposable
{
    private readonly TempFolder _folder = new();

    private SmallDisk()
    {
    }

    /// <summary>Where it is mounted.</summary>
    public string Path => _folder.Path;

    private string Filler => System.IO.Path.Combine(Path, "filler");

    /// <summary>Mounts one; null where this user may not.</summary>
    public static async Task<SmallDisk?> MountAsync(int megabytes)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            return null;
        }

        var disk = new SmallDisk();
        try
        {
            await ChildProcess.RunAsync(["mount", "-t", "tmpfs", "-o", $"size={megabytes}m,mode=755", "tmpfs", disk.Path]);
            return disk;
        }
        catch (InvalidOperationException)
        {
            disk._folder.Dispose();
            return null;
        }
    }

    /// <summary>Leaves no room on it.</summary>
    public void Fill()
    {
        using var file = new FileStream(Filler, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        var block = new byte[64 * 1024];
        try
        {
            while (true)
            {
                file.Write(block);
            }
        }
        catch (IOException)
        {
            // Full.
        }
    }

    /// <summary>Leaves as much room as there was before <see cref="Fill"/>.</summary>
    public void Free() => File.Delete(Filler);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await ChildProcess.RunAsync(["umount", "--lazy", Path]);
        _folder.Dispose();
    }
}
