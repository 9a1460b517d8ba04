using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Mvc;

namespace Notifications.Hosting;

/// <summary>What an endpoint says of itself in <c>/openapi/v1.json</c>, beyond what its types say.</summary>
public static class ApiDescription
{
    /// <summary>The largest body of endpoints that take a small object, in bytes.</summary>
    public const int SmallBody = 64 << 10;

    /// <summary>Gives an example of a request's body.</summary>
    /// <param name="builder">The endpoint.</param>
    /// <param name="json">The body.</param>
    /// <param name="contentType">Its content type.</param>
    public static T WithRequestExample<T>(this T builder, string json, string contentType = "application/json")
        where T : IEndpointConventionBuilder => builder.WithMetadata(new RequestExample(contentType, json));

    /// <summary>Gives an example of an answer.</summary>
    /// <param name="builder">The endpoint.</param>
    /// <param name="status">The answer's status.</param>
    /// <param name="json">Its body.</param>
    public static T WithResponseExample<T>(this T builder, int status, string json)
        where T : IEndpointConventionBuilder => builder.WithMetadata(new ResponseExample(status, json));

    /// <summary>
    /// Names a problem that an endpoint answers with, besides those that follow from what it is: 400, 413 and 415 where it takes a body or
    /// parameters, 401 and 403 where it wants a caller, 503 everywhere under <c>/v1</c>.
    /// </summary>
    /// <param name="builder">The endpoint.</param>
    /// <param name="status">The problem's status.</param>
    /// <param name="code">Its code; absent where it follows from the status.</param>
    /// <param name="description">When that is.</param>
    public static T WithProblem<T>(this T builder, int status, string? code = null, string? description = null)
        where T : IEndpointConventionBuilder => builder.WithMetadata(new ProblemMetadata(status, code, description));

    /// <summary>Limits the body to <see cref="SmallBody"/>.</summary>
    public static T WithSmallBody<T>(this T builder)
        where T : IEndpointConventionBuilder => builder.WithMetadata(new RequestSizeLimitAttribute(SmallBody));

    /// <summary>An example as it is shown; a text that is no JSON (NDJSON) is shown as text.</summary>
    internal static JsonNode Example(string text)
    {
        try
        {
            return JsonNode.Parse(text)!;
        }
        catch (System.Text.Json.JsonException)
        {
            return JsonValue.Create(text);
        }
    }

    internal sealed record RequestExample(string ContentType, string Json);

    internal sealed record ResponseExample(int Status, string Json)
    {
        public string Key => Status.ToString(CultureInfo.InvariantCulture);
    }

    internal sealed record ProblemMetadata(int Status, string? Code, string? Description);
}
