using Microsoft.AspNetCore.Connections;
using Notifications.Hosting;
using Serilog;
using Serilog.Formatting.Json;

namespace Notifications.Server;

/// <summary>What belongs to this process rather than to the service: logs, the listener.</summary>
internal static class HostSetup
{
    /// <summary>
    /// Settings are read once, at start. Watching their files would watch the whole content root, and with it every write to the data below it.
    /// </summary>
    public const string NoReload = "--hostBuilder:reloadConfigOnChange=false";

    private const string DefaultUrl = "http://localhost:8080";
    private const string ConsoleTemplate = "{Timestamp:HH:mm:ss} {Level:u3} {Message:lj}{NewLine}{Exception}";

    private static readonly string[] AddressKeys = ["urls", "http_ports", "https_ports"];

    /// <summary>Sets up logging and Kestrel.</summary>
    public static void AddHost(this WebApplicationBuilder builder)
    {
        builder.Logging.ClearProviders().AddSerilog(CreateLogger(builder), dispose: true);
        builder.WebHost.ConfigureKestrel((context, kestrel) =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = context.Configuration.GetValue("Notifications:Limits:RequestBytes", new LimitsOptions().RequestBytes);
            kestrel.Limits.MaxRequestHeadersTotalSize = 32 << 10;
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(15);
        });
        if (!HasAddress(builder.Configuration))
        {
            builder.WebHost.UseUrls(DefaultUrl);
        }
    }

    /// <summary>Whether any of the usual settings says where to listen.</summary>
    private static bool HasAddress(ConfigurationManager configuration) =>
        AddressKeys.Any(key => !string.IsNullOrWhiteSpace(configuration[key]))
        || configuration.GetSection("Kestrel:Endpoints").GetChildren().Any();

    /// <summary>Levels come from the section <c>Serilog</c>, and so do sinks; where it names none, text in Development and JSON elsewhere.</summary>
    private static Serilog.Core.Logger CreateLogger(WebApplicationBuilder builder)
    {
        // An address in use is told in one line at the end (StartupFault); the host would log it with three stack traces first.
        var logger = new LoggerConfiguration().ReadFrom.Configuration(builder.Configuration)
            .Filter.ByExcluding(line => line.Exception is IOException { InnerException: AddressInUseException });
        if (builder.Configuration.GetSection("Serilog:WriteTo").Exists())
        {
            return logger.CreateLogger();
        }

        return (builder.Environment.IsDevelopment()
            ? logger.WriteTo.Console(outputTemplate: ConsoleTemplate, formatProvider: System.Globalization.CultureInfo.InvariantCulture)
            : logger.WriteTo.Console(new JsonFormatter(renderMessage: true))).CreateLogger();
    }
}
