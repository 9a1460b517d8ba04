using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Channels.Email;
using Notifications.Hosting;
using Notifications.Preferences;
using Notifications.Storage;
using Notifications.Templates;
using Notifications.Users;
using Notifications.Webhooks;

namespace Notifications.Channels;

/// <summary>Registers the channels and, on nodes that send, their pumps.</summary>
internal static class ChannelsSetup
{
    /// <summary>Registers them.</summary>
    public static IServiceCollection AddChannels(this IServiceCollection services, IConfiguration configuration, Roles roles)
    {
        services.AddNotificationsOptions<ChannelOptions>(configuration, "Notifications:Channels", o => o.Validate());
        services.AddSingleton<DeliveryBell>();
        if (!roles.HasFlag(Roles.Channels))
        {
            return services;
        }

        services.AddSingleton<WebhookHealth>();
        services.AddSingleton(provider => new DeliveryContext(
            provider.GetRequiredService<Store>(), provider.GetRequiredService<TenantConfigs>(), provider.GetRequiredService<TemplateRenderer>(),
            provider.GetRequiredService<DeliveryBell>(), provider.GetRequiredService<Node>(), provider.GetRequiredService<IOptions<ChannelOptions>>().Value,
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<DeliveryPump>>()));
        services.AddSingleton<IHostedService>(provider =>
        {
            var options = provider.GetRequiredService<IOptions<ChannelOptions>>().Value;
            return new DeliveryPump(
                provider.Channel(ChannelNames.Webhook), options.WebhookRequests,
                new BucketLimits(Math.Max(1, options.WebhookRequests / 2), options.PerSlowHost, options.WebhookRequests / 4, Rests: true, TimeSpan.FromSeconds(options.MaxRestSeconds)),
                provider.GetRequiredService<WebhookHealth>().ObserveAsync, provider.GetRequiredService<DeliveryContext>());
        });
        services.AddSingleton<IHostedService>(provider =>
        {
            // All mail goes through one relay of ours, whose connections are the bound; a domain that is slow or busy is the relay's to wait for.
            var smtp = provider.GetRequiredService<IOptions<SmtpOptions>>().Value;
            return new DeliveryPump(
                provider.Channel(ChannelNames.Email), 4 * smtp.Connections,
                new BucketLimits(smtp.PerDomain, smtp.PerDomain, 2 * smtp.Connections, Rests: false, TimeSpan.Zero), null, provider.GetRequiredService<DeliveryContext>());
        });
        return services;
    }

    private static IChannel Channel(this IServiceProvider provider, string name) => provider.GetServices<IChannel>().Single(c => c.Name == name);
}
