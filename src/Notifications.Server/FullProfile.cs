namespace Notifications.Server;

/// <summary>What the full profile (<c>-p:Profile=full</c>) adds; nothing in the default one.</summary>
internal static class FullProfile
{
#if FULL_PROFILE
    public static void AddFullProfile(this WebApplicationBuilder builder) => Hangfire.HangfireSetup.AddNotificationsHangfire(builder.Services, builder.Configuration);

    public static Task OpenFullProfileAsync(this WebApplication app) => Hangfire.HangfireSetup.OpenNotificationsHangfireAsync(app);

    public static void MapFullProfile(this WebApplication app) => Hangfire.HangfireSetup.MapNotificationsHangfire(app);
#else
    public static void AddFullProfile(this WebApplicationBuilder _)
    {
    }

    public static Task OpenFullProfileAsync(this WebApplication _) => Task.CompletedTask;

    public static void MapFullProfile(this WebApplication _)
    {
    }
#endif
}
