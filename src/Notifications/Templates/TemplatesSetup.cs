using Microsoft.Extensions.DependencyInjection;
using Notifications.Hosting;

namespace Notifications.Templates;

/// <summary>Registers templates.</summary>
internal static class TemplatesSetup
{
    public static IServiceCollection AddNotificationsTemplates(this IServiceCollection services) =>
        services.AddNotificationsJson(TemplatesJson.Default).AddSingleton<TemplateRenderer>();
}
