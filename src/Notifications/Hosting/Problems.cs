using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Notifications.Hosting;

/// <summary>
/// Every error of the HTTP API: RFC 9457 problem details with a stable <c>code</c> for programs, a sentence for people, and
/// the messages per field where the request itself is at fault.
/// </summary>
public static class Problems
{
    /// <summary>A problem without fields.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">Stable, snake_case; documented in the README.</param>
    /// <param name="detail">What went wrong and what to do about it.</param>
    public static ProblemHttpResult Of(int status, string code, string detail) => Of(status, code, detail, errors: null);

    /// <summary>A problem with messages per field.</summary>
    /// <param name="status">HTTP status.</param>
    /// <param name="code">Stable, snake_case.</param>
    /// <param name="detail">What went wrong and what to do about it.</param>
    /// <param name="errors">Messages by field path, such as <c>to[1]</c> or <c>actions[0].url</c>.</param>
    public static ProblemHttpResult Of(int status, string code, string detail, IReadOnlyDictionary<string, string[]>? errors)
    {
        var extensions = new Dictionary<string, object?>(2) { ["code"] = code };
        if (errors is { Count: > 0 })
        {
            extensions["errors"] = errors;
        }

        return TypedResults.Problem(detail: detail, statusCode: status, extensions: extensions);
    }

    /// <summary>One field is wrong: 400 <c>invalid_request</c> naming it.</summary>
    public static ProblemHttpResult Field(string field, string message) =>
        Of(StatusCodes.Status400BadRequest, "invalid_request", $"{field}: {message}", new Dictionary<string, string[]> { [field] = [message] });

    /// <summary>404 <c>not_found</c>.</summary>
    public static ProblemHttpResult NotFound(string detail) => Of(StatusCodes.Status404NotFound, "not_found", detail);

    /// <summary>503 with <c>Retry-After</c>: nothing was done, or it is not known; a retry with the same id is safe.</summary>
    /// <param name="context">Whose response gets the header.</param>
    /// <param name="detail">What is away.</param>
    /// <param name="retryAfterSeconds">When to try again.</param>
    /// <param name="code"><c>unavailable</c>, unless there is a narrower one.</param>
    public static ProblemHttpResult Unavailable(HttpContext context, string detail, int retryAfterSeconds = 1, string code = "unavailable")
    {
        context.Response.Headers.RetryAfter = retryAfterSeconds.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return Of(StatusCodes.Status503ServiceUnavailable, code, detail);
    }
}
