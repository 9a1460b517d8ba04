using Microsoft.Extensions.Configuration;

namespace Notifications.Hosting;

/// <summary>What a process does. On the server engine each may run in processes of its own, any number of them.</summary>
[Flags]
public enum Roles
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Serves users: the hub and <c>/v1/me</c>.</summary>
    Gateway = 1,

    /// <summary>Serves producers and operators: the rest of <c>/v1</c>.</summary>
    Ingest = 2,

    /// <summary>Takes events from the log to the inboxes.</summary>
    Dispatch = 4,

    /// <summary>Delivers by other channels than the inbox; there are none yet.</summary>
    Channels = 8,

    /// <summary>Does what only the clock drives.</summary>
    Jobs = 16,

    /// <summary>Those that are called over HTTP.</summary>
    Http = Gateway | Ingest,

    /// <summary>Everything.</summary>
    All = Gateway | Ingest | Dispatch | Channels | Jobs,
}

/// <summary>Roles as they are written: <c>gateway,ingest</c>.</summary>
public static class RoleNames
{
    private const string Setting = "Notifications:Roles";

    private static readonly (Roles Role, string Name)[] Known =
    [
        (Roles.Gateway, "gateway"), (Roles.Ingest, "ingest"), (Roles.Dispatch, "dispatch"), (Roles.Channels, "channels"), (Roles.Jobs, "jobs"),
    ];

    /// <summary>The names of these roles, in the order they are documented.</summary>
    public static IReadOnlyList<string> Of(Roles roles) => [.. Known.Where(known => roles.HasFlag(known.Role)).Select(known => known.Name)];

    /// <summary>Reads names that are separated by commas, in any case, with or without spaces; none at all means every role.</summary>
    /// <exception cref="StartupException">A name is not one of a role.</exception>
    public static Roles Parse(string? names)
    {
        var roles = Roles.None;
        foreach (var name in (names ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var role = Array.Find(Known, known => known.Name.Equals(name, StringComparison.OrdinalIgnoreCase)).Role;
            roles |= role != Roles.None
                ? role
                : throw new StartupException($"{Setting}: \"{name}\" is not a role; there are {string.Join(", ", Of(Roles.All))}, and without the setting it is all of them.");
        }

        return roles == Roles.None ? Roles.All : roles;
    }

    /// <summary>The roles that are configured, if the engine can be shared out like that.</summary>
    /// <exception cref="StartupException">A name is not one of a role, or the engine is one process and needs them all.</exception>
    internal static Roles Of(IConfiguration configuration, EngineKind engine)
    {
        var roles = Parse(configuration[Setting]);
        return engine == EngineKind.Server || roles == Roles.All
            ? roles
            : throw new StartupException(
                $"{Setting} is {string.Join(", ", Of(roles))}, but the embedded engine is one process and needs every role. Remove the setting, or set " +
                "ConnectionStrings:Redis and ConnectionStrings:Postgres for the server engine, whose roles can run in processes of their own.");
    }
}
