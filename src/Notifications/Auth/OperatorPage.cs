using System.Security.Claims;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;
using Microsoft.Extensions.DependencyInjection;
using Notifications.Hosting;

namespace Notifications.Auth;

/// <summary>A page for operators, which a browser opens after <c>/login</c>.</summary>
/// <param name="Path">Where it is, such as <c>/hangfire</c>.</param>
/// <param name="Name">What it is called.</param>
public sealed record OperatorPage(string Path, string Name);

/// <summary>Who may open the pages for operators.</summary>
public static class OperatorPages
{
    /// <summary>
    /// Lets in who has a session of <c>/login</c>, or sends a key as a bearer token, with a scope of an operator. Everybody else is sent to the login, or
    /// refused where no page was asked for; from this machine too, since a proxy may be on it. Requests that change something must come from the pages
    /// themselves.
    /// </summary>
    public static T RequireOperator<T>(this T builder)
        where T : IEndpointConventionBuilder
    {
        builder.Finally(endpoint =>
        {
            var page = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = context => GuardAsync(context, page);
        });
        return builder;
    }

    /// <summary>Whether the caller may look.</summary>
    public static bool CanView(this ClaimsPrincipal principal) =>
        principal.HasClaim(KeyAuthenticationHandler.ScopeClaim, Scopes.View) || principal.CanOperate();

    /// <summary>Whether the caller may change something.</summary>
    public static bool CanOperate(this ClaimsPrincipal principal) =>
        principal.HasClaim(KeyAuthenticationHandler.ScopeClaim, Scopes.Operate) || principal.HasClaim(KeyAuthenticationHandler.ScopeClaim, Scopes.Admin);

    private static async Task GuardAsync(HttpContext context, RequestDelegate page)
    {
        var headers = context.Response.Headers;
        headers.CacheControl = "no-store";
        headers.XFrameOptions = "DENY";
        if (BearerToken.Of(context) is null)
        {
            if (await context.RequestServices.GetRequiredService<OperatorSessions>().FindAsync(context) is not { } key)
            {
                await AskAsync(context);
                return;
            }

            if (!IsSafe(context.Request) && !SameOrigin.IsSent(context.Request))
            {
                await Problems.Of(StatusCodes.Status403Forbidden, "cross_site", "This must be done from the page itself.").ExecuteAsync(context);
                return;
            }

            context.User = KeyAuthenticationHandler.Principal(key);
        }
        else if (context.User.Identity?.IsAuthenticated != true)
        {
            await Problems.Of(StatusCodes.Status401Unauthorized, "unauthorized", "The credential is not valid.").ExecuteAsync(context);
            return;
        }

        if (!context.User.CanView())
        {
            await Problems.Of(StatusCodes.Status403Forbidden, "forbidden", $"This needs an API key with the scope {Scopes.View}.").ExecuteAsync(context);
            return;
        }

        await page(context);
    }

    private static bool IsSafe(HttpRequest request) => HttpMethods.IsGet(request.Method) || HttpMethods.IsHead(request.Method);

    private static Task AskAsync(HttpContext context)
    {
        var request = context.Request;
        if (!HttpMethods.IsGet(request.Method) || !request.Headers.Accept.ToString().Contains("text/html", StringComparison.OrdinalIgnoreCase))
        {
            return Problems.Of(StatusCodes.Status401Unauthorized, "unauthorized", "Sign in at /login, or send an API key as \"Authorization: Bearer …\".")
                .ExecuteAsync(context);
        }

        context.Response.Redirect($"{request.PathBase}{LoginApi.Path}{QueryString.Create(LoginApi.ReturnUrl, request.GetEncodedPathAndQuery())}");
        return Task.CompletedTask;
    }
}

/// <summary>Where a browser's request was made.</summary>
internal static class SameOrigin
{
    /// <summary>
    /// Whether a request was sent by a page of this very origin, or by no page. Browsers say so themselves (Fetch Metadata); those that do not, or not
    /// without TLS, send the origin with everything that is not a GET.
    /// </summary>
    public static bool IsSent(HttpRequest request)
    {
        var site = request.Headers["Sec-Fetch-Site"];
        if (site.Count > 0)
        {
            return site is ["same-origin"] or ["none"];
        }

        var origin = request.Headers.Origin;
        return origin.Count == 0
            || (origin.Count == 1 && string.Equals(origin[0], $"{request.Scheme}://{request.Host.Value}", StringComparison.OrdinalIgnoreCase));
    }
}
