using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Hosting;
using Notifications.Templates;

namespace Notifications.Channels.Email;

/// <summary>A library that mail is sent with. The one registered last is used.</summary>
/// <param name="ImplicitTls">Whether it can do TLS from the first byte on.</param>
/// <param name="Create">Makes the transport.</param>
public sealed record MailTransportChoice(bool ImplicitTls, Func<MailServer, TimeProvider, IMailTransport> Create);

/// <summary>Registers the email channel.</summary>
public static class EmailSetup
{
    /// <summary>Registers the channel and what it is made of; with the base library's client, unless another is chosen.</summary>
    public static IServiceCollection AddEmail(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddNotificationsOptions<SmtpOptions>(configuration, "Notifications:Smtp", o => o.Validate());
        services.AddSingleton(new MailTransportChoice(ImplicitTls: false, (server, time) => new BaseMailTransport(server, time)));
        services.AddSingleton<IValidateOptions<SmtpOptions>, ImplicitTlsCheck>();
        services.AddSingleton<PublicAddress>().AddSingleton<UnsubscribeLinks>();
        services.AddSingleton<IMailTransport>(provider => provider.GetRequiredService<MailTransportChoice>().Create(
            provider.GetRequiredService<IOptions<SmtpOptions>>().Value.Server(), provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new MailComposer(
            provider.GetRequiredService<IOptions<SmtpOptions>>().Value, provider.GetRequiredService<UnsubscribeLinks>(), provider.GetService<TemplateRenderer>()));
        return services.AddSingleton<IChannel>(provider => new EmailChannel(
            provider.GetRequiredService<IOptions<SmtpOptions>>().Value, provider.GetRequiredService<MailComposer>(),
            new Lazy<IMailTransport>(provider.GetRequiredService<IMailTransport>), provider.GetRequiredService<ILogger<EmailChannel>>()));
    }

    private sealed class ImplicitTlsCheck(MailTransportChoice choice) : IValidateOptions<SmtpOptions>
    {
        public ValidateOptionsResult Validate(string? name, SmtpOptions options) => options.Security == SmtpSecurity.Tls && !choice.ImplicitTls
            ? ValidateOptionsResult.Fail(
                "Notifications:Smtp:Security is tls, which this build's mail library does not know. Set it to starttls (usually on port 587), or build " +
                "the service with -p:Profile=full.")
            : ValidateOptionsResult.Success;
    }
}
