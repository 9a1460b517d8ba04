using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.IdentityModel.Tokens;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>Says why a caller was turned away: 401, 403, or 503 where it is not known whether the credential is valid.</summary>
internal sealed class AuthorizationProblems : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            await next(context);
            return;
        }

        // Done already and remembered; the feature of the same purpose keeps successes only.
        var failure = (await context.AuthenticateAsync()).Failure;
        var problem = failure is StoreUnavailableException or IssuerUnavailableException
            ? Problems.Unavailable(context, "The credential cannot be checked right now. Try again.")
            : authorizeResult.Challenged ? Unauthorized(context, policy, failure) : Forbidden(context, policy);
        await problem.ExecuteAsync(context);
    }

    private static ProblemHttpResult Unauthorized(
        HttpContext context, AuthorizationPolicy policy, Exception? failure)
    {
        context.Response.Headers.WWWAuthenticate = failure is null ? "Bearer" : "Bearer error=\"invalid_token\"";
        return Problems.Of(StatusCodes.Status401Unauthorized, "unauthorized", failure switch
        {
            null => $"Send {Wanted(policy)} as \"Authorization: Bearer …\".",
            AuthenticationFailureException => failure.Message,
            SecurityTokenExpiredException => "The token has expired.",
            _ => "The token is not valid.",
        });
    }

    private static ProblemHttpResult Forbidden(HttpContext context, AuthorizationPolicy policy)
    {
        var scope = policy.Requirements.OfType<ScopeRequirement>().FirstOrDefault()?.Scope;
        context.Response.Headers.WWWAuthenticate = scope is null ? "Bearer" : $"Bearer error=\"insufficient_scope\", scope=\"{scope}\"";
        return Problems.Of(StatusCodes.Status403Forbidden, "forbidden", scope is null
            ? "This is for a user: send a user's token, not an API key."
            : $"This needs an API key with the scope {scope}.");
    }

    private static string Wanted(AuthorizationPolicy policy) =>
        policy.Requirements.OfType<ScopeRequirement>().Any() ? "an API key" : "a user's token";
}
