using System.Globalization;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.StaticFiles;
using Microsoft.Extensions.FileProviders;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;

namespace Notifications.Server;

/// <summary>
/// One folder of built files. A file that the build compressed lies there three times: as it is, <c>.br</c> and <c>.gz</c>. All three are one
/// address; the caller's <c>Accept-Encoding</c> decides (RFC 9110, 12.5.3), and each has its own <c>ETag</c>, as it is another sequence of bytes.
/// </summary>
internal sealed class WebFiles(string folder) : IDisposable
{
    private const string Identity = "identity";

    /// <summary>By preference, where the caller has none.</summary>
    private static readonly (string Name, string Extension)[] Encodings = [("br", ".br"), ("gzip", ".gz"), (Identity, "")];

    private static readonly FileExtensionContentTypeProvider ContentTypes = CreateContentTypes();

    private readonly PhysicalFileProvider _files = new(folder);

    public void Dispose() => _files.Dispose();

    /// <summary>Whether there is such a file; the compressed ones have no address.</summary>
    public bool Has(string path) => ContentTypes.TryGetContentType(path, out _) && _files.GetFileInfo(path) is { Exists: true, IsDirectory: false };

    /// <summary>The file in the encoding that suits the caller best, with the headers that belong to it.</summary>
    /// <exception cref="FileNotFoundException">There is none; see <see cref="Has"/>.</exception>
    public PhysicalFileHttpResult Answer(HttpContext context, string path)
    {
        if (!ContentTypes.TryGetContentType(path, out var contentType))
        {
            throw new FileNotFoundException(null, path);
        }

        var accepted = context.Request.GetTypedHeaders().AcceptEncoding;
        var (file, encoding) = Encodings
            .Select(e => (File: _files.GetFileInfo(path + e.Extension), Encoding: e.Name))
            .Where(e => e.File.Exists)
            // Stable: what the caller likes as much stays in our order. Where nothing is accepted, the file as it is, which comes last, is sent all the same.
            .OrderByDescending(e => Quality(accepted, e.Encoding))
            .FirstOrDefault(e => e.Encoding == Identity || Quality(accepted, e.Encoding) > 0);
        if (file?.PhysicalPath is null)
        {
            throw new FileNotFoundException(null, path);
        }

        var headers = context.Response.Headers;
        headers.Append(HeaderNames.Vary, HeaderNames.AcceptEncoding);
        if (encoding != Identity)
        {
            headers.ContentEncoding = encoding;
        }

        var tag = string.Create(CultureInfo.InvariantCulture, $"\"{file.LastModified.UtcTicks:x}-{file.Length:x}-{encoding}\"");
        return TypedResults.PhysicalFile(file.PhysicalPath, contentType, lastModified: file.LastModified, entityTag: new EntityTagHeaderValue(tag));
    }

    /// <summary>How much the caller wants an encoding, 0 (not at all) to 1.</summary>
    private static double Quality(IList<StringWithQualityHeaderValue> accepted, string encoding)
    {
        var named = accepted.FirstOrDefault(a => Is(a.Value, encoding)) ?? accepted.FirstOrDefault(a => a.Value == "*");
        return (named, encoding) switch
        {
            (not null, _) => named.Quality ?? 1,
            // Unless it is ruled out, the file as it is always does, but less than whatever was asked for.
            (null, Identity) => double.Epsilon,
            _ => 0,
        };
    }

    private static bool Is(StringSegment value, string encoding) =>
        value.Equals(encoding, StringComparison.OrdinalIgnoreCase)
        || (encoding == "gzip" && value.Equals("x-gzip", StringComparison.OrdinalIgnoreCase));

    private static FileExtensionContentTypeProvider CreateContentTypes()
    {
        var types = new FileExtensionContentTypeProvider();
        types.Mappings.Remove(".gz");
        types.Mappings.Remove(".br");
        return types;
    }
}
