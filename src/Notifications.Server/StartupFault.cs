using Microsoft.AspNetCore.Connections;
using Notifications.Hosting;

namespace Notifications.Server;

/// <summary>Tells what whoever starts the service can mend from what is a bug.</summary>
internal static class StartupFault
{
    /// <summary>The reason in one line, or null for a bug, which keeps its stack trace.</summary>
    public static string? Explain(Exception exception) => exception switch
    {
        StartupException => "Cannot start: " + OneLine(exception.Message),
        InvalidDataException or FormatException => "Cannot start, the configuration cannot be read: " + OneLine(Innermost(exception).Message),
        IOException { InnerException: AddressInUseException } => "Cannot start: " + OneLine(exception.Message) + " Choose another with --urls.",
        _ => null,
    };

    private static Exception Innermost(Exception exception) => exception.InnerException is { } inner ? Innermost(inner) : exception;

    private static string OneLine(string text) => text.ReplaceLineEndings(" ");
}
