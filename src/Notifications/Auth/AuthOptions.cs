namespace Notifications.Auth;

/// <summary>Settings under <c>Notifications:Auth</c>.</summary>
public sealed class AuthOptions
{
    /// <summary>The shortest bootstrap key, in characters.</summary>
    public const int MinBootstrapKeyLength = 24;

    /// <summary>
    /// The first API key outside Development: all scopes, tenant <c>default</c>. Starts with <c>sk_</c>, at least
    /// <see cref="MinBootstrapKeyLength"/> characters; the service stores its hash. Another value takes the place of the one before.
    /// Default: none.
    /// </summary>
    public string? BootstrapKey { get; set; }

    /// <summary>A file that holds the <see cref="BootstrapKey"/>. Default: none.</summary>
    public string? BootstrapKeyFile { get; set; }

    /// <summary>An issuer of user tokens besides this service. Default: none.</summary>
    public JwtOptions Jwt { get; set; } = new();

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate()
    {
        if (BootstrapKey is not null && BootstrapKeyFile is not null)
        {
            yield return "Notifications:Auth:BootstrapKey and Notifications:Auth:BootstrapKeyFile are both set; set one.";
        }

        foreach (var error in Jwt.Validate())
        {
            yield return error;
        }
    }
}

/// <summary>Settings under <c>Notifications:Auth:Jwt</c>: an external issuer of user tokens, by its authority or its key.</summary>
public sealed class JwtOptions
{
    /// <summary>Signature algorithms that can be allowed; <c>none</c> never.</summary>
    private static readonly string[] Symmetric = ["HS256", "HS384", "HS512"];

    private static readonly string[] Asymmetric = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"];

    /// <summary>URL of an OpenID Connect issuer whose keys are fetched, and fetched again when they change. Default: none.</summary>
    public string? Authority { get; set; }

    /// <summary>
    /// The issuer's key, instead of an authority: a secret of at least 32 bytes, or a public key or certificate in PEM. Default: none.
    /// </summary>
    public string? SigningKey { get; set; }

    /// <summary>A file that holds the <see cref="SigningKey"/>. Default: none.</summary>
    public string? SigningKeyFile { get; set; }

    /// <summary>What the claim <c>iss</c> must be. Required with a key; with an authority its metadata says it.</summary>
    public string? Issuer { get; set; }

    /// <summary>What the claim <c>aud</c> must name. Required.</summary>
    public string? Audience { get; set; }

    /// <summary>
    /// Allowed signature algorithms. Default: RS256 and ES256 with an authority or a public key, HS256 with a secret.
    /// </summary>
    public IList<string> Algorithms { get; set; } = [];

    /// <summary>The tenant of tokens without a claim <c>tenant</c>. Default: none, such tokens are refused.</summary>
    public string? DefaultTenant { get; set; }

    /// <summary>Whether an external issuer is configured.</summary>
    public bool IsConfigured => Authority is not null || SigningKey is not null || SigningKeyFile is not null;

    /// <summary>The algorithms that are allowed.</summary>
    /// <param name="secret">Whether the key is a shared secret.</param>
    public IReadOnlyList<string> AllowedAlgorithms(bool secret) => Algorithms.Count > 0 ? [.. Algorithms] : secret ? ["HS256"] : ["RS256", "ES256"];

    /// <summary>Checks the algorithms against the kind of key: a public key must never be taken for a secret.</summary>
    public string? CheckAlgorithms(bool secret)
    {
        var allowed = secret ? Symmetric : Asymmetric;
        var wrong = Algorithms.FirstOrDefault(a => !allowed.Contains(a, StringComparer.Ordinal));
        return wrong is null ? null : $"Notifications:Auth:Jwt:Algorithms: {wrong} cannot be used here; allowed with {(secret ? "a secret" : "an authority or a public key")}: {string.Join(", ", allowed)}.";
    }

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate()
    {
        var sources = new[] { Authority, SigningKey, SigningKeyFile }.Count(s => s is not null);
        if (sources == 0)
        {
            if (Issuer is not null || Audience is not null || DefaultTenant is not null || Algorithms.Count > 0)
            {
                yield return "Notifications:Auth:Jwt is set without Authority, SigningKey or SigningKeyFile; set one of them.";
            }

            yield break;
        }

        if (sources > 1)
        {
            yield return "Notifications:Auth:Jwt: Authority, SigningKey and SigningKeyFile exclude each other; set one.";
        }

        if (string.IsNullOrWhiteSpace(Audience))
        {
            yield return "Notifications:Auth:Jwt:Audience is required, so that a token made for another service is not accepted here.";
        }

        if (Authority is null && string.IsNullOrWhiteSpace(Issuer))
        {
            yield return "Notifications:Auth:Jwt:Issuer is required with a signing key.";
        }

        if (Authority is not null && !(Uri.TryCreate(Authority, UriKind.Absolute, out var url) && url.Scheme is "https" or "http"))
        {
            yield return "Notifications:Auth:Jwt:Authority must be an absolute URL.";
        }

        if (Issuer == TokenIssuer.Issuer)
        {
            yield return $"Notifications:Auth:Jwt:Issuer must not be {TokenIssuer.Issuer}, which is this service's own.";
        }

        if (DefaultTenant is not null && !ApiKey.IsTenant(DefaultTenant))
        {
            yield return "Notifications:Auth:Jwt:DefaultTenant is not a tenant name: [a-z0-9][a-z0-9_-]{0,62}.";
        }

        if (Authority is not null && CheckAlgorithms(secret: false) is { } error)
        {
            yield return error;
        }
    }
}
