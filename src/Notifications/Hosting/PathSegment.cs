using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Notifications.Hosting;

/// <summary>
/// A user id or topic key in a path, as its caller wrote it. The server leaves <c>%2F</c> as it is when it decodes a path, so that
/// <c>a%2Fb</c> and <c>a%252Fb</c> look the same in a route's values; only the request line tells them apart.
/// </summary>
public static class PathSegment
{
    /// <summary>The decoded segment.</summary>
    /// <param name="context">The request.</param>
    /// <param name="index">Which, from 0: of <c>/v1/topics/KEY</c> the key is 2.</param>
    public static string Of(HttpContext context, int index)
    {
        var target = context.Features.GetRequiredFeature<IHttpRequestFeature>().RawTarget;
        var path = target.AsSpan(0, target.IndexOf('?') is >= 0 and var end ? end : target.Length).TrimStart('/');
        foreach (var range in path.Split('/'))
        {
            if (index-- == 0)
            {
                return Uri.UnescapeDataString(path[range]);
            }
        }

        return "";
    }
}
