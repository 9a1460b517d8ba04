using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;

namespace Notifications.Hosting;

/// <summary>All endpoints of the service.</summary>
public static class EndpointExtensions
{
    /// <summary>Maps every feature.</summary>
    public static void MapNotifications(this IEndpointRouteBuilder app)
    {
        app.MapKeys();
        app.MapTokens();
        app.MapHealth();
        app.MapOpenApi("/openapi/{documentName}.json");
    }
}
