using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Http.Connections.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Storage;

namespace Notifications.Realtime;

/// <summary>What a client may ask for over its connection. What it is sent is the pump's.</summary>
[Authorize(Policy = Scopes.User)]
public sealed class NotificationHub(Gateway gateway, UserLog log, TimeProvider time) : Hub
{
    private const int MaxIds = 100;

    /// <summary>Go on after a position; may be asked again at any time.</summary>
    /// <param name="request">Where.</param>
    public void Resume(ResumeRequest request)
    {
        if (request is null || request.After < 0)
        {
            throw new HubException("invalid_request: after must not be negative");
        }

        gateway.Find(Context.ConnectionId)?.Resume(request);
    }

    /// <summary>Everything up to a <c>rev</c> has been handled; the device goes on after it next time.</summary>
    /// <param name="rev">The <c>rev</c> of a message that came over this connection.</param>
    public void Ack(long rev)
    {
        if (rev < 0)
        {
            throw new HubException("invalid_request: rev must not be negative");
        }

        gateway.Find(Context.ConnectionId)?.Ack(rev);
    }

    /// <summary>Changes items of the user, as <c>PATCH /v1/me/inbox/{id}</c> does.</summary>
    /// <param name="ids">At most 100; ids the user does not have are passed over.</param>
    /// <param name="change">What to change.</param>
    public async Task<UpdateResult> Update(string[] ids, InboxChange change)
    {
        if (ids is not { Length: > 0 and <= MaxIds })
        {
            throw new HubException($"invalid_request: ids must name 1 to {MaxIds} items");
        }

        var parsed = new List<Guid>(ids.Length);
        foreach (var id in ids)
        {
            if (Ids.TryParse(Ids.Notification, id, out var guid))
            {
                parsed.Add(guid);
            }
        }

        if (change is null || change.Validate(time.GetUtcNow()) is not null)
        {
            var wrong = change?.Validate(time.GetUtcNow()) ?? ("change", "is missing");
            throw new HubException($"invalid_request: {wrong.Field} {wrong.Message}");
        }

        try
        {
            var result = await log.ChangeAsync(new UserKey(Context.User!.Tenant(), Context.User!.UserId()), parsed, change);
            return new UpdateResult(result.Updated, result.Counts);
        }
        catch (StoreUnavailableException)
        {
            throw new HubException("unavailable: nothing was changed, try again");
        }
    }
}

/// <summary>Hands each connection to the gateway; sending to groups and users is not SignalR's job here.</summary>
internal sealed class GatewayLifetimeManager(Gateway gateway, ILogger<DefaultHubLifetimeManager<NotificationHub>> logger)
    : DefaultHubLifetimeManager<NotificationHub>(logger)
{
    public override async Task OnConnectedAsync(HubConnectionContext connection)
    {
        await base.OnConnectedAsync(connection);
        gateway.Add(connection, connection.Features.Get<IHttpContextFeature>()!.HttpContext!.Features.Get<ConnectionStart>()!);
    }

    public override Task OnDisconnectedAsync(HubConnectionContext connection)
    {
        gateway.Remove(connection.ConnectionId);
        return base.OnDisconnectedAsync(connection);
    }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(InboxItem))]
[JsonSerializable(typeof(IReadOnlyList<InboxItem>))]
[JsonSerializable(typeof(List<InboxItem>))]
[JsonSerializable(typeof(InboxItem[]))]
[JsonSerializable(typeof(Counts))]
[JsonSerializable(typeof(Resumed))]
[JsonSerializable(typeof(Reset))]
[JsonSerializable(typeof(Closing))]
[JsonSerializable(typeof(ResumeRequest))]
[JsonSerializable(typeof(UpdateResult))]
[JsonSerializable(typeof(InboxChange))]
[JsonSerializable(typeof(string[]))]
[JsonSerializable(typeof(long))]
internal sealed partial class RealtimeJson : JsonSerializerContext;

/// <summary>The hub's registration and route.</summary>
public static class RealtimeSetup
{
    /// <summary>The largest message a client may send, in bytes.</summary>
    public const int MaxMessageBytes = 32 * 1024;

    /// <summary>Registers the gateway and SignalR. How it hears of what is committed, its doorbell, is the engine's.</summary>
    public static IServiceCollection AddRealtime(this IServiceCollection services)
    {
        services.AddSignalR(options =>
            {
                options.MaximumReceiveMessageSize = MaxMessageBytes;
                options.KeepAliveInterval = TimeSpan.FromSeconds(15);
                options.ClientTimeoutInterval = TimeSpan.FromSeconds(30);
            })
            .AddJsonProtocol(options => options.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, RealtimeJson.Default));
        services.AddSingleton<DevicePositions>();
        services.AddSingleton<Gateway>();
        services.AddHostedService(provider => provider.GetRequiredService<Gateway>());
        services.AddSingleton<HubLifetimeManager<NotificationHub>, GatewayLifetimeManager>();
        return services;
    }

    /// <summary>Maps the hub: WebSockets only. Which pages may connect is checked before, for all of the hub's path.</summary>
    public static IEndpointConventionBuilder MapRealtime(this IEndpointRouteBuilder routes)
    {
        var hub = routes.MapHub<NotificationHub>(BearerToken.HubPath.Value!, options => options.Transports = HttpTransportType.WebSockets);
        hub.Add(endpoint =>
        {
            var next = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => GuardAsync(context, next);
        });
        return hub;
    }

    private static Task GuardAsync(HttpContext context, RequestDelegate next)
    {
        if (context.RequestServices.GetRequiredService<Gateway>().IsStopping)
        {
            return Problems.Unavailable(context, "The server is shutting down.").ExecuteAsync(context);
        }

        if (!ConnectionStart.TryRead(context, out var start, out var error))
        {
            return Problems.Field(error.Field, error.Message).ExecuteAsync(context);
        }

        // What was negotiated was negotiated with whichever node was asked; this may be another. Without its id the upgrade is a connection of its own.
        if (context.Request.Query.ContainsKey("id"))
        {
            context.Request.QueryString = QueryString.Create(context.Request.Query.Where(parameter => parameter.Key != "id"));
        }

        context.Features.Set(start);
        return next(context);
    }
}
