using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Notifications.Channels.Email;

/// <summary>The page on which a recipient ends mail. No script; works in light and dark, and with a keyboard and a screen reader.</summary>
internal static class UnsubscribePage
{
    private const string Style =
        """

        :root { color-scheme: light dark; }
        body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: light-dark(#f3f4f6, #15181d); color: light-dark(#16191d, #f1f3f5);
          font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
        main { box-sizing: border-box; width: min(32rem, calc(100% - 2rem)); margin: 1rem; padding: 2rem; border-radius: .75rem; overflow-wrap: anywhere;
          background: light-dark(#fff, #1f242b); border: 1px solid light-dark(#dde1e6, #363d47); }
        h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.3; }
        p { margin: 0 0 1.25rem; }
        p:last-child { margin: 0; }
        button { font: inherit; font-weight: 600; padding: .65rem 1.25rem; border: 0; border-radius: .5rem; cursor: pointer;
          background: light-dark(#1557b8, #8ab8ff); color: light-dark(#fff, #10141a); }
        button:hover { filter: brightness(1.1); }
        button:focus-visible { outline: 3px solid currentColor; outline-offset: 3px; }

        """;

    private static readonly string Policy =
        $"default-src 'none'; style-src 'sha256-{Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(Style)))}'; " +
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

    /// <summary>Asks whether mail shall end.</summary>
    public static IResult Ask(HttpContext context, string? category) => Page(context, 200, "Unsubscribe", category is null
        ? "<p>Do you want to get no more email notifications from this sender?</p>"
        : $"<p>Do you want to get no more email notifications about <strong>{Encode(category)}</strong>?</p>",
        "<form method=\"post\"><button type=\"submit\">Unsubscribe</button></form>");

    /// <summary>Says that it has.</summary>
    public static IResult Done(HttpContext context, string? category) => Page(context, 200, "You are unsubscribed", category is null
        ? "<p role=\"status\">You get no more email notifications from this sender.</p>"
        : $"<p role=\"status\">You get no more email notifications about <strong>{Encode(category)}</strong>.</p>",
        "<p>You can close this page.</p>");

    /// <summary>Says that there is no such link.</summary>
    public static IResult Unknown(HttpContext context) => Page(
        context, 404, "This link does not work", "<p>It was not made by this service, or it was copied in part.</p>", "<p>Please use the link in the email itself.</p>");

    private static ContentHttpResult Page(HttpContext context, int status, string title, string text, string rest)
    {
        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = Policy;
        headers.CacheControl = "no-store";
        headers["X-Robots-Tag"] = "noindex";
        return TypedResults.Text(
            $"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>{title}</title>
            <style>{Style}</style>
            </head>
            <body>
            <main>
            <h1>{title}</h1>
            {text}
            {rest}
            </main>
            </body>
            </html>

            """,
            "text/html; charset=utf-8", Encoding.UTF8, status);
    }

    private static string Encode(string text) => HtmlEncoder.Default.Encode(text);
}
