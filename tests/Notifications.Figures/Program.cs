using System.Globalization;
using Notifications.Figures;
using Notifications.IntegrationTests.Support;

CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
var which = args.Length == 0 ? "embedded" : args[0];
if (args.Length > 1 || which is not ("embedded" or "server" or "all"))
{
    Console.Error.WriteLine("tests/figures [embedded | server | all]");
    return 2;
}

if (which != "embedded" && Executables.Missing is { } missing)
{
    Console.Error.WriteLine($"The server engine cannot be measured: {missing}");
    return 1;
}

try
{
    var complete = true;
    if (which != "server")
    {
        complete &= await EmbeddedFigures.PrintAsync();
    }

    if (which != "embedded")
    {
        complete &= await ServerFigures.PrintAsync();
    }

    return complete ? 0 : 1;
}
finally
{
    TempFolder.DeleteAll(); // The end of the process comes too fast to delete much then.
}
