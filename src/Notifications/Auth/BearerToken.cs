using Microsoft.AspNetCore.Http;

namespace Notifications.Auth;

/// <summary>Where a credential may stand in a request.</summary>
public static class BearerToken
{
    /// <summary>The hub: the one path on which a token may stand in the query, because browsers cannot set headers on a WebSocket.</summary>
    public static readonly PathString HubPath = "/hubs/notifications";

    private const string Scheme = "Bearer ";

    /// <summary>The request's credential: of the <c>Authorization</c> header, or, for the hub, <c>access_token</c> of the query.</summary>
    /// <returns>Null where there is none. An API key in a query is none: URLs end up in too many places.</returns>
    public static string? Of(HttpContext context)
    {
        var headers = context.Request.Headers.Authorization;
        if (headers.Count > 0)
        {
            return headers.Count == 1 && headers[0] is { } header && header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
                ? Text(header[Scheme.Length..].Trim())
                : null;
        }

        return context.Request.Path.StartsWithSegments(HubPath)
            && Text(context.Request.Query["access_token"].ToString()) is { } token && !token.StartsWith(ApiKey.Prefix, StringComparison.Ordinal)
                ? token
                : null;
    }

    private static string? Text(string token) => token.Length == 0 ? null : token;
}
