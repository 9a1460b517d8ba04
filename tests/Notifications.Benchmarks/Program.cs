using System.Globalization;
using Notifications.Benchmarks;
using Notifications.IntegrationTests.Support;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
if (args is [FloorProcess.Verb, .. var settings])
{
    await FloorServer.RunAsync(settings);
    return 0;
}

if (Options.Read(args) is not { } options)
{
    Console.Error.WriteLine(Options.Usage);
    return 2;
}

try
{
    return await Benchmark.RunAsync(options) ? 0 : 1;
}
finally
{
    TempFolder.DeleteAll(); // The end of the process comes too fast to delete much then.
}
