using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Notifications.Auth;

namespace Notifications.Server;

/// <summary>What a developer sees first.</summary>
internal static class Welcome
{
    /// <summary>Prints, where there is a demo and once the service listens, where to look and what to paste.</summary>
    public static void PrintWelcome(this WebApplication app)
    {
        if (!app.HasDemo())
        {
            return;
        }

        app.Lifetime.ApplicationStarted.Register(() =>
        {
            var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
            if (addresses.FirstOrDefault() is { } address)
            {
                Console.WriteLine(Text(Reachable(address)));
            }
        });
    }

    /// <summary>An address that works in a browser on this machine: listening on all interfaces is not one.</summary>
    internal static string Reachable(string address) => address.TrimEnd('/')
        .Replace("//[::]", "//localhost", StringComparison.Ordinal).Replace("//0.0.0.0", "//localhost", StringComparison.Ordinal)
        .Replace("//*", "//localhost", StringComparison.Ordinal).Replace("//+", "//localhost", StringComparison.Ordinal);

    private static string Text(string url) =>
        $$"""

          Notifications is running (Development).

            Demo      {{url}}/demo
            API docs  {{url}}/docs

          Send a first notification:

            curl {{url}}/v1/events -H 'Authorization: Bearer {{LocalCaller.DevelopmentKey}}' -H 'Content-Type: application/json' -d '{"type":"greeting","to":["user:alice"],"title":"Hello, Alice"}'

        """;
}
