using System.Globalization;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>The issuer of external tokens cannot be asked for its keys: whether a token is valid is not known.</summary>
internal sealed class IssuerUnavailableException(Exception inner) : Exception("The issuer's keys could not be fetched.", inner);

/// <summary>How users' tokens are checked: our own by one scheme, an external issuer's by another, told apart by <c>iss</c>.</summary>
internal static class UserTokens
{
    public const string OwnScheme = "UserToken";
    public const string ExternalScheme = "ExternalUserToken";

    /// <summary>What clocks may differ by.</summary>
    internal static readonly TimeSpan ClockSkew = TimeSpan.FromSeconds(5);

    private static readonly JsonWebTokenHandler Reader = new();

    /// <summary>The scheme that checks a request's credential.</summary>
    public static string SchemeOf(HttpContext context, bool external)
    {
        var token = BearerToken.Of(context);
        return token is null ? OwnScheme
            : token.StartsWith(ApiKey.Prefix, StringComparison.Ordinal) ? KeyAuthenticationHandler.SchemeName
            : external && IssuerOf(token) != TokenIssuer.Issuer ? ExternalScheme
            : OwnScheme;
    }

    /// <summary>Our own tokens.</summary>
    public static void ConfigureOwn(JwtBearerOptions options, IServiceProvider services, TimeProvider time)
    {
        ConfigureAny(options, time, defaultTenant: null);
        options.TokenValidationParameters.ValidIssuer = TokenIssuer.Issuer;
        options.TokenValidationParameters.ValidAudience = TokenIssuer.Issuer;
        options.TokenValidationParameters.ValidAlgorithms = [SecurityAlgorithms.HmacSha256];
        options.TokenValidationParameters.IssuerSigningKeyResolver = (_, _, _, _) => [services.GetRequiredService<TokenIssuer>().Key];
    }

    /// <summary>The tokens of the configured issuer.</summary>
    /// <exception cref="StartupException">The key cannot be used.</exception>
    public static void ConfigureExternal(JwtBearerOptions options, JwtOptions jwt, TimeProvider time, IHostEnvironment environment)
    {
        ConfigureAny(options, time, jwt.DefaultTenant);
        var parameters = options.TokenValidationParameters;
        parameters.ValidAudience = jwt.Audience;
        parameters.ValidIssuer = jwt.Issuer;
        if (jwt.Authority is not null)
        {
            options.Authority = jwt.Authority;
            options.RequireHttpsMetadata = !environment.IsDevelopment();
            parameters.ValidAlgorithms = jwt.AllowedAlgorithms(secret: false);
            return;
        }

        var key = ReadKey(jwt.SigningKey ?? SecretFile.Read("Notifications:Auth:Jwt:SigningKeyFile", jwt.SigningKeyFile!));
        var secret = key is SymmetricSecurityKey;
        if (jwt.CheckAlgorithms(secret) is { } error)
        {
            throw new StartupException(error);
        }

        parameters.IssuerSigningKey = key;
        parameters.ValidAlgorithms = jwt.AllowedAlgorithms(secret);
    }

    private static void ConfigureAny(JwtBearerOptions options, TimeProvider time, string? defaultTenant)
    {
        options.MapInboundClaims = false;
        options.TimeProvider = time;
        options.TokenValidationParameters = new TokenValidationParameters
        {
            RequireSignedTokens = true,
            ValidateIssuerSigningKey = true,
            ValidateIssuer = true,
            ValidateAudience = true,
            RequireAudience = true,
            RequireExpirationTime = true,
            ClockSkew = ClockSkew,
            LifetimeValidator = (notBefore, expires, _, _) => IsCurrent(time.GetUtcNow().UtcDateTime, notBefore, expires),
            NameClaimType = Caller.UserClaim,
        };
        options.Events = new JwtBearerEvents
        {
            OnMessageReceived = context =>
            {
                context.Token = BearerToken.Of(context.HttpContext);
                if (context.Token is null)
                {
                    context.NoResult();
                }

                return Task.CompletedTask;
            },
            OnTokenValidated = context => AcceptAsync(context, defaultTenant),
            OnAuthenticationFailed = async context =>
            {
                if (await FetchFaultAsync(context) is { } fault)
                {
                    context.Fail(new IssuerUnavailableException(fault));
                }
            },
        };
    }

