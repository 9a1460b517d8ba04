using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Events;
using Notifications.Hosting;

namespace Notifications.Auth;

/// <summary><c>POST /v1/tokens</c>: a producer's backend gets tokens for its users.</summary>
internal static class TokensApi
{
    public static void MapTokens(this IEndpointRouteBuilder app) =>
        app.MapPost("/v1/tokens", Issue).RequireAuthorization(Scopes.TokensIssue).WithTags("Tokens").WithSmallBody()
            .WithName("issueToken").WithSummary("Issue a user's token")
            .WithDescription("For the hub and for /v1/me. Give it to the user's browser or app; ask for another before it ends.")
            .WithRequestExample("""{"userId":"alice","ttl":3600}""")
            .WithResponseExample(201, """{"token":"eyJhbGciOiJIUzI1NiIs…","expiresAt":"2026-01-15T10:30:00.000Z"}""");

    private static Results<Created<MadeToken>, ProblemHttpResult> Issue(
        NewToken request, HttpContext context, TokenIssuer issuer, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (!Recipient.IsKey(request.UserId))
        {
            return Problems.Field("userId", $"1 to {Recipient.MaxKeyLength} characters without white space, commas or control characters.");
        }

        var ttl = request.Ttl is { } seconds ? TimeSpan.FromSeconds(seconds) : TokenIssuer.DefaultLifetime;
        if (ttl < TokenIssuer.MinLifetime || ttl > TokenIssuer.MaxLifetime)
        {
            return Problems.Field("ttl", $"seconds, {TokenIssuer.MinLifetime.TotalSeconds:0} to {TokenIssuer.MaxLifetime.TotalSeconds:0}.");
        }

        var issued = issuer.Issue(context.User.Tenant(), request.UserId, ttl);
        context.Response.Headers.CacheControl = "no-store";
        return TypedResults.Created((string?)null, new MadeToken { Token = issued.Token, ExpiresAt = issued.ExpiresAt });
    }
}
