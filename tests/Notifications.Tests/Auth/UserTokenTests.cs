using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using Notifications.Auth;
using Notifications.Storage;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Auth;

public sealed class UserTokenTests : IDisposable
{
    private const string Secret = "a-secret-that-is-shared-with-the-issuer";
    private static readonly string[] TwoTenants = ["default", "acme"];

    private readonly TempFolder _folder = new();
    private readonly ShiftedTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_token_survives_a_restart_and_ends_when_it_says()
    {
        string token;
        DateTimeOffset expires;
        await using (var host = await StartAsync())
        {
            var made = await host.PostAsync("/v1/tokens", """{"userId":"alice","ttl":60}""");
            Assert.Equal(HttpStatusCode.Created, made.Status);
            token = made.Json.GetProperty("token").GetString()!;
            expires = made.Json.GetProperty("expiresAt").GetDateTimeOffset();
            Assert.EndsWith("Z", made.Json.GetProperty("expiresAt").GetString());
        }

        await using (var host = await StartAsync())
        {
            Assert.Equal($"default|alice|{expires:O}", (await host.GetAsync("/probe/user", token)).Text);
            (await host.GetAsync("/probe/view", token)).ShouldBeProblem(403, "forbidden");
            _time.Shift = TimeSpan.FromSeconds(66);
            var problem = (await host.GetAsync("/probe/user", token)).ShouldBeProblem(401, "unauthorized");
            Assert.Equal("The token has expired.", problem.Json.GetProperty("detail").GetString());
        }
    }

    [Fact]
    public async Task Tokens_that_are_not_genuine_are_refused()
    {
        await using var host = await StartAsync();
        var own = new SigningCredentials(
            new SymmetricSecurityKey((await host.Get<Store>().SettingAsync("token-signing-key"))!), SecurityAlgorithms.HmacSha256);
        Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/probe/user", Token(own))).Status);

        var other = new SigningCredentials(new SymmetricSecurityKey(RandomNumberGenerator.GetBytes(32)), SecurityAlgorithms.HmacSha256);
        var longer = new SigningCredentials(
            new SymmetricSecurityKey([.. (await host.Get<Store>().SettingAsync("token-signing-key"))!, .. new byte[32]]), SecurityAlgorithms.HmacSha512);
        var valid = Token(own);
        var parts = valid.Split('.');
        var none = Base64UrlEncoder.Encode("""{"alg":"none","typ":"JWT"}""");
        var forged = Base64UrlEncoder.Encode(Base64UrlEncoder.Decode(parts[1]).Replace("alice", "admin", StringComparison.Ordinal));
        string[] refused =
        [
            $"{none}.{parts[1]}.", $"{none}.{parts[1]}.{parts[2]}", $"{parts[0]}.{parts[1]}.", $"{parts[0]}.{forged}.{parts[2]}",
            Token(other), Token(longer), Token(own, expires: false), Token(own, audience: null), Token(own, audience: "other"), Token(own, issuer: null),
            Token(own, issuer: "other"), Token(own, lifetime: TimeSpan.FromSeconds(-10)), Token(own, tenant: "unknown"), Token(own, withTenant: false),
            Token(own, tenant: TwoTenants), Token(own, user: null), Token(own, user: "a b"), Token(own, user: ""), "x", "a.b.c", "..",
        ];
        foreach (var token in refused)
        {
            (await host.GetAsync("/probe/user", null, ("Authorization", "Bearer " + token))).ShouldBeProblem(401, "unauthorized");
        }

        (await host.GetAsync("/probe/user", null)).ShouldBeProblem(401, "unauthorized");
        (await host.GetAsync("/probe/user", null, ("Authorization", "Basic YTpi"))).ShouldBeProblem(401, "unauthorized");
    }

    [Fact]
    public async Task A_token_may_stand_in_the_query_of_the_hub_alone()
    {
        await using var host = await StartAsync();
        var token = host.Get<TokenIssuer>().Issue("default", "alice", TimeSpan.FromMinutes(5)).Token;
        Assert.StartsWith("default|alice|", (await host.GetAsync("/hubs/notifications/probe?access_token=" + token, null)).Text);
        (await host.GetAsync("/probe/user?access_token=" + token, null)).ShouldBeProblem(401, "unauthorized");
        (await host.GetAsync("/probe/view?access_token=" + LocalCaller.DevelopmentKey, null)).ShouldBeProblem(401, "unauthorized");
        (await host.GetAsync("/hubs/notifications/probe?access_token=" + LocalCaller.DevelopmentKey, null)).ShouldBeProblem(401, "unauthorized");
    }

