using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Notifications.Auth;

namespace Notifications.Hangfire;

/// <summary>
/// The token that the dashboard's pages send with what they change: derived from the operator's session, so that any node can check one that another
/// node's page was given. The framework's own would need a key ring that all nodes share.
/// </summary>
internal sealed class OperatorAntiforgery(OperatorSessions sessions) : IAntiforgery
{
    private const string HeaderName = "X-CSRF-Token", FieldName = "__RequestVerificationToken";
    private static readonly object Token = new();

    public AntiforgeryTokenSet GetAndStoreTokens(HttpContext httpContext) => GetTokens(httpContext);

    public AntiforgeryTokenSet GetTokens(HttpContext httpContext) => new(httpContext.Items[Token] as string, null, FieldName, HeaderName);

    public async Task<bool> IsRequestValidAsync(HttpContext httpContext)
    {
        // A program that sends its key with each request cannot be made to by another site.
        if (HttpMethods.IsGet(httpContext.Request.Method) || HttpMethods.IsHead(httpContext.Request.Method) || BearerToken.Of(httpContext) is not null)
        {
            return true;
        }

        return await sessions.RequestTokenAsync(httpContext) is { } expected
            && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(expected), Encoding.UTF8.GetBytes(httpContext.Request.Headers[HeaderName].ToString()));
    }

    public async Task ValidateRequestAsync(HttpContext httpContext)
    {
        if (!await IsRequestValidAsync(httpContext))
        {
            throw new AntiforgeryValidationException("The request was not made by the page itself.");
        }
    }

    public void SetCookieTokenAndHeader(HttpContext httpContext)
    {
    }

    /// <summary>Finds a page's token before the page is made, which is done without waiting.</summary>
    internal static async Task PrepareAsync(HttpContext context, OperatorSessions sessions) =>
        context.Items[Token] = await sessions.RequestTokenAsync(context);
}
