using System.Globalization;
using System.Security.Claims;

namespace Notifications.Auth;

/// <summary>Who calls. Tenant and user come from the credential alone, never from the request.</summary>
public static class Caller
{
    /// <summary>Claim that holds the tenant, in our tokens, in external ones and on a key's principal.</summary>
    public const string TenantClaim = "tenant";

    /// <summary>Claim that holds the user; absent on a key's principal.</summary>
    public const string UserClaim = "sub";

    /// <summary>Claim that holds when a user's token ends, in Unix seconds; absent on a key's principal.</summary>
    public const string ExpiryClaim = "exp";

    /// <summary>The caller's tenant.</summary>
    /// <exception cref="InvalidOperationException">The request was not authenticated: the endpoint lacks its policy.</exception>
    public static string Tenant(this ClaimsPrincipal principal) =>
        principal.FindFirstValue(TenantClaim) ?? throw new InvalidOperationException("The endpoint has no authorization policy.");

    /// <summary>The caller's user id.</summary>
    /// <exception cref="InvalidOperationException">The caller is not a user: the endpoint lacks the <see cref="Scopes.User"/> policy.</exception>
    public static string UserId(this ClaimsPrincipal principal) =>
        principal.FindFirstValue(UserClaim) ?? throw new InvalidOperationException("The endpoint lacks the user policy.");

    /// <summary>When the caller's token ends, or null for a key, which does not.</summary>
    public static DateTimeOffset? ExpiresAt(this ClaimsPrincipal principal) =>
        long.TryParse(principal.FindFirstValue(ExpiryClaim), NumberStyles.None, CultureInfo.InvariantCulture, out var seconds)
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
}
