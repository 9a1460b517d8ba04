using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Net.Http.Headers;
using Notifications.Hosting;

namespace Notifications.Server;

/// <summary>
/// Serves the pages that were built with the server: the demo at <c>/demo/</c> (Development only, where events are taken) and the API reference
/// at <c>/docs/</c>. Where they were not built, the answer is a 404 that says why and what to do.
/// </summary>
public static partial class WebPages
{
    private const string Shared =
        "default-src 'self'; script-src 'self'; base-uri 'none'; object-src 'none'; form-action 'self'; frame-ancestors 'none'; ";

    private const string DemoPolicy = Shared + "style-src 'self'; connect-src 'self' ws: wss:; img-src 'self' https: data:";

    // Swagger UI sets style attributes and carries its icons as data.
    private const string DocsPolicy = Shared + "style-src 'self' 'unsafe-inline'; connect-src 'self'; img-src 'self' data:";

    private static readonly FileExtensionContentTypeProvider ContentTypes = new();

    private static readonly string[] ReadMethods = [HttpMethods.Get, HttpMethods.Head];

    /// <summary>
    /// Maps <c>/docs/</c>, and in Development <c>/demo/</c>, from the folder <c>wwwroot</c> beside the server's assembly.
    /// </summary>
    /// <param name="app">The application to add the pages to.</param>
    /// <returns>The same application.</returns>
    public static WebApplication MapWebPages(this WebApplication app)
    {
        ArgumentNullException.ThrowIfNull(app);
        var root = Path.Combine(AppContext.BaseDirectory, "wwwroot");
        if (app.HasDemo())
        {
            MapPage(app, root, "demo", DemoPolicy);
        }

        MapPage(app, root, "docs", DocsPolicy);
        return app;
    }

    /// <summary>
    /// Whether this node has the demo: page and API send events, so they are where events are taken. What else the page needs, the hub and the inbox,
    /// it asks the address that it was loaded from; behind a proxy that may be another node.
    /// </summary>
    internal static bool HasDemo(this WebApplication app) =>
        app.Environment.IsDevelopment() && app.Services.GetRequiredService<Node>().Has(Roles.Ingest);

    private static void MapPage(WebApplication app, string root, string name, string policy)
    {
        var folder = Path.Combine(root, name);
        if (!File.Exists(Path.Combine(folder, "index.html")))
        {
            var reason = ReadReason(root);
            LogNotBuilt(app.Logger, name, reason);
            var text = Explain(name, reason);
            app.MapMethods($"/{name}/{{**path}}", ReadMethods, () => TypedResults.Text(text, "text/plain; charset=utf-8", statusCode: 404))
                .ExcludeFromDescription();
            return;
        }

        var files = new PhysicalFileProvider(folder);
        app.Lifetime.ApplicationStopped.Register(files.Dispose);
        app.MapMethods(
                $"/{name}/{{**path}}",
                ReadMethods,
                Results<PhysicalFileHttpResult, RedirectHttpResult, NotFound> (HttpContext context, string? path) =>
                    Serve(context, files, name, path, policy))
            .ExcludeFromDescription();
    }

    private static Results<PhysicalFileHttpResult, RedirectHttpResult, NotFound> Serve(
        HttpContext context, PhysicalFileProvider files, string name, string? path, string policy)
    {
        // The page's own addresses start at its folder, so it has to be asked for with the slash.
        if (string.IsNullOrEmpty(path) && !context.Request.Path.Value!.EndsWith('/'))
        {
            return TypedResults.Redirect($"{context.Request.PathBase}/{name}/{context.Request.QueryString}");
        }

        var file = files.GetFileInfo(string.IsNullOrEmpty(path) ? "index.html" : path);
        if (!file.Exists
            || file.IsDirectory
            || file.PhysicalPath is null
            || !ContentTypes.TryGetContentType(file.Name, out var contentType))
        {
            return TypedResults.NotFound();
        }

        var headers = context.Response.Headers;
        headers.ContentSecurityPolicy = policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        // The name of a file under assets/ contains the hash of its content.
        headers.CacheControl = path?.StartsWith("assets/", StringComparison.Ordinal) is true
            ? "public, max-age=31536000, immutable"
            : "no-cache";
        var tag = string.Create(CultureInfo.InvariantCulture, $"\"{file.LastModified.UtcTicks:x}-{file.Length:x}\"");
        return TypedResults.PhysicalFile(
            file.PhysicalPath, contentType, lastModified: file.LastModified, entityTag: new EntityTagHeaderValue(tag));
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
        The page /{name}/ was not built with this server.

        {reason}

        To get it, install Node.js 20.19 or newer (with npm, and access to its package registry for the first build)
        and build the server again: dotnet build src/Notifications.Server
        Everything else works without it.

        """;

    [LoggerMessage(EventId = 9001, Level = LogLevel.Warning, Message = "The page /{Page}/ was not built: {Reason}")]
    private static partial void LogNotBuilt(ILogger logger, string page, string reason);
}
