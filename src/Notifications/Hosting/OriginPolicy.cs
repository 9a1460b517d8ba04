using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace Notifications.Hosting;

/// <summary>
/// Which pages may open the hub. Browsers apply no CORS to WebSockets, so the service checks the <c>Origin</c> header itself.
/// </summary>
public sealed class OriginPolicy(IOptions<CorsOptions> options)
{
    private readonly HashSet<string> _origins = new(options.Value.Origins, StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Whether the request's origin may connect: one without (no browser), the service's own, or one that is configured.
    /// </summary>
    public bool IsAllowed(HttpContext context)
    {
        var origins = context.Request.Headers.Origin;
        if (origins.Count == 0)
        {
            return true;
        }

        return origins.Count == 1 && origins[0] is { } origin && (_origins.Contains(origin) || IsOwn(origin, context.Request));
    }

    /// <summary>
    /// The same host and port as the request was sent to. A page on https may have reached us as http, behind a proxy that ends TLS; never
    /// the other way round.
    /// </summary>
    private static bool IsOwn(string origin, HttpRequest request) =>
        Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
        && (string.Equals(url.Scheme, request.Scheme, StringComparison.OrdinalIgnoreCase) || url.Scheme == "https")
        && string.Equals(origin, $"{url.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase);
}
