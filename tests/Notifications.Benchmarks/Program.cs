using System.Globalization;
using Notifications.Benchmarks;
using Notifications.IntegrationTests.Support;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var which = args.Length == 0 ? "embedded" : args[0];
if (args.Length > 1 || which is not ("embedded" or "server" or "channels" or "all"))
{
    Console.Error.WriteLine("tests/bench [embedded | server | channels | all]");
    return 2;
}

if (which != "embedded" && Executables.Missing is { } missing)
{
    Console.Error.WriteLine($"The server engine and its queue cannot be measured: {missing}");
    return 1;
}

if (which is "channels" or "all" && SmtpServer.Missing is { } needed)
{
    Console.Error.WriteLine($"Email cannot be measured: {needed}");
    return 1;
}

try
{
    var complete = true;
    if (which is "embedded" or "all")
    {
        complete &= await EmbeddedFigures.PrintAsync();
    }

    if (which is "server" or "all")
    {
        complete &= await ServerFigures.PrintAsync();
    }

    if (which is "channels" or "all")
    {
        complete &= await ChannelFigures.PrintAsync();
    }

    return complete ? 0 : 1;
}
finally
{
    TempFolder.DeleteAll(); // The end of the process comes too fast to delete much then.
}
