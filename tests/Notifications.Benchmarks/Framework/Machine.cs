using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>What figures depend on beside the code.</summary>
internal static class Machine
{
    /// <summary>Describes this machine; with the servers where these are installed and measured with.</summary>
    public static async Task<JsonObject> DescribeAsync(bool servers)
    {
        var folder = servers ? Path.GetTempPath() : ServerData.Root;
        var machine = new JsonObject
        {
            ["cores"] = Environment.ProcessorCount,
            ["os"] = RuntimeInformation.RuntimeIdentifier,
            ["dotnet"] = Environment.Version.ToString(),
            ["fsyncMs"] = Math.Round(Table.Fsync(folder), 2),
            ["disk"] = new DriveInfo(folder).DriveFormat is "tmpfs" ? "IN MEMORY, set TMPDIR to a folder on a disk" : new DriveInfo(folder).DriveFormat,
            ["loadBefore"] = File.Exists("/proc/loadavg") ? (await File.ReadAllTextAsync("/proc/loadavg")).Split(' ')[0] : null,
        };
        if (servers)
        {
            machine["redis"] = await VersionAsync(Executables.Find("redis-server"), "v=");
            machine["postgres"] = await VersionAsync(Executables.FindPostgres("postgres"), "(PostgreSQL) ");
        }

        return machine;
    }

    /// <summary>The same in a line.</summary>
    public static string Line(JsonObject machine) => string.Join(", ", machine.Where(p => p.Value is not null).Select(p => $"{p.Key} {p.Value}"));

    /// <summary>The commit that is checked out, with a mark where files differ from it; null where that cannot be told.</summary>
    public static async Task<string?> CommitAsync() =>
        Executables.Find("git") is { } git ? (await OutputAsync([git, "-C", Repository.Root, "describe", "--always", "--dirty"]))?.Split('\n')[0] : null;

    private static async Task<string?> VersionAsync(string? program, string before)
    {
        var output = program is null ? null : await OutputAsync([program, "--version"]);
        var at = output?.IndexOf(before, StringComparison.Ordinal) ?? -1;
        return at < 0 ? null : output![(at + before.Length)..].Split(' ', '\n')[0];
    }

    private static async Task<string?> OutputAsync(IReadOnlyList<string> command)
    {
        var log = new OutputLog();
        using var child = ChildProcess.Start(command, log);
        return await child.WaitAsync(TimeSpan.FromSeconds(10)) == 0 ? log.ToString() : null;
    }
}

/// <summary>Where data of the embedded engine is: on a disk, which a temporary folder may not be.</summary>
internal static class ServerData
{
    /// <summary>The folder.</summary>
    public static string Root { get; } = Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts", "bench")).FullName;
}
