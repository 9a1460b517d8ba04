using Microsoft.Extensions.Logging;

namespace Notifications.Hosting;

/// <summary>
/// Categories of the framework that log URLs with their query, where the hub's token stands. They are kept at Warning, whatever the
/// configuration says and for every provider.
/// </summary>
internal static class SecretCategories
{
    internal static readonly string[] Names =
        ["Microsoft.AspNetCore.Hosting.Diagnostics", "Microsoft.AspNetCore.Server.Kestrel.BadRequests", "Microsoft.AspNetCore.HttpLogging"];

    /// <summary>
    /// Adds rules that win: of the rules for a provider the longest matching category counts, and of equals the last. So each provider that
    /// has rules of its own gets ours too, and longer rules for these categories go.
    /// </summary>
    public static void Quieten(LoggerFilterOptions options)
    {
        foreach (var name in Names)
        {
            foreach (var rule in options.Rules.Where(rule => IsLonger(rule.CategoryName, name)).ToList())
            {
                options.Rules.Remove(rule);
            }

            foreach (var provider in options.Rules.Select(rule => rule.ProviderName).Append(null).Distinct().ToList())
            {
                options.Rules.Add(new LoggerFilterRule(provider, name, LogLevel.Warning, filter: null));
            }
        }
    }

    private static bool IsLonger(string? rule, string name)
    {
        if (rule is null)
        {
            return false;
        }

        var parts = rule.Split('*');
        return rule.Length >= name.Length && name.StartsWith(parts[0], StringComparison.OrdinalIgnoreCase)
            && (parts.Length == 1 || name.EndsWith(parts[1], StringComparison.OrdinalIgnoreCase));
    }
}
