using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.Logging;
using Notifications.Log;
using Notifications.Storage;

namespace Notifications.Hosting;

/// <summary>Turns what endpoints throw into problems: what the caller did wrong, what is away, and, without details, what is a bug.</summary>
internal sealed partial class ExceptionProblems(ILogger<ExceptionProblems> logger) : IExceptionHandler
{
    private static readonly string[] RequiredMessage = ["required."];

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        await Of(httpContext, exception).ExecuteAsync(httpContext);
        return true;
    }

    private ProblemHttpResult Of(HttpContext context, Exception exception)
    {
        switch (exception)
        {
            case BadHttpRequestException bad:
                return OfRequest(bad);
            case StoreUnavailableException or LogUnavailableException:
                LogUnavailable(logger, context.Request.Method, context.Request.Path, exception.Message);
                return Problems.Unavailable(context, "The service cannot reach its storage right now. Try again; a retry with the same id is safe.");
            default:
                LogUnhandled(logger, context.Request.Method, context.Request.Path, exception);
                return Problems.Of(StatusCodes.Status500InternalServerError, "internal_error", "Something went wrong here; the traceId finds it in the logs.");
        }
    }

    private static ProblemHttpResult OfRequest(BadHttpRequestException bad)
    {
        switch (bad.StatusCode)
        {
            case StatusCodes.Status413PayloadTooLarge:
                return Problems.Of(bad.StatusCode, "payload_too_large", "The body is larger than this endpoint takes.");
            case StatusCodes.Status415UnsupportedMediaType:
                return Problems.Of(bad.StatusCode, "unsupported_media_type", "Send the body as application/json.");
            case not StatusCodes.Status400BadRequest:
                return Problems.Of(bad.StatusCode, "bad_request", "The request could not be read.");
        }

        if (bad.InnerException is JsonException json)
        {
            return OfJson(json);
        }

        if (bad.Message.StartsWith("Implicit body inferred", StringComparison.Ordinal))
        {
            return Problems.Of(bad.StatusCode, "malformed_json", "A JSON body is needed.");
        }

        if (Parameter().Match(bad.Message) is { Success: true } parameter)
        {
            return Problems.Field(parameter.Groups[1].Value, "not of the type that this parameter has.");
        }

        if (Missing().Match(bad.Message) is { Success: true } missing)
        {
            return missing.Groups[2].Value.Contains("body", StringComparison.Ordinal)
                ? Problems.Of(bad.StatusCode, "malformed_json", "A JSON body is needed.")
                : Problems.Field(missing.Groups[1].Value, "is required.");
        }

        return Problems.Of(bad.StatusCode, "bad_request", "The request could not be read.");
    }

    /// <summary>What is wrong with a body that is bound to a type: its syntax, or one of its fields. Names of our types are not for callers.</summary>
    private static ProblemHttpResult OfJson(JsonException json)
    {
        var path = json.Path is { } p && p.StartsWith('$') ? p[1..].TrimStart('.') : "";
        if (json.InnerException is JsonException inner)
        {
            // The reader's own exception: not JSON, or nested too deeply.
            return Problems.Of(400, "malformed_json", inner.Message.Contains("maximum configured depth", StringComparison.Ordinal)
                ? $"The body nests deeper than {JsonSetup.MaxDepth} levels."
                : FormattableString.Invariant($"The body is not valid JSON; see line {json.LineNumber + 1}, byte {json.BytePositionInLine + 1}."));
        }

        if (Quoted().Match(json.Message) is { Success: true } quoted)
        {
            var name = quoted.Groups[2].Value;
            var field = path.Length == 0 ? name : path == name || path.EndsWith("." + name, StringComparison.Ordinal) ? path : $"{path}.{name}";
            return quoted.Groups[1].Value switch
            {
                "The JSON property" => Problems.Field(field, "not a known property."),
                "Duplicate property" => Problems.Field(field, "given twice."),
                _ => Problems.Field(path.Length > 0 ? path : JsonNamingPolicy.CamelCase.ConvertName(name), "must not be null."),
            };
        }

        if (Required().Match(json.Message) is { Success: true } required)
        {
            var names = required.Groups[1].Value.Split(',').Select(n => n.Trim(' ', '\'', '.')).Select(n => path.Length == 0 ? n : $"{path}.{n}").ToList();
            return Problems.Of(400, "invalid_request", $"{string.Join(", ", names)}: required.", names.ToDictionary(n => n, _ => RequiredMessage));
        }

        return path.Length > 0
            ? Problems.Field(path, "not of the type that this property has.")
            : Problems.Of(400, "malformed_json", "The body is not of the type that is expected here, a JSON object.");
    }

    [GeneratedRegex("^Failed to bind parameter \"(?:.* )?(\\w+)\" from ")]
    private static partial Regex Parameter();

    [GeneratedRegex("^Required parameter \"(?:.* )?(\\w+)\" was not provided from (.*)\\.$")]
    private static partial Regex Missing();

    [GeneratedRegex("^(The JSON property|Duplicate property|The property or field|The constructor parameter) '([^']+)'")]
    private static partial Regex Quoted();

    [GeneratedRegex("missing required properties[^:]*: (.+?)(?: Path:|$)")]
    private static partial Regex Required();

    [LoggerMessage(2001, LogLevel.Warning, "{Method} {Path} was answered with 503: {Reason}")]
    private static partial void LogUnavailable(ILogger logger, string method, string path, string reason);

    [LoggerMessage(2002, LogLevel.Error, "{Method} {Path} failed")]
    private static partial void LogUnhandled(ILogger logger, string method, string path, Exception exception);
}
