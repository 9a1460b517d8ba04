using System.Net;
using System.Security.Cryptography;
using Microsoft.Extensions.Configuration;
using Notifications.Auth;
using Notifications.Hosting;

namespace Notifications.Tests.Hosting;

public sealed class StartupTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Notifications:Auth:BootstrapKey", "sk_dev_local", "BootstrapKey")]
    [InlineData("Notifications:Auth:BootstrapKey", "sk_short", "24")]
    [InlineData("Notifications:Auth:BootstrapKey", "not-a-key-but-long-enough-for-one", "sk_")]
    [InlineData("Notifications:Auth:BootstrapKeyFile", "/nonexistent/key", "BootstrapKeyFile")]
    [InlineData("Notifications:Log:Partitions", "0", "Notifications:Log:Partitions")]
    [InlineData("Notifications:Log:Partitions", "many", "Notifications:Log:Partitions")]
    [InlineData("Notifications:Log:CriticalPartitions", "129", "Notifications:Log:CriticalPartitions")]
    [InlineData("Notifications:Roles", "gateway,dispatcher", "Notifications:Roles")]
    [InlineData("Notifications:Roles", "gateway,ingest", "ConnectionStrings:Redis")]
    [InlineData("Notifications:Node", "eu/1", "Notifications:Node")]
    [InlineData("Notifications:Node", "a b", "Notifications:Node")]
    [InlineData("Notifications:StartupWaitSeconds", "601", "Notifications:StartupWaitSeconds")]
    [InlineData("Notifications:Retention:InboxDays", "0", "Notifications:Retention:InboxDays")]
    [InlineData("Notifications:Cors:Origins:0", "app.example", "Notifications:Cors:Origins")]
    [InlineData("Notifications:Cors:Origins:0", "*", "Notifications:Cors:Origins")]
    [InlineData("Notifications:Cors:Origins:0", "https://app.example/path", "Notifications:Cors:Origins")]
    [InlineData("Notifications:Proxy:KnownNetworks:0", "10.0.0.5", "Notifications:Proxy:KnownNetworks")]
    [InlineData("Notifications:Proxy:KnownNetworks:0", "10.0.0.0/33", "Notifications:Proxy:KnownNetworks")]
    [InlineData("Notifications:Proxy:KnownNetworks:0", "proxy.example/8", "Notifications:Proxy:KnownNetworks")]
    [InlineData("ConnectionStrings:Redis", "localhost", "ConnectionStrings:Postgres")]
    [InlineData("ConnectionStrings:Postgres", "Host=localhost", "ConnectionStrings:Redis")]
    [InlineData("Notifications:Auth:Jwt:Audience", "a", "Authority")]
    [InlineData("Notifications:Auth:Jwt:SigningKey", "0123456789012345678901234567890123456789", "Audience")]
    [InlineData("Notifications:PublicUrl", "notify.example.com", "Notifications:PublicUrl")]
    [InlineData("Notifications:PublicUrl", "https://notify.example.com/", "Notifications:PublicUrl")]
    [InlineData("Notifications:PublicUrl", "ftp://notify.example.com", "Notifications:PublicUrl")]
    [InlineData("Notifications:PublicUrl", "https://notify.example.com?x=1", "Notifications:PublicUrl")]
    [InlineData("Notifications:Smtp:Host", "mail.example.com", "Notifications:Smtp:From")]
    [InlineData("Notifications:Smtp:Host", "mail.example.com:25", "Notifications:Smtp:Host")]
    [InlineData("Notifications:Smtp:From", "notifications@example.com", "Notifications:Smtp:Host")]
    [InlineData("Notifications:Smtp:Port", "0", "Notifications:Smtp:Port")]
    [InlineData("Notifications:Smtp:Port", "70000", "Notifications:Smtp:Port")]
    [InlineData("Notifications:Smtp:Security", "ssl", "Notifications:Smtp:Security")]
    [InlineData("Notifications:Smtp:Security", "7", "Notifications:Smtp:Security")]
    [InlineData("Notifications:Smtp:Security", "tls", "starttls")]
    [InlineData("Notifications:Smtp:User", "service", "Notifications:Smtp:Password")]
    [InlineData("Notifications:Smtp:Password", "secret", "Notifications:Smtp:User")]
    [InlineData("Notifications:Smtp:PasswordFile", "/nonexistent/password", "/nonexistent/password")]
    [InlineData("Notifications:Smtp:FromName", "a\nb", "Notifications:Smtp:FromName")]
    [InlineData("Notifications:Smtp:Connections", "0", "Notifications:Smtp:Connections")]
    [InlineData("Notifications:Smtp:TimeoutSeconds", "0", "Notifications:Smtp:TimeoutSeconds")]
    [InlineData("Notifications:Smtp:PerDomain", "101", "Notifications:Smtp:PerDomain")]
    [InlineData("Notifications:Other", "x", "BootstrapKey")]
    public async Task What_cannot_work_is_refused_and_names_the_setting(string setting, string value, string named)
    {
        var error = await RefusalAsync("Production", (setting, value));
        Assert.Contains(named, error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("RS256")]
    public async Task A_secret_is_used_with_no_algorithm_but_its_own(string algorithm) => Assert.Contains(
        "Algorithms",
        await RefusalAsync(
            "Development", ("Notifications:Auth:Jwt:SigningKey", "0123456789012345678901234567890123456789"), ("Notifications:Auth:Jwt:Issuer", "i"),
            ("Notifications:Auth:Jwt:Audience", "a"), ("Notifications:Auth:Jwt:Algorithms:0", algorithm)),
        StringComparison.Ordinal);

    [Fact]
    public async Task A_public_key_is_used_with_no_secrets_algorithm()
    {
        using var rsa = RSA.Create(2048);
        Assert.Contains(
            "Algorithms",
            await RefusalAsync(
                "Development", ("Notifications:Auth:Jwt:SigningKey", rsa.ExportSubjectPublicKeyInfoPem()), ("Notifications:Auth:Jwt:Issuer", "i"),
                ("Notifications:Auth:Jwt:Audience", "a"), ("Notifications:Auth:Jwt:Algorithms:0", "HS256")),
            StringComparison.Ordinal);
        Assert.Contains(
            "private key",
            await RefusalAsync(
                "Development", ("Notifications:Auth:Jwt:SigningKey", rsa.ExportPkcs8PrivateKeyPem()), ("Notifications:Auth:Jwt:Issuer", "i"),
                ("Notifications:Auth:Jwt:Audience", "a")),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task Outside_development_the_bootstrap_key_is_the_first_and_the_development_key_is_none()
    {
        var file = Path.Combine(_folder.Info.FullName, "key");
        await File.WriteAllTextAsync(file, TestHost.Bootstrap + "\n");
        await using (var host = await TestHost.StartAsync(_folder.Info, "Production", [("Notifications:Auth:BootstrapKeyFile", file)]))
        {
            Assert.Equal(HttpStatusCode.OK, (await host.GetAsync("/v1/keys", TestHost.Bootstrap)).Status);
            (await host.GetAsync("/v1/keys")).ShouldBeProblem(401, "unauthorized");
        }

        // Stored now, so it may be left out; and it is there once.
        await using (var host = await TestHost.StartAsync(_folder.Info, "Production"))
        {
            var keys = await host.GetAsync("/v1/keys", TestHost.Bootstrap);
            Assert.Equal("bootstrap", Assert.Single(keys.Json.GetProperty("data").EnumerateArray()).GetProperty("name").GetString());
        }
    }

    [Fact]
    public async Task A_folder_in_use_and_data_of_a_newer_version_are_refused()
    {
        await using (await TestHost.StartAsync(_folder.Info))
        {
            Assert.Contains(_folder.Data, await RefusalAsync("Development"), StringComparison.Ordinal);
        }

        await using (var host = await TestHost.StartAsync(_folder.Info))
        {
            await host.Get<EmbeddedEngine>().Database.WriteAsync(session => session.ExecuteAsync("PRAGMA user_version = 9999"));
        }

        Assert.Contains("newer version", await RefusalAsync("Development"), StringComparison.Ordinal);
        await using var app = TestHost.Build(_folder.Info);
        Assert.Contains("newer version", (await Assert.ThrowsAsync<StartupException>(app.CheckNotificationsAsync)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_check_makes_no_database_and_asks_for_a_key()
    {
        await using (var app = TestHost.Build(_folder.Info, "Production"))
        {
            Assert.Contains("BootstrapKey", (await Assert.ThrowsAsync<StartupException>(app.CheckNotificationsAsync)).Message, StringComparison.Ordinal);
        }

        await using (var app = TestHost.Build(_folder.Info))
        {
            await app.CheckNotificationsAsync();
        }

        Assert.False(File.Exists(Path.Combine(_folder.Data, "notifications.db")));
    }

    [Fact]
    public void A_setting_that_nothing_knows_is_told()
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["notifications:datapath"] = "x",
            ["Notifications:DataPth"] = "x",
            ["Notifications:Log:Partitions"] = "4",
            ["Notifications:Log:Partition"] = "4",
            ["Notifications:Auth:Jwt:Algorithms:0"] = "RS256",
            ["Notifications:Auth:Jwt:Audiance"] = "x",
            ["Notifications:Cors:Origins:3"] = "x",
            ["Notifications:Cors:Origins"] = "x",
            ["Notifications:Proxy:KnownNetworks"] = "",
        }).Build();
        OptionsSection[] sections =
        [
            new("Notifications", typeof(NotificationsOptions)), new("Notifications:Auth", typeof(AuthOptions)),
            new("Notifications:Cors", typeof(CorsOptions)), new("Notifications:Proxy", typeof(ProxyOptions)),
        ];
        Assert.Equal(
            ["Notifications:Auth:Jwt:Audiance", "Notifications:Cors:Origins", "Notifications:DataPth", "Notifications:Log:Partition"],
            OptionsSetup.UnknownSettings(configuration, sections));
    }

    private async Task<string> RefusalAsync(string environment, params (string, string)[] settings) =>
        (await Assert.ThrowsAsync<StartupException>(async () =>
        {
            await using var app = TestHost.Build(_folder.Info, environment, settings);
            await app.OpenNotificationsAsync();
        })).Message;
}
