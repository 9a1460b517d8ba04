#if FULL_PROFILE
using Notifications.Hangfire;
using Notifications.MailKit;
#endif

namespace Notifications.Server;

/// <summary>What the full profile (<c>-p:Profile=full</c>) adds, or puts in the place of what every build has; nothing in the default one.</summary>
internal static class FullProfile
{
#if FULL_PROFILE
    public static void AddFullProfile(this WebApplicationBuilder builder)
    {
        builder.Services.AddMailKit();
        builder.Services.AddNotificationsHangfire(builder.Configuration);
    }

    public static Task OpenFullProfileAsync(this WebApplication app) => app.OpenNotificationsHangfireAsync();

    public static void MapFullProfile(this WebApplication app) => app.MapNotificationsHangfire();
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
