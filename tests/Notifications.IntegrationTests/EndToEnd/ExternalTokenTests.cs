using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.EndToEnd;

/// <summary>Users whose tokens another system signs.</summary>
public sealed class ExternalTokenTests : IAsyncLifetime
{
    private const string Secret = "a secret of the tests, long enough for HS256";

    private ServerProcess? _server;

    private ServerProcess Server => _server!;

    /// <inheritdoc/>
    public async Task InitializeAsync() => _server = await ServerProcess.StartAsync(new ServerOptions
    {
        Settings = new Dictionary<string, string>
        {
            ["Notifications__Auth__Jwt__SigningKey"] = Secret,
            ["Notifications__Auth__Jwt__Issuer"] = "https://issuer.example",
            ["Notifications__Auth__Jwt__Audience"] = "notifications",
        },
    });

    /// <inheritdoc/>
    public async Task DisposeAsync() => await Server.DisposeAsync();

    [Fact]
    public async Task A_connection_ends_with_its_token_and_says_so()
    {
        var token = Token(life: TimeSpan.FromSeconds(4));
        await using var client = await HubClient.ConnectAsync(Server.Address, token);
        await using var lasting = await HubClient.ConnectAsync(Server.Address, Token());
        await Server.Api.PublishAsync("ada", "while it is valid");
        await client.WaitForNotificationsAsync(1);
        await client.WaitForCloseAsync();
        var closing = Assert.Single(client.Received.OfType<Closing>());
        using var me = Server.Api.As(token);

        Assert.Equal("token_expired", closing.Code);
        await Until.ValueAsync("the token refused", () => me.GetAsync("/v1/me/inbox"), answer => answer.Status == 401); // Clocks may differ a little.
        var refused = await Assert.ThrowsAsync<HubRefusedException>(() => HubClient.ConnectAsync(Server.Address, token));
        Assert.Equal(HttpStatusCode.Unauthorized, refused.Status);
        Assert.False(lasting.Closed.IsCompleted);
    }

    [Fact]
    public async Task Tokens_that_do_not_hold_are_refused()
    {
        using var good = Server.Api.As(Token());
        (await good.GetAsync("/v1/me/inbox")).Expect(200);
        foreach (var (why, token) in new[]
        {
            ("expired", Token(life: TimeSpan.FromMinutes(-10))),
            ("another issuer", Token(issuer: "https://elsewhere.example")),
            ("another audience", Token(audience: "elsewhere")),
            ("another key", Token(secret: "another secret of the tests, as long as that")),
            ("no signature", Token(algorithm: "none")),
            ("another algorithm", Token(algorithm: "HS512")),
            ("no end", Token(ends: false)),
            ("no user", Token(user: null)),
            ("no tenant", Token(tenant: null)),
        })
        {
            using var me = Server.Api.As(token);
            var answer = await me.GetAsync("/v1/me/inbox");
            Assert.True(answer.Status == 401, $"{why}: {answer}");
        }
    }

    private static string Token(
        TimeSpan? life = null, string issuer = "https://issuer.example", string audience = "notifications", string secret = Secret,
        string algorithm = "HS256", bool ends = true, string? user = "ada", string? tenant = "default")
    {
        var now = TimeProvider.System.GetUtcNow();
        var claims = new Dictionary<string, object>
        {
            ["iss"] = issuer,
            ["aud"] = audience,
            ["iat"] = now.AddHours(-1).ToUnixTimeSeconds(),
        };
        if (ends)
        {
            claims["exp"] = (now + (life ?? TimeSpan.FromHours(1))).ToUnixTimeSeconds();
        }

        if (user is not null)
        {
            claims["sub"] = user;
        }

        if (tenant is not null)
        {
            claims["tenant"] = tenant;
        }

        var text = $"{Part(new { alg = algorithm, typ = "JWT" })}.{Part(claims)}";
        var key = Encoding.UTF8.GetBytes(secret);
        var signature = algorithm switch
        {
            "none" => [],
            "HS512" => HMACSHA512.HashData(key, Encoding.ASCII.GetBytes(text)),
            _ => HMACSHA256.HashData(key, Encoding.ASCII.GetBytes(text)),
        };
        return $"{text}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Part(object json) => Base64Url.EncodeToString(JsonSerializer.SerializeToUtf8Bytes(json));
}
