using System.Net;
using Notifications.Webhooks;

namespace Notifications.Tests.Webhooks;

/// <summary>Where webhooks may go.</summary>
public sealed class WebhookTargetsTests
{
    [Theory]
    [InlineData("0.0.0.0")]
    [InlineData("0.1.2.3")]
    [InlineData("10.0.0.1")]
    [InlineData("10.255.255.255")]
    [InlineData("100.64.0.1")]
    [InlineData("100.127.255.255")]
    [InlineData("127.0.0.1")]
    [InlineData("127.255.255.254")]
    [InlineData("169.254.169.254")]
    [InlineData("172.16.0.1")]
    [InlineData("172.31.255.255")]
    [InlineData("192.0.0.8")]
    [InlineData("192.0.2.1")]
    [InlineData("192.88.99.1")]
    [InlineData("192.168.1.1")]
    [InlineData("198.18.0.1")]
    [InlineData("198.19.255.255")]
    [InlineData("198.51.100.7")]
    [InlineData("203.0.113.9")]
    [InlineData("224.0.0.1")]
    [InlineData("239.255.255.255")]
    [InlineData("240.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::")]
    [InlineData("::1")]
    [InlineData("::127.0.0.1")]
    [InlineData("::8.8.8.8")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("::ffff:10.1.2.3")]
    [InlineData("::ffff:a9fe:a9fe")]
    [InlineData("::ffff:0:127.0.0.1")]
    [InlineData("64:ff9b::127.0.0.1")]
    [InlineData("64:ff9b::a00:1")]
    [InlineData("64:ff9b:1::8.8.8.8")]
    [InlineData("100::1")]
    [InlineData("2001::1")]
    [InlineData("2001:0:4136:e378:8000:63bf:3fff:fdd2")]
    [InlineData("2001:2::1")]
    [InlineData("2001:10::1")]
    [InlineData("2001:db8::1")]
    [InlineData("2002:7f00:1::")]
    [InlineData("2002:a9fe:a9fe::1")]
    [InlineData("3fff::1")]
    [InlineData("5f00::1")]
    [InlineData("fc00::1")]
    [InlineData("fd12:3456:789a::1")]
    [InlineData("fe80::1")]
    [InlineData("fe80::1%1")]
    [InlineData("febf::1")]
    [InlineData("fec0::1")]
    [InlineData("ff02::1")]
    [InlineData("ff0e::1")]
    public void It_is_not_on_the_public_internet(string address) => Assert.False(PublicAddresses.Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("8.8.8.8")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.1")]
    [InlineData("169.253.255.255")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("192.169.0.0")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("::ffff:8.8.8.8")]
    [InlineData("64:ff9b::8.8.8.8")]
    [InlineData("2001:4860:4860::8888")]
    [InlineData("2606:4700:4700::1111")]
    [InlineData("2a00:1450:4001:82b::200e")]
    public void It_is_on_the_public_internet(string address) => Assert.True(PublicAddresses.Contains(IPAddress.Parse(address)));

    [Theory]
    [InlineData("https://127.0.0.1/")]
    [InlineData("https://127.1/")]
    [InlineData("https://127.0.1/")]
    [InlineData("https://2130706433/")]
    [InlineData("https://0x7f000001/")]
    [InlineData("https://0x7f.0.0.1/")]
    [InlineData("https://0x7F.1/")]
    [InlineData("https://017700000001/")]
    [InlineData("https://0177.0.0.1/")]
    [InlineData("https://0177.1/")]
    [InlineData("https://127.0.0.1./")]
    [InlineData("https://0/")]
    [InlineData("https://0.0.0.0/")]
    [InlineData("https://10.1.2.3:8443/hook")]
    [InlineData("https://169.254.169.254/latest/meta-data/")]
    [InlineData("https://2852039166/")]
    [InlineData("https://0xa9.254.43518/")]
    [InlineData("https://192.168.0.1/")]
    [InlineData("https://[::1]/")]
    [InlineData("https://[::]/")]
    [InlineData("https://[0:0:0:0:0:0:0:1]/")]
    [InlineData("https://[::ffff:127.0.0.1]/")]
    [InlineData("https://[::ffff:7f00:1]/")]
    [InlineData("https://[64:ff9b::a9fe:a9fe]/")]
    [InlineData("https://[2002:7f00:1::]/")]
    [InlineData("https://[fe80::1]/")]
    [InlineData("https://[fd00::1]:8443/")]
    [InlineData("https://localhost/")]
    [InlineData("https://LOCALHOST/")]
    [InlineData("https://localhost./")]
    [InlineData("https://api.localhost/")]
    [InlineData("https://redis:6379/")]
    [InlineData("https://printer.local/")]
    [InlineData("https://metadata.google.internal/computeMetadata/v1/")]
    [InlineData("https://api.default.svc.cluster.local/")]
    [InlineData("https://nas.home.arpa/")]
    public void An_address_that_is_private_by_its_text_is_refused_as_such(string url)
    {
        var fault = Targets().Check(url, out var parsed);
        Assert.True(fault is { IsPrivate: true }, $"{fault}");
        Assert.Null(parsed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("/hook")]
    [InlineData("example.com/hook")]
    [InlineData("//example.com/hook")]
    [InlineData("ftp://example.com/")]
    [InlineData("file:///etc/passwd")]
    [InlineData("gopher://example.com/")]
    [InlineData("javascript:alert(1)")]
    [InlineData("mailto:a@example.com")]
    [InlineData("http://example.com/hook")]
    [InlineData("https://user:secret@example.com/")]
    [InlineData("https://user@example.com/")]
    [InlineData("https://127.0.0.1@example.com/")]
    [InlineData("https://example.com#@127.0.0.1/")]
    [InlineData("https://example.com/#fragment")]
    [InlineData("https://example.com\\@127.0.0.1/")]
    [InlineData("https://exa mple.com/")]
    [InlineData("https://example.com/\n")]
    [InlineData("https://①②⑦.⓪.⓪.①/")]
    [InlineData("https://127。0。0。1/")]
    [InlineData("https://ｅxample.com/")]
    [InlineData("https://exämple.com/")]
    [InlineData("https://999.999.999.999/")]
    [InlineData("https://1.2.3.4.5/")]
    [InlineData("https://0x7f000001ffff/")]
    [InlineData("https://256.1/")]
    [InlineData("https://[::1/")]
    [InlineData("https://[fe80::1%25eth0]/")]
    [InlineData("https://example.com:0/")]
    [InlineData("https://example.com:99999/")]
    [InlineData("https://.example.com/")]
    [InlineData("https:///hook")]
    public void An_address_that_is_none_is_refused(string url)
    {
        var fault = Targets().Check(url, out var parsed);
        Assert.NotNull(fault);
        Assert.Null(parsed);
    }

    [Theory]
    [InlineData("https://example.com/")]
    [InlineData("https://example.com:8443/hook?key=1")]
    [InlineData("https://xn--exmple-cua.com/")]
    [InlineData("https://8.8.8.8/")]
    [InlineData("https://[2606:4700:4700::1111]/")]
    [InlineData("https://my-service.example/")]
    [InlineData("HTTPS://Example.COM./")]
    public void An_address_on_the_public_internet_is_taken(string url)
    {
        Assert.Null(Targets().Check(url, out var parsed));
        Assert.NotNull(parsed);
    }

    [Theory]
    [InlineData("hooks.internal", "http://hooks.internal/a", true)]
    [InlineData("hooks.internal", "https://hooks.internal:8443/a", true)]
    [InlineData("hooks.internal", "https://other.internal/", false)]
    [InlineData("hooks.internal", "https://hooks.internal.evil.internal/", false)]
    [InlineData("hooks.internal:8080", "http://hooks.internal:8080/", true)]
    [InlineData("hooks.internal:8080", "http://hooks.internal:8081/", false)]
    [InlineData("*.corp.example", "http://a.corp.example/", true)]
    [InlineData("*.corp.example", "http://corp.example/", false)]
    [InlineData("*.corp.example", "http://evilcorp.example/", false)]
    [InlineData("10.1.0.0/16", "http://10.1.2.3/", true)]
    [InlineData("10.1.0.0/16", "http://10.2.2.3/", false)]
    [InlineData("10.1.0.0/16", "http://[::ffff:10.1.2.3]/", true)]
    [InlineData("127.0.0.1:9000", "http://127.0.0.1:9000/", true)]
    [InlineData("127.0.0.1:9000", "http://0x7f.1:9000/", true)]
    [InlineData("127.0.0.1:9000", "http://127.0.0.1:9001/", false)]
    [InlineData("[::1]:9000", "http://[::1]:9000/", true)]
    [InlineData("[::1]:9000", "http://[::1]:9001/", false)]
    [InlineData("::1", "http://[::1]:1/", true)]
    [InlineData("fd00::/8", "http://[fd12::1]/", true)]
    [InlineData("localhost", "http://localhost:3000/", true)]
    public void What_is_configured_may_be_internal_and_plain(string allowed, string url, bool taken) =>
        Assert.Equal(taken, Targets(allowed).Check(url, out _) is null);

    [Fact]
    public void Plain_http_is_taken_in_development_or_where_it_is_configured()
    {
        const string Url = "http://example.com/";
        Assert.NotNull(Targets().Check(Url, out _));
        Assert.Null(new WebhookTargets(new WebhookOptions { AllowHttp = true }, development: false).Check(Url, out _));
        Assert.Null(new WebhookTargets(new WebhookOptions(), development: true).Check(Url, out _));
        Assert.NotNull(new WebhookTargets(new WebhookOptions { AllowHttp = false }, development: true).Check(Url, out _));
        Assert.True(new WebhookTargets(new WebhookOptions(), development: true).Check("http://localhost:3000/", out _) is { IsPrivate: true });
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("http://example.com")]
    [InlineData("example.com/hook")]
    [InlineData("10.0.0.0/99")]
    [InlineData("host:0")]
    [InlineData("host:99999")]
    [InlineData("host:")]
    [InlineData("[::1")]
    [InlineData("*")]
    public void A_setting_that_names_no_host_is_refused(string entry) =>
        Assert.NotEmpty(new WebhookOptions { AllowedHosts = [entry] }.Validate());

    private static WebhookTargets Targets(params string[] allowed) => new(new WebhookOptions { AllowedHosts = allowed }, development: false);
}
