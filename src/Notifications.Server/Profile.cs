#if FULL_PROFILE
using Notifications.MailKit;
#endif

namespace Notifications.Server;

/// <summary>What the profile that this was built in has beside, or in place of, what every build has.</summary>
internal static class Profile
{
    /// <summary>Registers it.</summary>
    public static IServiceCollection AddProfile(this IServiceCollection services)
    {
#if FULL_PROFILE
        services.AddMailKit();
#endif
        return services;
    }
}
