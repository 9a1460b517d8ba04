using System.Runtime.CompilerServices;
using System.Security.Claims;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Authentication;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>Authenticates <c>Authorization: Bearer sk_…</c>.</summary>
internal sealed class KeyAuthenticationHandler(
    IOptionsMonitor<AuthenticationSchemeOptions> options, ILoggerFactory logger, UrlEncoder encoder, KeyDirectory keys, IHostEnvironment environment)
    : AuthenticationHandler<AuthenticationSchemeOptions>(options, logger, encoder)
{
    public const string SchemeName = "ApiKey";

    /// <summary>Holds a scope; only a key's identity ever has it.</summary>
    public const string ScopeClaim = "scope";

    private static readonly ConditionalWeakTable<ApiKey, ClaimsPrincipal> Principals = [];

    /// <summary>What <see cref="LocalCaller.DevelopmentKey"/> is.</summary>
    internal static readonly ApiKey Development =
        new("key_development", ApiKey.DefaultTenant, "development", Scopes.All, DateTimeOffset.UnixEpoch);

    protected override async Task<AuthenticateResult> HandleAuthenticateAsync()
    {
        if (BearerToken.Of(Context) is not { } token || ApiKey.Hash(token) is not { } hash)
        {
            return AuthenticateResult.NoResult();
        }

        if (LocalCaller.IsDevelopmentKey(token))
        {
            return environment.IsDevelopment() && LocalCaller.IsLocal(Context)
                ? Success(Development)
                : AuthenticateResult.Fail("The development key is accepted in the Development environment and from this machine only.");
        }

        try
        {
            return await keys.FindAsync(hash) is { } key ? Success(key) : AuthenticateResult.Fail("The API key is not known.");
        }
        catch (StoreUnavailableException e)
        {
            return AuthenticateResult.Fail(e);
        }
    }

    /// <summary>Who calls with a key; made once for each that is remembered, for every request with it.</summary>
    internal static ClaimsPrincipal Principal(ApiKey key) => Principals.GetValue(key, Create);

    private static ClaimsPrincipal Create(ApiKey key)
    {
        var identity = new ClaimsIdentity(SchemeName);
        identity.AddClaim(new Claim(Caller.TenantClaim, key.Tenant));
        identity.AddClaim(new Claim("key", key.Id));
        foreach (var scope in key.Scopes)
        {
            identity.AddClaim(new Claim(ScopeClaim, scope));
        }

        return new ClaimsPrincipal(identity);
    }

    private AuthenticateResult Success(ApiKey key) => AuthenticateResult.Success(new AuthenticationTicket(Principal(key), Scheme.Name));
}
