using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>
/// <c>/login</c> and <c>/logout</c>: a browser cannot send an API key as a bearer token, so an operator types it once and gets a cookie, which is good for
/// the pages for operators and nothing else. There only where there is such a page.
/// </summary>
internal static class LoginApi
{
    public const string Path = "/login";
    public const string ReturnUrl = "returnUrl";
    private const int MaxBody = 8 << 10;

    public static void MapLogin(this IEndpointRouteBuilder app)
    {
        var pages = app.ServiceProvider.GetServices<OperatorPage>().ToArray();
        if (pages.Length == 0)
        {
            return;
        }

        var group = app.MapGroup("").ExcludeFromDescription().WithMetadata(new RequestSizeLimitAttribute(MaxBody));
        group.MapGet(Path, context => LoginPage.WriteAsync(context, StatusCodes.Status200OK, Target(context.Request.Query[ReturnUrl], pages), null));
        group.MapPost(Path, context => LogInAsync(context, pages));
        group.MapPost("/logout", LogOutAsync);
    }

    private static async Task LogInAsync(HttpContext context, OperatorPage[] pages)
    {
        if (!SameOrigin.IsSent(context.Request))
        {
            await LoginPage.WriteAsync(context, StatusCodes.Status403Forbidden, pages[0].Path, "Sign in from this page.");
            return;
        }

        if (!context.Request.HasFormContentType)
        {
            await Problems.Of(StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "Send the form of /login.").ExecuteAsync(context);
            return;
        }

        IFormCollection form;
        try
        {
            form = await context.Request.ReadFormAsync(context.RequestAborted);
        }
        catch (InvalidDataException)
        {
            await LoginPage.WriteAsync(context, StatusCodes.Status400BadRequest, pages[0].Path, "The form could not be read.");
            return;
        }

        var target = Target(form[ReturnUrl], pages);
        var failures = context.RequestServices.GetRequiredService<LoginFailures>();
        if (failures.WaitSeconds(context.Connection.RemoteIpAddress) is { } wait)
        {
            context.Response.Headers.RetryAfter = wait.ToString(System.Globalization.CultureInfo.InvariantCulture);
            await LoginPage.WriteAsync(context, StatusCodes.Status429TooManyRequests, target, "Too many attempts. Try again in a minute.");
            return;
        }

        var sessions = context.RequestServices.GetRequiredService<OperatorSessions>();
        var text = form["key"].ToString();
        try
        {
            if (await sessions.CheckAsync(context, text) is not { } key)
            {
                failures.Add(context.Connection.RemoteIpAddress);
                await LoginPage.WriteAsync(context, StatusCodes.Status401Unauthorized, target, "This API key is not valid here.");
            }
            else if (!KeyAuthenticationHandler.Principal(key).CanView())
            {
                await LoginPage.WriteAsync(
                    context, StatusCodes.Status403Forbidden, target, $"This API key has none of the scopes {Scopes.View}, {Scopes.Operate} and {Scopes.Admin}.");
            }
            else
            {
                await sessions.StartAsync(context, text);
                SeeOther(context, target);
            }
        }
        catch (StoreUnavailableException)
        {
            context.Response.Headers.RetryAfter = "1";
            await LoginPage.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, target, "The key cannot be checked right now. Try again.");
        }
    }

    private static Task LogOutAsync(HttpContext context)
    {
        if (!SameOrigin.IsSent(context.Request))
        {
            return Problems.Of(StatusCodes.Status403Forbidden, "cross_site", "This must be done from the page itself.").ExecuteAsync(context);
        }

        OperatorSessions.End(context);
        SeeOther(context, Path);
        return Task.CompletedTask;
    }

    private static void SeeOther(HttpContext context, string target)
    {
        context.Response.Headers.CacheControl = "no-store";
        context.Response.StatusCode = StatusCodes.Status303SeeOther;
        context.Response.Headers.Location = context.Request.PathBase + target;
    }

    /// <summary>Where to go on: one of the pages for operators or a part of one, never elsewhere.</summary>
    internal static string Target(string? asked, OperatorPage[] pages) =>
        asked is { Length: > 0 and < 1000 } && asked.All(c => char.IsAscii(c) && !char.IsControl(c) && c != '\\')
        && Array.Exists(pages, p => asked == p.Path || asked.StartsWith(p.Path + "/", StringComparison.Ordinal) || asked.StartsWith(p.Path + "?", StringComparison.Ordinal))
            ? asked
            : pages[0].Path;
}
