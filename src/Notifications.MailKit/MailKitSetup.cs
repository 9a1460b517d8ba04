using Microsoft.Extensions.DependencyInjection;
using Notifications.Channels.Email;

namespace Notifications.MailKit;

/// <summary>Puts MailKit in the place of the base library's client.</summary>
public static class MailKitSetup
{
    /// <summary>Registers it.</summary>
    public static IServiceCollection AddMailKit(this IServiceCollection services) =>
        services.AddSingleton(new MailTransportChoice(ImplicitTls: true, (server, time) => new MailKitTransport(server, time)));
}
