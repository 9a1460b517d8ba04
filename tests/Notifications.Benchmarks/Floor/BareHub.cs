using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Connections;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.SignalR;
using Microsoft.Extensions.DependencyInjection;

namespace Notifications.Benchmarks;

/// <summary>An event as the bare hub takes it.</summary>
internal sealed record BareEvent(string Type, string[] To, string Title, string Body, string? Priority, JsonElement Data);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(BareEvent))]
[JsonSerializable(typeof(BareEvent[]))]
[JsonSerializable(typeof(Accepted))]
internal sealed partial class FloorJson : JsonSerializerContext;

/// <summary>The answer to what was taken.</summary>
internal sealed record Accepted(string Id, string Status);

/// <summary>Nothing to call; who connects says who it is.</summary>
internal sealed class BareHub : Hub, IUserIdProvider
{
    /// <inheritdoc/>
    public string? GetUserId(HubConnectionContext connection) => connection.GetHttpContext()?.Request.Query["user"];
}

/// <summary>SignalR as it comes: what is posted goes to whoever is connected, and is stored nowhere.</summary>
internal static class BareHubSetup
{
    private const string User = "user:";

    public static void AddBareHub(this IServiceCollection services)
    {
        services.ConfigureHttpJsonOptions(options => options.SerializerOptions.TypeInfoResolverChain.Insert(0, FloorJson.Default));
        services.AddSignalR().AddJsonProtocol(options => options.PayloadSerializerOptions.TypeInfoResolverChain.Insert(0, FloorJson.Default));
        services.AddSingleton<IUserIdProvider, BareHub>();
    }

    /// <summary>Maps the hub, and <c>/user</c>, <c>/users</c> and <c>/all</c>, which send to one user, to one each, and to everyone.</summary>
    public static void MapBareHub(this IEndpointRouteBuilder routes)
    {
        routes.MapHub<BareHub>("/hub", options => options.Transports = HttpTransportType.WebSockets);
        routes.MapPost("/user", async (BareEvent @event, IHubContext<BareHub> hub) =>
        {
            await SendAsync(hub, @event);
            return Answer();
        });
        routes.MapPost("/users", async (BareEvent[] events, IHubContext<BareHub> hub) =>
        {
            foreach (var @event in events)
            {
                await SendAsync(hub, @event);
            }

            return Answer();
        });
        routes.MapPost("/all", async (BareEvent @event, IHubContext<BareHub> hub) =>
        {
            await hub.Clients.All.SendAsync("notification", @event);
            return Answer();
        });
    }

    /// <summary>Maps <c>/nothing</c>, which answers at once: as fast as posts can be.</summary>
    public static void MapNothing(this IEndpointRouteBuilder routes) => routes.MapPost("/nothing", Answer);

    /// <summary>The answer to all of them.</summary>
    public static IResult Answer() => TypedResults.Accepted((string?)null, new Accepted("evt_0199f0c52f7b7c3e8a4d5b6c7d8e9f01", "accepted"));

    private static Task SendAsync(IHubContext<BareHub> hub, BareEvent @event) =>
        hub.Clients.User(@event.To[0][User.Length..]).SendAsync("notification", @event);
}
