using System.Net;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Notifications.Auth;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Auth;

/// <summary>The login of operators, over HTTP, as a browser does it.</summary>
public sealed class LoginTests : IAsyncLifetime, IDisposable
{
    private const string Page = "/probe/operator";
    private static readonly HttpClient Browser = new(new SocketsHttpHandler { UseCookies = false, AllowAutoRedirect = false });

    private readonly TempFolder _folder = new();
    private readonly ShiftedTime _time = new();
    private TestHost _host = null!;

    public async Task InitializeAsync() => _host = await TestHost.StartAsync(
        _folder.Info, replace: services => services.AddSingleton(new OperatorPage(Page, "Probe")).Replace(ServiceDescriptor.Singleton<TimeProvider>(_time)));

    public async Task DisposeAsync() => await _host.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_key_of_an_operator_opens_the_pages_until_twelve_hours_have_passed()
    {
        var (key, _) = await _host.MakeKeyAsync(["view"]);
        using var form = await SendAsync(HttpMethod.Get, "/login?returnUrl=%2Fprobe%2Foperator%3Fx");
        var html = await form.Content.ReadAsStringAsync();
        Assert.Contains($"value=\"{Page}?x\"", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'none'", form.Headers.GetValues("Content-Security-Policy").Single(), StringComparison.Ordinal);
        using var answer = await LogInAsync(key, Page + "?x");
        Assert.Equal((HttpStatusCode.SeeOther, Page + "?x"), (answer.StatusCode, answer.Headers.Location!.OriginalString));
        var cookie = answer.Headers.GetValues("Set-Cookie").Single();
        foreach (var attribute in new[] { "httponly", "samesite=strict", "path=/", "max-age=43200" })
        {
            Assert.Contains(attribute, cookie, StringComparison.OrdinalIgnoreCase);
        }

        Assert.DoesNotContain("secure", cookie, StringComparison.OrdinalIgnoreCase);
        cookie = cookie.Split(';')[0];
        using var page = await SendAsync(HttpMethod.Get, Page, cookie);
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        using var api = await SendAsync(HttpMethod.Get, "/probe/view", cookie);
        Assert.Equal(HttpStatusCode.Unauthorized, api.StatusCode);

        _time.Shift = TimeSpan.FromHours(12);
        using var late = await SendAsync(HttpMethod.Get, Page, cookie);
        Assert.Equal((HttpStatusCode.Found, "/login?returnUrl=%2Fprobe%2Foperator"), (late.StatusCode, late.Headers.Location!.OriginalString));
    }

    [Fact]
    public async Task A_session_ends_with_its_key_and_by_signing_out()
    {
        var (key, id) = await _host.MakeKeyAsync(["operate"]);
        var cookie = await CookieAsync(key);
        using var out1 = await SendAsync(HttpMethod.Post, "/logout", cookie, "");
        Assert.Equal(HttpStatusCode.SeeOther, out1.StatusCode);
        Assert.Contains("expires=Thu, 01 Jan 1970", out1.Headers.GetValues("Set-Cookie").Single(), StringComparison.OrdinalIgnoreCase);
        using var before = await SendAsync(HttpMethod.Get, Page, cookie);
        Assert.Equal(HttpStatusCode.OK, before.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, (await _host.SendAsync(HttpMethod.Delete, "/v1/keys/" + id)).Status);
        using var after = await SendAsync(HttpMethod.Get, Page, cookie);
        Assert.Equal(HttpStatusCode.Found, after.StatusCode);
    }

    [Fact]
    public async Task What_is_no_operators_key_or_was_tampered_with_opens_nothing()
    {
        var (producer, _) = await _host.MakeKeyAsync(["events:write"]);
        using var wrongScope = await LogInAsync(producer);
        Assert.Equal(HttpStatusCode.Forbidden, wrongScope.StatusCode);
        Assert.False(wrongScope.Headers.Contains("Set-Cookie"));
        Assert.Equal(HttpStatusCode.Forbidden, (await _host.GetAsync(Page, producer)).Status);
        foreach (var key in new[] { "", "sk_nobody", "<script>", new string('x', 500) })
        {
            using var answer = await LogInAsync(key);
            Assert.Equal(HttpStatusCode.Unauthorized, answer.StatusCode);
            Assert.DoesNotContain("<script>", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        var cookie = await CookieAsync(LocalCaller.DevelopmentKey);
        var value = cookie.IndexOf('=', StringComparison.Ordinal) + 1;
        for (var i = 0; i < 8; i++)
        {
            var at = value + (i * (cookie.Length - value - 1) / 8);
            var forged = cookie[..at] + (cookie[at] == 'A' ? 'B' : 'A') + cookie[(at + 1)..];
            using var answer = await SendAsync(HttpMethod.Get, Page, forged);
            Assert.Equal(HttpStatusCode.Found, answer.StatusCode);
        }

        // The development key is for this machine; a session of it too.
        using var here = await SendAsync(HttpMethod.Get, Page, cookie);
        Assert.Equal(HttpStatusCode.OK, here.StatusCode);
        using var proxied = await SendAsync(HttpMethod.Get, Page, cookie, forwarded: "203.0.113.7");
        Assert.Equal(HttpStatusCode.Found, proxied.StatusCode);
    }

    [Fact]
    public async Task Other_sites_can_neither_sign_in_nor_act()
    {
        var (key, _) = await _host.MakeKeyAsync(["operate"]);
        using var answer = await SendAsync(HttpMethod.Post, "/login", null, "key=" + key, origin: "https://elsewhere.example");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        Assert.False(answer.Headers.Contains("Set-Cookie"));
        var cookie = await CookieAsync(key);
        foreach (var path in new[] { "/logout", Page })
        {
            using var refused = await SendAsync(HttpMethod.Post, path, cookie, "", origin: "https://elsewhere.example");
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            using var crossSite = await SendAsync(HttpMethod.Post, path, cookie, "", site: "cross-site");
            Assert.Equal(HttpStatusCode.Forbidden, crossSite.StatusCode);
        }

        using var own = await SendAsync(HttpMethod.Post, Page, cookie, "", origin: _host.Client.BaseAddress!.GetLeftPart(UriPartial.Authority));
        Assert.Equal(HttpStatusCode.OK, own.StatusCode);
    }

    [Theory]
    [InlineData("https://elsewhere.example/probe/operator")]
    [InlineData("//elsewhere.example")]
    [InlineData("/probe/operatorx")]
    [InlineData("/probe/operator\r\nX: y")]
    [InlineData("\\\\elsewhere.example")]
    [InlineData("")]
    public async Task After_signing_in_only_pages_for_operators_are_opened(string target)
    {
        using var answer = await LogInAsync(LocalCaller.DevelopmentKey, target);
        Assert.Equal(Page, answer.Headers.Location!.OriginalString);
    }

    [Fact]
    public async Task Who_keeps_guessing_has_to_wait()
    {
        for (var i = 0; i < 10; i++)
        {
            using var wrong = await LogInAsync($"sk_{i}");
            Assert.Equal(HttpStatusCode.Unauthorized, wrong.StatusCode);
        }

        using var refused = await LogInAsync(LocalCaller.DevelopmentKey);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.NotNull(refused.Headers.RetryAfter);
        _time.Shift += TimeSpan.FromMinutes(1);
        using var later = await LogInAsync(LocalCaller.DevelopmentKey);
        Assert.Equal(HttpStatusCode.SeeOther, later.StatusCode);
    }

    [Fact]
    public async Task Where_there_is_no_page_for_operators_there_is_no_login()
    {
        using var folder = new TempFolder();
        await using var host = await TestHost.StartAsync(folder.Info);
        Assert.Equal(HttpStatusCode.NotFound, (await host.GetAsync("/login")).Status);
    }

    private Task<HttpResponseMessage> LogInAsync(string key, string target = Page) =>
        SendAsync(HttpMethod.Post, "/login", null, $"key={Uri.EscapeDataString(key)}&returnUrl={Uri.EscapeDataString(target)}");

    private async Task<string> CookieAsync(string key)
    {
        using var answer = await LogInAsync(key);
        Assert.Equal(HttpStatusCode.SeeOther, answer.StatusCode);
        return answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }

    private async Task<HttpResponseMessage> SendAsync(
        HttpMethod method, string path, string? cookie = null, string? form = null, string? origin = null, string? site = null, string? forwarded = null)
    {
        using var request = new HttpRequestMessage(method, new Uri(_host.Client.BaseAddress!, path));
        request.Content = form is null ? null : new StringContent(form, Encoding.UTF8, "application/x-www-form-urlencoded");
        foreach (var (name, value) in new[] { ("Accept", "text/html"), ("Cookie", cookie), ("Origin", origin), ("Sec-Fetch-Site", site), ("X-Forwarded-For", forwarded) })
        {
            if (value is not null)
            {
                request.Headers.TryAddWithoutValidation(name, value);
            }
        }

        return await Browser.SendAsync(request);
    }
}
