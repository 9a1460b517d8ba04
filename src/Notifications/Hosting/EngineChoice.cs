using Microsoft.Extensions.Configuration;

namespace Notifications.Hosting;

/// <summary>What the service runs on.</summary>
public enum EngineKind : byte
{
    /// <summary>SQLite in a folder of this one process.</summary>
    Embedded,

    /// <summary>Redis and PostgreSQL, shared by any number of processes.</summary>
    Server,
}

/// <summary>Decides the engine: once, from what is configured.</summary>
public static class EngineChoice
{
    /// <summary>The server engine where <c>ConnectionStrings:Redis</c> and <c>ConnectionStrings:Postgres</c> are set, the embedded one where neither is.</summary>
    /// <exception cref="StartupException">Only one is set; the message names the other.</exception>
    public static EngineKind Of(IConfiguration configuration)
    {
        var redis = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("Redis"));
        var postgres = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("Postgres"));
        return (redis, postgres) switch
        {
            (true, true) => EngineKind.Server,
            (false, false) => EngineKind.Embedded,
            (true, false) => throw new StartupException(
                "ConnectionStrings:Redis is set without ConnectionStrings:Postgres; set both for the server engine, or neither for the embedded one."),
            (false, true) => throw new StartupException(
                "ConnectionStrings:Postgres is set without ConnectionStrings:Redis; set both for the server engine, or neither for the embedded one."),
        };
    }
}