    [Fact]
    public async Task An_external_issuer_with_a_secret_is_accepted_beside_our_own()
    {
        await using var host = await StartAsync(
            ("Notifications:Auth:Jwt:SigningKey", Secret), ("Notifications:Auth:Jwt:Issuer", "https://id.example"),
            ("Notifications:Auth:Jwt:Audience", "alerts"));
        var key = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(Secret)), SecurityAlgorithms.HmacSha256);
        var own = host.Get<TokenIssuer>().Issue("default", "alice", TimeSpan.FromMinutes(5)).Token;

        Assert.StartsWith("default|alice|", (await host.GetAsync("/probe/user", own)).Text);
        Assert.StartsWith("default|alice|", (await host.GetAsync("/probe/user", Token(key, "https://id.example", "alerts"))).Text);
        foreach (var token in new[]
        {
            Token(key), Token(key, "https://id.example"), Token(key, "https://other.example", "alerts"), Token(key, null, "alerts"),
            Token(key, "https://id.example", "alerts", withTenant: false), Token(key, "https://id.example", "alerts", tenant: "unknown"),
            Token(key, "https://id.example", "alerts", expires: false), Token(key, "https://id.example", "alerts", user: "a,b"),
        })
        {
            (await host.GetAsync("/probe/user", token)).ShouldBeProblem(401, "unauthorized");
        }
    }

    [Fact]
    public async Task An_external_issuer_with_a_publishedkey_is_accepted_and_its_key_is_no_secret()
    {
        using var rsa = RSA.Create(2048);
        var pem = rsa.ExportSubjectPublicKeyInfoPem();
        await using var host = await StartAsync(
            ("Notifications:Auth:Jwt:SigningKey", pem), ("Notifications:Auth:Jwt:Issuer", "https://id.example"),
            ("Notifications:Auth:Jwt:Audience", "alerts"), ("Notifications:Auth:Jwt:DefaultTenant", "default"));
        var key = new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256);
        var weak = new SigningCredentials(new RsaSecurityKey(rsa), SecurityAlgorithms.RsaSha512);
        var confused = new SigningCredentials(new SymmetricSecurityKey(Encoding.UTF8.GetBytes(pem)), SecurityAlgorithms.HmacSha256);

        var extra = Token(key, "https://id.example", "alerts", withTenant: false, claims: new() { ["scope"] = "admin", ["role"] = "admin" });
        Assert.StartsWith("default|alice|", (await host.GetAsync("/probe/user", extra)).Text);
        (await host.GetAsync("/probe/view", extra)).ShouldBeProblem(403, "forbidden");
        (await host.GetAsync("/probe/user", Token(confused, "https://id.example", "alerts"))).ShouldBeProblem(401, "unauthorized");
        (await host.GetAsync("/probe/user", Token(weak, "https://id.example", "alerts"))).ShouldBeProblem(401, "unauthorized");
    }

    [Fact]
    public async Task An_authority_is_asked_for_its_keys()
    {
        using var rsa = RSA.Create(2048);
        var published = rsa.ExportParameters(includePrivateParameters: false);
        var key = new SigningCredentials(new RsaSecurityKey(rsa) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256);
        using var folder = new TempFolder();
        await using (var issuer = await TestHost.StartAsync(folder.Info))
        {
            var url = issuer.Client.BaseAddress!.ToString().TrimEnd('/');
            issuer.App.MapGet("/.well-known/openid-configuration", () => new Dictionary<string, string> { ["issuer"] = url, ["jwks_uri"] = url + "/jwks" });
            issuer.App.MapGet("/jwks", () => new Dictionary<string, Dictionary<string, string>[]>
            {
                ["keys"] = [new() { ["kty"] = "RSA", ["kid"] = "k1", ["n"] = Base64UrlEncoder.Encode(published.Modulus), ["e"] = Base64UrlEncoder.Encode(published.Exponent) }],
            });
            await using var host = await StartAsync(("Notifications:Auth:Jwt:Authority", url), ("Notifications:Auth:Jwt:Audience", "alerts"));
            Assert.StartsWith("default|alice|", (await host.GetAsync("/probe/user", Token(key, url, "alerts"))).Text);
            (await host.GetAsync("/probe/user", Token(key, "https://other.example", "alerts"))).ShouldBeProblem(401, "unauthorized");
        }

        await using (var host = await StartAsync(("Notifications:Auth:Jwt:Authority", "http://127.0.0.1:1"), ("Notifications:Auth:Jwt:Audience", "alerts")))
        {
            (await host.GetAsync("/probe/user", Token(key, "http://127.0.0.1:1", "alerts"))).ShouldBeProblem(503, "unavailable");
            var own = host.Get<TokenIssuer>().Issue("default", "alice", TimeSpan.FromMinutes(5)).Token;
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/probe/user", own)).Status);
        }
    }

    private Task<TestHost> StartAsync(params (string, string)[] settings) =>
        TestHost.StartAsync(_folder.Info, settings: settings, configure: b => b.Services.AddSingleton<TimeProvider>(_time));

    private string Token(
        SigningCredentials key, string? issuer = TokenIssuer.Issuer, string? audience = TokenIssuer.Issuer, TimeSpan? lifetime = null, bool expires = true,
        object? tenant = null, string? user = "alice", bool withTenant = true, Dictionary<string, object>? claims = null)
    {
        claims = new(claims ?? []);
        if (user is not null)
        {
            claims["sub"] = user;
        }

        if (withTenant)
        {
            claims["tenant"] = tenant ?? "default";
        }

        return new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = issuer,
            Audience = audience,
            Expires = expires ? (_time.GetUtcNow() + (lifetime ?? TimeSpan.FromMinutes(5))).UtcDateTime : null,
            Claims = claims,
            SigningCredentials = key,
        });
    }
}
