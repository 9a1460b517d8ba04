using Microsoft.AspNetCore.Cors;
using Microsoft.AspNetCore.Http.HttpResults;
using Notifications.Hosting;

namespace Notifications.Server;

/// <summary>
/// Serves the pages that were built with the server: the demo at <c>/demo/</c> (Development only, where events are taken), the documentation at
/// <c>/docs/</c>, and at <c>/embed/</c> what other sites embed. Where they were not built, the answer is a 404 that says why and what to do.
/// </summary>
public static partial class WebPages
{
    private const string Shared =
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; ";

    // Markup is only made by lit, through the policy of that name.
    private const string Trusted = "; require-trusted-types-for 'script'; trusted-types lit-html";

    private const string DemoPolicy = Shared + "connect-src 'self' ws: wss:; img-src 'self' https: data:" + Trusted;
    private const string GuidePolicy = Shared + "connect-src 'self'; img-src 'self' https: data:" + Trusted;

    // Swagger UI makes markup of descriptions (which it cleans first) without a policy, and carries its icons as data.
    private const string ReferencePolicy = Shared + "connect-src 'self'; img-src 'self' data:";

    // Scripts only: no page of theirs, and none of ours is to be framed.
    private const string EmbedPolicy = "default-src 'none'; frame-ancestors 'none'";

    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Maps <c>/docs/</c>, <c>/embed/</c>, and in Development <c>/demo/</c>, from the folder <c>wwwroot</c> beside the server's assembly.
    /// </summary>
    /// <param name="app">The application to add the pages to.</param>
    /// <returns>The same application.</returns>
    public static WebApplication MapWebPages(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        if (app.HasDemo())
        {
            MapFolder(app, root, "demo", "index.html", _ => DemoPolicy);
        }

        MapFolder(app, root, "docs", "index.html", path => path.Contains('/') ? GuidePolicy : ReferencePolicy);
        // For pages of any origin: it is the same for everyone, and what it then asks for needs a user's token.
        MapFolder(app, root, "embed", "notify.js", _ => EmbedPolicy)
            .WithMetadata(new DisableCorsAttribute())
            .AddEndpointFilter((call, next) =>
            {
                var headers = call.HttpContext.Response.Headers;
                headers.AccessControlAllowOrigin = "*";
                headers["Cross-Origin-Resource-Policy"] = "cross-origin";
                return next(call);
            });
        return app;
    }

    /// <summary>
    /// Whether this node has the demo: page and API send events, so they are where events are taken. What else the page needs, the hub and the inbox,
    /// it asks the address that it was loaded from; behind a proxy that may be another node.
    /// </summary>
    internal static bool HasDemo(this WebApplication app) =>
        app.Environment.IsDevelopment() && app.Services.GetRequiredService<Node>().Has(Roles.Ingest);

    /// <param name="app">Where it is mapped.</param>
    /// <param name="root">The folder that it is in.</param>
    /// <param name="name">The folder, and the first part of the address.</param>
    /// <param name="main">A file without which it is not there.</param>
    /// <param name="policy">The Content-Security-Policy of a file, by its path in the folder.</param>
    private static RouteHandlerBuilder MapFolder(WebApplication app, string root, string name, string main, Func<string, string> policy)
    {
        var folder = Path.Combine(root, name);
        if (!File.Exists(Path.Combine(folder, main)))
        {
            var reason = ReadReason(root);
            LogNotBuilt(app.Logger, name, reason);
            var text = Explain(name, reason);
            return app.MapMethods($"/{name}/{{**path}}", ReadMethods, () => TypedResults.Text(text, "text/plain; charset=utf-8", statusCode: 404))
                .ExcludeFromDescription();
        }

        var files = new WebFiles(folder);
        app.Lifetime.ApplicationStopped.Register(files.Dispose);
        return app.MapMethods(
                $"/{name}/{{**path}}",
                ReadMethods,
                Results<PhysicalFileHttpResult, RedirectHttpResult, NotFound> (HttpContext context, string? path) =>
                    Serve(context, files, path ?? "", policy))
            .ExcludeFromDescription();
    }

    private static Results<PhysicalFileHttpResult, RedirectHttpResult, NotFound> Serve(
        HttpContext context, WebFiles files, string path, Func<string, string> policy)
    {
        var request = context.Request;
        var page = $"{path.TrimEnd('/')}/index.html".TrimStart('/');
        var isFolder = request.Path.Value!.EndsWith('/');
        var file = isFolder ? page : path;
        if (!isFolder && files.Has(page))
        {
            // A page's own addresses start at its folder, so it has to be asked for with the slash.
            return TypedResults.Redirect($"{request.PathBase}{request.Path.ToUriComponent()}/{request.QueryString}");
        }

        if (!files.Has(file))
        {
            return TypedResults.NotFound();
        }

        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = policy(file);
        // The name of a file under assets/ contains the hash of its content.
        headers.CacheControl = file.StartsWith("assets/", StringComparison.Ordinal) ? "public, max-age=31536000, immutable" : "no-cache";
        return files.Answer(context, file);
    }

    private static string ReadReason(string root)
    {
        var file = Path.Combine(root, "not-built.txt");
        try
        {
            return File.Exists(file)
                ? File.ReadAllText(file).Trim()
                : "The build was told to leave the pages out, or its output was not copied whole.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return $"The reason could not be read from {file}.";
        }
    }

    private static string Explain(string name, string reason) =>
        $"""
        What belongs here, /{name}/, was not built with this server.

        {reason}

        To get it, install Node.js 20.19 or newer (with npm, and access to its package registry for the first build)
        and build the server again: dotnet build src/Notifications.Server
        Everything else works without it.

        """;

    [LoggerMessage(EventId = 9001, Level = LogLevel.Warning, Message = "The pages of /{Page}/ were not built: {Reason}")]
    private static partial void LogNotBuilt(ILogger logger, string page, string reason);
}
