namespace Notifications.IntegrationTests.Support;

/// <summary>The programs that tests start.</summary>
public static class Executables
{
    /// <summary>Why tests that need Redis and PostgreSQL cannot run here, or null where they can.</summary>
    public static string? Missing { get; } = Find("redis-server") is null
        ? "redis-server is not installed (Debian: apt-get install redis-server)."
        : FindPostgres("postgres") is null || FindPostgres("initdb") is null
            ? "PostgreSQL is not installed (Debian: apt-get install postgresql)."
            : null;

    /// <summary>The path of a program that is on the PATH, or null.</summary>
    public static string? Find(string name) => InAny(
        (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':').Concat(["/usr/sbin", "/sbin"]), name);

    /// <summary>The path of a program of PostgreSQL, of the newest version where there are several, or null.</summary>
    public static string? FindPostgres(string name)
    {
        const string Debian = "/usr/lib/postgresql";
        var versions = Directory.Exists(Debian)
            ? Directory.EnumerateDirectories(Debian).OrderByDescending(d => int.TryParse(Path.GetFileName(d), out var version) ? version : 0)
            : Enumerable.Empty<string>();
        return InAny(versions.Select(d => Path.Combine(d, "bin")), name) ?? Find(name);
    }

    private static string? InAny(IEnumerable<string> folders, string name) =>
        folders.Where(f => f.Length > 0).Select(f => Path.Combine(f, name)).FirstOrDefault(File.Exists);
}
