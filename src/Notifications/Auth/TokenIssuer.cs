using System.Security.Cryptography;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>A token that was issued.</summary>
/// <param name="Token">The JWT.</param>
/// <param name="ExpiresAt">When it ends, in whole seconds.</param>
public readonly record struct IssuedToken(string Token, DateTimeOffset ExpiresAt);

/// <summary>
/// Issues users' tokens: JWTs signed with HS256 and a key that is generated once and kept in the store, so that they survive a restart and
/// hold on every node.
/// </summary>
public sealed class TokenIssuer(Store store, TimeProvider time)
{
    /// <summary>The claims <c>iss</c> and <c>aud</c> of our tokens.</summary>
    public const string Issuer = "notifications";

    /// <summary>The lifetimes a token can be given.</summary>
    public static readonly TimeSpan MinLifetime = TimeSpan.FromSeconds(60), MaxLifetime = TimeSpan.FromDays(1), DefaultLifetime = TimeSpan.FromHours(1);

    private readonly JsonWebTokenHandler _handler = new() { SetDefaultTimesOnTokenCreation = false };
    private SigningCredentials? _credentials;

    /// <summary>The key that verifies our tokens.</summary>
    /// <exception cref="InvalidOperationException"><see cref="OpenAsync"/> was not awaited.</exception>
    internal SecurityKey Key => Credentials.Key;

    private SigningCredentials Credentials => _credentials ?? throw new InvalidOperationException("The token issuer is not open.");

    /// <summary>Reads the signing key, or makes it.</summary>
    public async Task OpenAsync()
    {
        var key = await store.SettingOrAddAsync("token-signing-key", () => RandomNumberGenerator.GetBytes(32));
        _credentials = new SigningCredentials(new SymmetricSecurityKey(key), SecurityAlgorithms.HmacSha256);
    }

    /// <summary>Issues a token.</summary>
    /// <param name="tenant">The user's tenant.</param>
    /// <param name="userId">The user.</param>
    /// <param name="ttl">For how long, in whole seconds.</param>
    public IssuedToken Issue(string tenant, string userId, TimeSpan ttl)
    {
        var now = DateTimeOffset.FromUnixTimeSeconds(time.GetUtcNow().ToUnixTimeSeconds());
        var expires = now + ttl;
        var token = _handler.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Audience = Issuer,
            IssuedAt = now.UtcDateTime,
            Expires = expires.UtcDateTime,
            Claims = new Dictionary<string, object> { [Caller.UserClaim] = userId, [Caller.TenantClaim] = tenant },
            SigningCredentials = Credentials,
        });
        return new IssuedToken(token, expires);
    }
}
