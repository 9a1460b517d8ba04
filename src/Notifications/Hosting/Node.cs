using System.Globalization;
using System.Security.Cryptography;

namespace Notifications.Hosting;

/// <summary>This process among the others.</summary>
/// <param name="Id">Its name; no two processes that run at the same time share one.</param>
/// <param name="Roles">What it does.</param>
/// <param name="Engine">What it runs on.</param>
public sealed record Node(string Id, Roles Roles, EngineKind Engine)
{
    /// <summary>The longest name.</summary>
    public const int MaxIdLength = 64;

    /// <summary>Whether it has this role.</summary>
    public bool Has(Roles role) => Roles.HasFlag(role);

    /// <summary>Whether a name may be one of a node: 1 to 64 of A-Z, a-z, 0-9, point, underscore and hyphen.</summary>
    internal static bool IsId(string id) => id.Length is > 0 and <= MaxIdLength && id.All(IsIdCharacter);

    /// <summary>A name that no other process has, even one of the same machine that had the same process id: machine, process, chance.</summary>
    internal static string NewId()
    {
        var rest = string.Create(CultureInfo.InvariantCulture, $"-{Environment.ProcessId}-{RandomNumberGenerator.GetHexString(4, lowercase: true)}");
        var machine = string.Concat(Environment.MachineName.Select(c => IsIdCharacter(c) ? c : '-'));
        return machine[..Math.Min(machine.Length, MaxIdLength - rest.Length)] + rest;
    }

    private static bool IsIdCharacter(char c) => char.IsAsciiLetterOrDigit(c) || c is '.' or '_' or '-';
}
