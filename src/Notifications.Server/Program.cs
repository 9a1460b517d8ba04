using Notifications.Hosting;
using Notifications.Server;

var check = args.Contains("--check");
try
{
    var builder = WebApplication.CreateBuilder([.. args.Where(arg => arg != "--check")]);
    builder.AddHost();
    builder.Services.AddNotifications(builder.Configuration, builder.Environment);

    await using var app = builder.Build();
    if (check)
    {
        await app.CheckNotificationsAsync();
        Console.WriteLine($"The configuration and the store are fine (environment {app.Environment.EnvironmentName}).");
        return 0;
    }

    await app.OpenNotificationsAsync();
    app.UseNotifications();
    app.MapNotifications();
    app.MapWebPages();
    app.MapDemoApi();
    app.PrintWelcome();
    await app.RunAsync();
    return 0;
}
catch (Exception e) when (StartupFault.Explain(e) is { } reason)
{
    await Console.Error.WriteLineAsync(reason);
    return 1;
}
