using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Channels.Email;

/// <summary>
/// The page behind the link in a mail. Looking at it changes nothing, because mail scanners look at every link; its button does, and so does the
/// request that mail programs send by themselves (RFC 8058).
/// </summary>
public static class UnsubscribeApi
{
    /// <summary>Maps <c>/v1/unsubscribe/{token}</c>.</summary>
    public static IEndpointRouteBuilder MapUnsubscribe(this IEndpointRouteBuilder routes)
    {
        // For recipients and their mail programs, who have the link; no caller of the API has a use for it.
        var group = routes.MapGroup("/v1/unsubscribe").AllowAnonymous().ExcludeFromDescription();
        group.MapGet("/{token}", ShowAsync);
        group.MapPost("/{token}", UnsubscribeAsync).WithSmallBody();
        return routes;
    }

    private static async Task<IResult> ShowAsync(string token, HttpContext context, UnsubscribeLinks links) =>
        await links.ReadAsync(token) is { } subscription
            ? UnsubscribePage.Ask(context, subscription.Category)
            : Unknown(context);

    private static async Task<IResult> UnsubscribeAsync(string token, HttpContext context, UnsubscribeLinks links, Store store)
    {
        if (await links.ReadAsync(token) is not { } subscription)
        {
            return Unknown(context);
        }

        await (subscription.IsUser
            ? store.TurnEmailOffAsync(subscription.Tenant, subscription.Who, subscription.Category)
            : store.SuppressAsync(subscription.Tenant, subscription.Who, subscription.Category));
        return UnsubscribePage.Done(context, subscription.Category);
    }

    /// <summary>A page for browsers, a problem for everything else.</summary>
    private static IResult Unknown(HttpContext context) => context.Request.GetTypedHeaders().Accept.Any(type => type.MediaType == "text/html")
        ? UnsubscribePage.Unknown(context)
        : Problems.NotFound("This is no link that this service has made, or it was copied in part.");
}
