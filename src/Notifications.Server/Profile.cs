#if FULL_PROFILE
using Notifications.Hangfire;
using Notifications.MailKit;
#endif

namespace Notifications.Server;

/// <summary>What the profile that this was built in has beside, or in place of, what every build has.</summary>
internal static class Profile
{
#if FULL_PROFILE
    /// <summary>Registers it.</summary>
    public static void AddProfile(this WebApplicationBuilder builder)
    {
        builder.Services.AddMailKit();
        builder.Services.AddNotificationsHangfire(builder.Configuration);
    }

    /// <summary>Opens it, after the engine.</summary>
    public static Task OpenProfileAsync(this WebApplication app) => app.OpenNotificationsHangfireAsync();

    /// <summary>Maps its pages.</summary>
    public static void MapProfile(this WebApplication app) => app.MapNotificationsHangfire();
#else
    /// <summary>Registers it.</summary>
    public static void AddProfile(this WebApplicationBuilder _)
    {
    }

    /// <summary>Opens it, after the engine.</summary>
    public static Task OpenProfileAsync(this WebApplication _) => Task.CompletedTask;

    /// <summary>Maps its pages.</summary>
    public static void MapProfile(this WebApplication _)
    {
    }
#endif
}
