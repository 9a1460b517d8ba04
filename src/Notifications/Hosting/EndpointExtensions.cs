using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Notifications.Auth;
using Notifications.Channels.Email;
using Notifications.Channels;
using Notifications.DeadLetters;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Jobs;
using Notifications.Operations;
using Notifications.Preferences;
using Notifications.Realtime;
using Notifications.Stats;
using Notifications.Templates;
using Notifications.Topics;
using Notifications.Users;
using Notifications.Webhooks;

namespace Notifications.Hosting;

/// <summary>All endpoints of the service, by the role that serves them.</summary>
public static class EndpointExtensions
{
    /// <summary>
    /// Maps every feature. What this node's roles do not serve is described all the same, so that each node has the whole API's description, and
    /// answered with 404 by a sentence that says where it is served.
    /// </summary>
    public static void MapNotifications(this IEndpointRouteBuilder app)
    {
        var node = app.ServiceProvider.GetRequiredService<Node>();

        var ingest = app.MapRole(node, Roles.Ingest);
        ingest.MapLogin();
        ingest.MapKeys();
        ingest.MapTokens();
        ingest.MapEvents();
        ingest.MapEventsQuery();
        ingest.MapEventsChange();
        ingest.MapTopics();
        ingest.MapStats();
        ingest.MapUnsubscribe();
        ingest.MapJobs().MapOperations().MapDeadLetters().MapDeliveries();
        ingest.MapPolicy().MapUserPreferences();
        ingest.MapUsers().MapExport().MapImports();
        ingest.MapTemplates();
        ingest.MapWebhooks();

        var gateway = app.MapRole(node, Roles.Gateway);
        gateway.MapInbox();
        gateway.MapMyPreferences().MapMyTopics();
        if (node.Has(Roles.Gateway))
        {
            gateway.MapRealtime();
        }
        else
        {
            // Without the role there is no SignalR to map; the convention of the group answers.
            gateway.Map(BearerToken.HubPath + "/{**rest}", _ => Task.CompletedTask).ExcludeFromDescription();
        }

        app.MapHealth();
        app.MapOpenApi("/openapi/{documentName}.json");
    }

    private static RouteGroupBuilder MapRole(this IEndpointRouteBuilder app, Node node, Roles role)
    {
        var group = app.MapGroup("");
        if (!node.Has(role))
        {
            var detail = $"This node serves the roles {string.Join(", ", RoleNames.Of(node.Roles))}; ask one that serves {RoleNames.Of(role)[0]}.";
            RequestDelegate elsewhere = context => Problems.NotFound(detail).ExecuteAsync(context);
            group.AllowAnonymous(); // Whoever asks; the description goes on saying what is needed where it is served.
            ((IEndpointConventionBuilder)group).Finally(endpoint => endpoint.RequestDelegate = elsewhere);
        }

        return group;
    }
}
