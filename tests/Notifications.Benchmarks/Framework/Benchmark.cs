using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>Measures what is asked for, prints it and saves it.</summary>
internal static class Benchmark
{
    /// <summary>Runs it.</summary>
    /// <returns>Whether everything that was asked for was measured.</returns>
    public static async Task<bool> RunAsync(Options options)
    {
        var groups = Catalogue.Groups.Where(g => options.Names.Contains(g.Name)).ToList();
        if (options.List)
        {
            foreach (var group in groups)
            {
                Console.WriteLine($"{group.Name}: {string.Join(' ', group.Measures.Select(m => m.Id))}");
            }

            return true;
        }

        if ((groups.Any(g => g.NeedsServers) || groups.Count < options.Names.Count) && Executables.Missing is { } missing)
        {
            Console.Error.WriteLine($"Only the embedded engine can be measured here: {missing}");
            return false;
        }

        if (options.Names.Contains(Options.Channels) && SmtpServer.Missing is { } needed)
        {
            Console.Error.WriteLine($"Email cannot be measured: {needed}");
            return false;
        }

        var unknown = options.Only.Where(id => !groups.Any(g => g.Measures.Any(m => m.Id == id))).ToList();
        if (unknown.Count > 0)
        {
            Console.Error.WriteLine($"Not there: {string.Join(", ", unknown)} (--list names all)");
            return false;
        }

        var complete = true;
        foreach (var group in groups)
        {
            complete &= await RunAsync(group, options);
        }

        if (options.Names.Contains(Options.Channels))
        {
            complete &= await ChannelFigures.PrintAsync();
        }

        if (options.Names.Contains(Options.Drills))
        {
            complete &= await Drills.PrintAsync();
        }

        return complete;
    }

    private static async Task<bool> RunAsync(Group group, Options options)
    {
        var measures = group.Measures.Where(m => options.Only.Count == 0 || options.Only.Contains(m.Id)).ToList();
        if (measures.Count == 0)
        {
            return true;
        }

        var (machine, commit) = (await Machine.DescribeAsync(group.NeedsServers), await Machine.CommitAsync());
        var results = new List<Result>();
        foreach (var measure in measures)
        {
            results.AddRange(await Runner.RunAsync(measure, options.Turns, commit));
            await Report.SaveAsync(group.Name, machine, results, keep: true); // What is measured stays, however the run ends.
        }

        await Report.SaveAsync(group.Name, machine, results, keep: options.Only.Count > 0);
        Report.Print(group.Title, Machine.Line(machine), results);
        return results.All(r => r.Failure is null);
    }
}
