using System.Globalization;

namespace Notifications.Benchmarks;

/// <summary>What the command line asks for.</summary>
/// <param name="Names">Groups, and <c>channels</c> and <c>drills</c>.</param>
/// <param name="Only">Which measures; all where there are none.</param>
/// <param name="Turns">How often each side is measured.</param>
/// <param name="List">Whether to name what could be measured, and measure nothing.</param>
internal sealed record Options(IReadOnlyList<string> Names, IReadOnlyList<string> Only, int Turns, bool List)
{
    /// <summary>What goes out beside the inbox.</summary>
    public const string Channels = "channels";

    /// <summary>What has no floor: starting, doing nothing, handing over.</summary>
    public const string Drills = "drills";

    /// <summary>How to ask.</summary>
    public static string Usage => $"tests/bench [{string.Join("] [", Catalogue.Groups.Select(g => g.Name))}] [{Channels}] [{Drills}] [--only ID,ID…] [--turns N] [--list]";

    /// <summary>Reads it.</summary>
    /// <returns>Null where it is not understood.</returns>
    public static Options? Read(string[] args)
    {
        var options = new Options([], [], Runner.Turns, false);
        for (var i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--only" when i + 1 < args.Length:
                    options = options with { Only = args[++i].Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries) };
                    break;
                case "--turns" when i + 1 < args.Length && int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out var turns) && turns > 0:
                    (options, i) = (options with { Turns = turns }, i + 1);
                    break;
                case "--list":
                    options = options with { List = true };
                    break;
                case var name when name is Channels or Drills || Catalogue.Groups.Any(g => g.Name == name):
                    options = options with { Names = [.. options.Names, name] };
                    break;
                default:
                    return null;
            }
        }

        return options.Names.Count > 0 ? options : options with { Names = ["server", "embedded"] };
    }
}
