using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;

namespace Notifications.Auth;

/// <summary>The page that asks for an API key: one form, no script, nothing from elsewhere.</summary>
internal static class LoginPage
{
    private const string Style = """
        :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f4f5f7, #14161a); color: light-dark(#1b1f24, #e6e8eb); }
        main { box-sizing: border-box; width: min(26rem, 100vw); padding: 2rem; background: light-dark(#fff, #1e2127); border-radius: .75rem; }
        h1 { margin: 0 0 .5rem; font-size: 1.25rem; }
        p { margin: 0 0 1rem; }
        label { display: block; font-weight: 600; }
        input, button { box-sizing: border-box; width: 100%; font: inherit; padding: .6rem .75rem; border-radius: .4rem; }
        input { margin: .25rem 0 1rem; border: 1px solid light-dark(#6b7280, #8b93a1); background: light-dark(#fff, #14161a); color: inherit; }
        button { border: 0; background: #1d4ed8; color: #fff; font-weight: 600; cursor: pointer; }
        input:focus-visible, button:focus-visible { outline: 3px solid #60a5fa; outline-offset: 2px; }
        .error { padding: .6rem .75rem; border-left: 4px solid #dc2626; background: light-dark(#fee2e2, #451a1a); }
        """;

    // The page names its own origin when it sends the form; without that it could not be told from another site's.
    private const string Start = """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="referrer" content="same-origin">
        <title>Sign in · Notifications</title>
        <style>
        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    public static Task WriteAsync(HttpContext context, int status, string target, string? error)
    {
        var response = context.Response;
        response.StatusCode = status;
        response.ContentType = "text/html; charset=utf-8";
        response.Headers.ContentSecurityPolicy = Policy;
        response.Headers.XFrameOptions = "DENY";
        response.Headers.CacheControl = "no-store";
        var html = HtmlEncoder.Default;
        var message = error is null ? "" : $"""<p class="error" role="alert" id="error">{html.Encode(error)}</p>""";
        return response.WriteAsync(
            $"""
            {Start}{Style}</style>
            </head>
            <body>
            <main>
            <h1>Sign in</h1>
            <p>For operators. Use an API key with the scope <code>view</code>, <code>operate</code> or <code>admin</code>.</p>
            {message}
            <form method="post" action="{html.Encode(context.Request.PathBase + LoginApi.Path)}">
            <input type="hidden" name="{LoginApi.ReturnUrl}" value="{html.Encode(target)}">
            <label for="key">API key</label>
            <input id="key" name="key" type="password" required autofocus autocomplete="current-password" spellcheck="false" maxlength="256"{(error is null ? "" : " aria-invalid=\"true\" aria-describedby=\"error\"")}>
            <button type="submit">Sign in</button>
            </form>
            </main>
            </body>
            </html>

            """,
            context.RequestAborted);
    }
}
