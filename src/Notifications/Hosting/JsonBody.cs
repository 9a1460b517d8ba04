using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.OpenApi;
using Notifications.Events;

namespace Notifications.Hosting;

/// <summary>
/// A request's body as JSON whose fields are checked one by one, so that all mistakes are named in one answer. What no store and no client can
/// hold is refused here: invalid UTF-8, U+0000, lone surrogates, duplicate properties, deep nesting.
/// </summary>
internal static partial class JsonBody
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = JsonSetup.MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Reads the body of a request.</summary>
    /// <param name="context">The request.</param>
    /// <param name="limit">The most bytes.</param>
    /// <returns>The body, or why there is none.</returns>
    public static async ValueTask<(JsonElement Json, ProblemHttpResult? Problem)> ReadAsync(HttpContext context, int limit = ApiDescription.SmallBody)
    {
        var request = context.Request;
        if (request.ContentType is not { } type || !MediaType.IsJson(type) || IsEncoded(request))
        {
            return (default, Problems.Of(
                StatusCodes.Status415UnsupportedMediaType, "unsupported_media_type", "Send the body as application/json, without Content-Encoding."));
        }

        using var body = await RequestBody.ReadAsync(context, limit);
        if (body.Problem is not null)
        {
            return (default, body.Problem);
        }

        return Parse(body.Bytes, out var json) switch
        {
            null => (json, null),
            (null, var detail) => (default, Problems.Of(StatusCodes.Status400BadRequest, EventRefusal.MalformedJson, detail)),
            var (field, message) => (default, Problems.Field(field, message)),
        };
    }

    /// <summary>Whether the body is compressed, which a limit on its size would then say nothing about.</summary>
    public static bool IsEncoded(HttpRequest request) => request.Headers.ContentEncoding is { Count: > 0 } encodings && encodings != "identity";

    /// <summary>Reads a JSON text.</summary>
    /// <returns>What is wrong with it, and with which field if that is known; null where it is sound.</returns>
    public static (string? Field, string Message)? Parse(ReadOnlyMemory<byte> bytes, out JsonElement json)
    {
        json = default;
        var span = bytes.Span;
        if (JsonText.Guard(ref span) is { } refusal)
        {
            return (null, refusal.Detail);
        }

        try
        {
            var reader = new Utf8JsonReader(span, new JsonReaderOptions { MaxDepth = JsonSetup.MaxDepth });
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && !JsonText.IsSound(ref reader))
                {
                    return (null, "A text in it holds U+0000 or a lone surrogate.");
                }
            }

            using var document = JsonDocument.Parse(bytes[^span.Length..], Strict);
            json = document.RootElement.Clone();
            return null;
        }
        catch (JsonException e)
        {
            return Duplicate().Match(e.Message) is { Success: true } duplicate
                ? (FieldName.Shown(duplicate.Groups[1].Value), "given twice.")
                : (null, EventRefusal.Malformed(e).Detail);
        }
    }

    /// <summary>Describes the body of an endpoint that reads it here.</summary>
    /// <typeparam name="T">A type with the body's properties.</typeparam>
    /// <param name="builder">The endpoint.</param>
    /// <param name="example">A body.</param>
    /// <param name="contentType">Its content type.</param>
    public static RouteHandlerBuilder WithBody<T>(this RouteHandlerBuilder builder, string example, string contentType = MediaType.Json) => builder
        .WithProblem(400, "invalid_request", "The request is not valid; `errors` names the fields.")
        .WithProblem(413, "payload_too_large", "The body is too large.")
        .WithProblem(415, "unsupported_media_type", "The content type is not taken here.")
        .AddOpenApiOperationTransformer(async (operation, context, cancellationToken) => operation.RequestBody = new OpenApiRequestBody
        {
            Required = true,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [contentType] = new OpenApiMediaType
                {
                    Schema = await context.GetOrCreateSchemaAsync(typeof(T), null, cancellationToken),
                    Example = ApiDescription.Example(example),
                },
            },
        });

    [GeneratedRegex("^Duplicate property '(.+)'")]
    private static partial Regex Duplicate();
}
