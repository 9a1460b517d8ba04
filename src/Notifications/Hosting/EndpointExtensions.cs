using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Realtime;
using Notifications.Topics;

namespace Notifications.Hosting;

/// <summary>All endpoints of the service.</summary>
public static class EndpointExtensions
{
    /// <summary>Maps every feature.</summary>
    public static void MapNotifications(this IEndpointRouteBuilder app)
    {
        app.MapKeys();
        app.MapTokens();
        app.MapEvents();
        app.MapEventsQuery();
        app.MapTopics();
        app.MapInbox();
        app.MapRealtime();
        app.MapHealth();
        app.MapOpenApi("/openapi/{documentName}.json");
    }
}
