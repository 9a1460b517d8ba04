using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;
using Notifications.Benchmarks.Scale;

namespace Notifications.Benchmarks;

/// <summary>
/// What is compared with: the least that has to be done for the same effect from outside, with the same libraries, in a process like the service's.
/// Nothing is checked, authenticated or logged.
/// </summary>
internal static class FloorServer
{
    /// <summary>Serves until it is killed.</summary>
    /// <param name="args"><c>--port N --blast N [--redis N] [--folder PATH] [--rows N --database CONNECTION]</c></param>
    public static async Task RunAsync(string[] args)
    {
        var settings = new ConfigurationBuilder().AddCommandLine(args).Build();
        var builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions());
        builder.Logging.ClearProviders();
        builder.Services.AddBareHub();
        await using var app = builder.Build();
        app.Urls.Add($"http://127.0.0.1:{settings["port"]}");
        app.MapNothing();
        app.MapBareHub();
        if (settings["redis"] is { } redis)
        {
            await app.MapRedisAsync(int.Parse(redis, CultureInfo.InvariantCulture));
        }

        if (settings["folder"] is { } folder)
        {
            app.MapSqlite(folder);
        }

        if (settings["rows"] is { } rows)
        {
            RowsFloor.Start(int.Parse(rows, CultureInfo.InvariantCulture), settings["database"]!);
        }

        Blast.Start(int.Parse(settings["blast"]!, CultureInfo.InvariantCulture));
        await app.RunAsync();
    }
}
