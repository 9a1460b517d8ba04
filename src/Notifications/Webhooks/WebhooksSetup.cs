using System.Net;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Notifications.Channels;
using Notifications.Hosting;

namespace Notifications.Webhooks;

/// <summary>Registers webhooks: the channel and what its API needs.</summary>
internal static class WebhooksSetup
{
    public static IServiceCollection AddNotificationsWebhooks(this IServiceCollection services, IConfiguration configuration) => services
        .AddNotificationsOptions<WebhookOptions>(configuration, "Notifications:Webhooks", o => o.Validate())
        .AddNotificationsJson(WebhooksJson.Default)
        .AddSingleton<WebhookTargets>()
        .AddSingleton(provider => new WebhookSender(
            provider.GetRequiredService<IOptions<WebhookOptions>>().Value, provider.GetRequiredService<WebhookTargets>(),
            provider.GetRequiredService<TimeProvider>(), Dns.GetHostAddressesAsync))
        .AddSingleton<IChannel, WebhookChannel>();
}