    /// <summary>
    /// Why the issuer's keys are not there, or null where they are. Without them the handler finds every token invalid, which may not be so.
    /// Once fetched they are kept, so an issuer that goes away later changes nothing.
    /// </summary>
    private static async Task<Exception?> FetchFaultAsync(AuthenticationFailedContext context)
    {
        if (context.Options.ConfigurationManager is not { } issuer)
        {
            return null;
        }

        try
        {
            await issuer.GetConfigurationAsync(context.HttpContext.RequestAborted);
            return null;
        }
        catch (Exception e) when (e is InvalidOperationException or IOException or HttpRequestException)
        {
            return e;
        }
    }

    private static bool IsCurrent(DateTime now, DateTime? notBefore, DateTime? expires)
    {
        if (expires is null)
        {
            throw new SecurityTokenNoExpirationException("The token has no expiry.");
        }

        if (expires.Value + ClockSkew <= now)
        {
            throw new SecurityTokenExpiredException("The token has expired.") { Expires = expires.Value };
        }

        return notBefore is null || notBefore.Value - ClockSkew <= now;
    }

    /// <summary>Takes the user, the tenant and the expiry from a token that is genuine, and nothing else it may claim.</summary>
    private static async Task AcceptAsync(TokenValidatedContext context, string? defaultTenant)
    {
        var principal = context.Principal!;
        if (principal.FindAll(Caller.UserClaim).ToList() is not [{ Value: var user }] || !Recipient.IsKey(user))
        {
            context.Fail("The token's claim sub is not a user id.");
            return;
        }

        var tenant = principal.FindAll(Caller.TenantClaim).ToList() switch
        {
            [] => defaultTenant,
            [{ Value: var value }] => value,
            _ => null,
        };
        try
        {
            var keys = context.HttpContext.RequestServices.GetRequiredService<KeyDirectory>();
            if (tenant is null || !await keys.TenantExistsAsync(tenant))
            {
                context.Fail(tenant is null ? "The token has no claim tenant." : "The token's tenant does not exist.");
                return;
            }
        }
        catch (StoreUnavailableException e)
        {
            context.Fail(e);
            return;
        }

        var identity = new ClaimsIdentity(context.Scheme.Name, Caller.UserClaim, roleType: null);
        identity.AddClaim(new Claim(Caller.UserClaim, user));
        identity.AddClaim(new Claim(Caller.TenantClaim, tenant));
        var expires = new DateTimeOffset(context.SecurityToken.ValidTo, TimeSpan.Zero).ToUnixTimeSeconds();
        identity.AddClaim(new Claim(Caller.ExpiryClaim, expires.ToString(CultureInfo.InvariantCulture), ClaimValueTypes.Integer64));
        context.Principal = new ClaimsPrincipal(identity);
    }

    private static string? IssuerOf(string token)
    {
        try
        {
            return Reader.CanReadToken(token) ? Reader.ReadJsonWebToken(token).Issuer : null;
        }
        catch (Exception e) when (e is ArgumentException or SecurityTokenException or FormatException)
        {
            return null;
        }
    }

    private static SecurityKey ReadKey(string text)
    {
        if (!text.Contains("-----BEGIN", StringComparison.Ordinal))
        {
            var secret = Encoding.UTF8.GetBytes(text);
            return secret.Length >= 32
                ? new SymmetricSecurityKey(secret)
                : throw new StartupException("Notifications:Auth:Jwt:SigningKey is too short: a secret has at least 32 bytes.");
        }

        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            throw new StartupException("Notifications:Auth:Jwt:SigningKey holds a private key; this service needs the public one only.");
        }

        try
        {
            if (text.Contains("BEGIN CERTIFICATE", StringComparison.Ordinal))
            {
                return new X509SecurityKey(X509Certificate2.CreateFromPem(text));
            }

            return ReadRsa(text) ?? (SecurityKey)ReadEcdsa(text);
        }
        catch (Exception e) when (e is CryptographicException or ArgumentException)
        {
            throw new StartupException($"Notifications:Auth:Jwt:SigningKey is not a public key or certificate in PEM: {e.Message}", e);
        }
    }

    private static RsaSecurityKey? ReadRsa(string pem)
    {
        var rsa = RSA.Create();
        try
        {
            rsa.ImportFromPem(pem);
            return new RsaSecurityKey(rsa);
        }
        catch (CryptographicException)
        {
            rsa.Dispose();
            return null;
        }
    }

    private static ECDsaSecurityKey ReadEcdsa(string pem)
    {
        var ecdsa = ECDsa.Create();
        ecdsa.ImportFromPem(pem);
        return new ECDsaSecurityKey(ecdsa);
    }
}
