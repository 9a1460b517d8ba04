using System.Globalization;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>What it takes to connect many clients.</summary>
internal static class Clients
{
    private const int Spare = 500;

    /// <summary>How long a server takes at most to note that thousands have come or gone.</summary>
    public static readonly TimeSpan Rest = TimeSpan.FromSeconds(3);

    /// <summary>Tokens of users, so that issuing them is no part of what is measured.</summary>
    /// <param name="api">Gives them.</param>
    /// <param name="count">How many.</param>
    /// <param name="user">Whose each is.</param>
    public static async Task<string[]> TokensAsync(Api api, int count, Func<int, string> user)
    {
        var tokens = new string[count];
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) => tokens[i] = await api.TokenAsync(user(i)));
        return tokens;
    }

    /// <summary>Where a user connects to the service.</summary>
    /// <param name="server">Which process.</param>
    /// <param name="token">The user's.</param>
    /// <param name="after">The position in the user's log to go on from; where the service left off otherwise.</param>
    public static Uri Hub(ServerProcess server, string token, long? after = null) => new(
        server.Address, string.Create(CultureInfo.InvariantCulture, $"/hubs/notifications?access_token={token}{(after is null ? "" : $"&after={after}")}"));

    /// <summary>Sees to it that this process and those it starts may have so many connections.</summary>
    /// <exception cref="InvalidOperationException">They may not; the message names the limit.</exception>
    public static void NeedConnections(int count)
    {
        const string Limits = "/proc/self/limits", Name = "Max open files";
        var line = File.Exists(Limits) ? File.ReadLines(Limits).FirstOrDefault(l => l.StartsWith(Name, StringComparison.Ordinal)) : null;
        if (line is not null && int.TryParse(line[Name.Length..].Split(' ', StringSplitOptions.RemoveEmptyEntries)[0], out var most) && most < count + Spare)
        {
            throw new InvalidOperationException($"{count:#,0} connections need ulimit -n {count + Spare}; it is {most}.");
        }
    }
}
