using Microsoft.Extensions.Options;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Server;

/// <summary>What the program does instead of serving: <c>--check</c>, <c>--backup FILE</c>, <c>--restore FILE</c>.</summary>
internal static class Commands
{
    private static readonly string[] Names = ["--check", "--backup", "--restore"];

    /// <summary>Takes a command out of the arguments; the rest is configuration.</summary>
    /// <exception cref="StartupException">A file is missing, or there are two commands.</exception>
    public static (string? Name, string? File, string[] Settings) Read(string[] args)
    {
        var (name, file, rest) = ((string?)null, (string?)null, new List<string>());
        for (var i = 0; i < args.Length; i++)
        {
            if (!Names.Contains(args[i]))
            {
                rest.Add(args[i]);
                continue;
            }

            if (name is not null)
            {
                throw new StartupException($"{name} and {args[i]} do not go together.");
            }

            name = args[i];
            if (name != "--check")
            {
                file = i + 1 < args.Length ? args[++i] : throw new StartupException($"{name} needs a file.");
            }
        }

        return (name, file, [.. rest]);
    }

    /// <summary>Carries a command out.</summary>
    /// <exception cref="StartupException">It could not be; the message says why.</exception>
    public static async Task RunAsync(WebApplication app, string name, string? file)
    {
        if (name != "--check" && app.Services.GetRequiredService<Node>().Engine == EngineKind.Server)
        {
            throw new StartupException(
                $"{name} is for the embedded engine's folder. Here the data is in PostgreSQL: back it up with its own tools, such as pg_dump; clients start over after a restore by themselves.");
        }

        var data = Path.Combine(app.Environment.ContentRootPath, app.Services.GetRequiredService<IOptions<NotificationsOptions>>().Value.DataPath);
        try
        {
            switch (name)
            {
                case "--check":
                    await app.CheckNotificationsAsync();
                    Console.WriteLine($"The configuration and the store are fine (environment {app.Environment.EnvironmentName}).");
                    break;
                case "--backup":
                    Backup.Create(data, file!);
                    Console.WriteLine($"The data in {data} was copied to {file}.");
                    break;
                case "--restore":
                    var kept = Backup.Restore(data, file!, TimeProvider.System);
                    Console.WriteLine($"{file} is now the data in {data}." + (kept is null ? "" : $" What was there is kept as {kept}."));
                    break;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException(e.Message, e);
        }
    }
}
