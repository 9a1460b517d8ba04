using Notifications.Hosting;
using Notifications.Server;

try
{
    var (command, file, settings) = Commands.Read(args);
    var builder = WebApplication.CreateBuilder([.. settings, HostSetup.NoReload]);
    builder.AddHost();
    builder.Services.AddNotifications(builder.Configuration, builder.Environment);
    builder.AddProfile();

    await using var app = builder.Build();
    if (command is not null)
    {
        await Commands.RunAsync(app, command, file);
        return 0;
    }

    await app.OpenNotificationsAsync();
    await app.OpenProfileAsync();
    app.UseNotifications();
    app.MapNotifications();
    app.MapProfile();
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
