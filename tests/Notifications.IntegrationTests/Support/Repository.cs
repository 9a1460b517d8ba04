namespace Notifications.IntegrationTests.Support;

/// <summary>Where things are built.</summary>
public static class Repository
{
    /// <summary>The folder with the solution.</summary>
    public static string Root { get; } = FindRoot();

    /// <summary>The server, built in the configuration of this assembly.</summary>
    public static string ServerAssembly { get; } = FindServer();

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Notifications.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"Notifications.sln is in no folder above {AppContext.BaseDirectory}.");
    }

    private static string FindServer()
    {
        // artifacts/bin/<project>/<configuration>/
        var configuration = Path.GetFileName(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var path = Path.Combine(Root, "artifacts", "bin", "Notifications.Server", configuration, "Notifications.Server.dll");
        return File.Exists(path) ? path : throw new InvalidOperationException($"The server is not built: {path} is missing.");
    }
}
