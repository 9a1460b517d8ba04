using System.Globalization;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Notifications.Auth;

namespace Notifications.Hosting;

/// <summary>The description of the HTTP API: <c>/openapi/v1.json</c>.</summary>
internal static class OpenApiSetup
{
    private const string KeyScheme = "apiKey";
    private const string UserScheme = "userToken";
    private const string ProblemJson = "application/problem+json";

    /// <summary>Parameters that mean the same everywhere.</summary>
    private static readonly Dictionary<string, string> Parameters = new()
    {
        ["limit"] = "How many entries to return, 1 to 100; 25 where absent.",
        ["cursor"] = "Where to continue: `nextCursor` of the part before.",
        ["tenant"] = "The tenant that is meant; the caller's where absent.",
    };

    private static readonly (string Name, string Description)[] Tags =
    [
        ("Events", "Producers post events; each becomes a notification for everyone it is for. What was decided, and what became of it."),
        ("Inbox", "A user's notifications, by their own token."),
        ("Preferences", "What users want: which channel for what, and when not."),
        ("Topics", "Topics and who is subscribed to them."),
        ("Users", "Users; they exist by being named. How they are reached, and everything that is kept of one."),
        ("Policy", "What holds for all users of a tenant."),
        ("Templates", "What events look like, by language and channel."),
        ("Webhooks", "HTTP endpoints that are told of events."),
        ("Deliveries", "What went out by email and webhook, or did not, and why."),
        ("Dead letters", "What was given up, and why: to look at, try again or delete."),
        ("Operations", "Bulk work that goes on in the background, and how far it is."),
        ("Jobs", "What the clock drives."),
        ("Keys", "API keys of producers and operators."),
        ("Tokens", "Tokens for users."),
        ("Stats", "How the service is doing."),
        ("Health", "For whoever runs the service."),
    ];

    public static IServiceCollection AddNotificationsOpenApi(this IServiceCollection services) => services.AddOpenApi("v1", options =>
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            Describe(document);
            return Task.CompletedTask;
        });
        options.AddOperationTransformer((operation, context, _) =>
        {
            Describe(operation, context);
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            // A converter of ours writes times, and the exporter does not know what it writes.
            if ((Nullable.GetUnderlyingType(context.JsonTypeInfo.Type) ?? context.JsonTypeInfo.Type) == typeof(DateTimeOffset))
            {
                schema.Type = JsonSchemaType.String | (context.JsonTypeInfo.Type == typeof(DateTimeOffset) ? 0 : JsonSchemaType.Null);
                schema.Format = "date-time";
            }

            return Task.CompletedTask;
        });
    });

    private static void Describe(OpenApiDocument document)
    {
        document.Info = new OpenApiInfo
        {
            Title = "Notifications",
            Version = "1",
            Description =
                """
                Post an event; everyone it is for gets a notification: live, in order, once, and after an absence when they are back; and by
                email and webhook where they want it there.

                **Callers.** Producers and operators send an API key, users' browsers and apps a user's token, both as
                `Authorization: Bearer …`. Tenant and user follow from the credential alone.

                **Live** is the SignalR hub at `/hubs/notifications` (JSON, WebSockets, the user's token as `access_token`).

                **Errors** are problem details (RFC 9457) with a stable `code`, messages per field in `errors` where the request is at fault, and a
                `traceId` that finds the request in the logs. Unknown and duplicate properties are refused. **Times** are RFC 3339 in UTC. **Lists**
                are `{data, nextCursor}`; send `nextCursor` as `after` for the next part. **Bulk work** is answered with 202 and an `operationId`, which
                `GET /v1/operations/{id}` tells more of.
                """,
        };
        document.Servers = [];
        var used = document.Paths.Values.SelectMany(path => path.Operations ?? []).SelectMany(o => o.Value.Tags ?? new HashSet<OpenApiTagReference>())
            .Select(tag => tag.Reference.Id).ToHashSet();
        document.Tags = new HashSet<OpenApiTag>(Tags.Where(tag => used.Contains(tag.Name)).Select(tag => new OpenApiTag { Name = tag.Name, Description = tag.Description }));
        document.Components ??= new OpenApiComponents();
        document.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            [KeyScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "sk_…",
                Description = "An API key. What it may do is said by its scopes; `admin` implies all.",
            },
            [UserScheme] = new OpenApiSecurityScheme
            {
                Type = SecuritySchemeType.Http,
                Scheme = "bearer",
                BearerFormat = "JWT",
                Description = "A user's token, from `POST /v1/tokens` or from the configured issuer.",
            },
        };
        document.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        document.Components.Schemas["Problem"] = ProblemSchema();
    }

    private static void Describe(OpenApiOperation operation, OpenApiOperationTransformerContext context)
    {
        var metadata = context.Description.ActionDescriptor.EndpointMetadata;
        operation.Responses ??= [];
        foreach (var example in metadata.OfType<ApiDescription.RequestExample>())
        {
            if (operation.RequestBody?.Content is { } content && content.TryGetValue(example.ContentType, out var type))
            {
                ((OpenApiMediaType)type).Example = ApiDescription.Example(example.Json);
            }
        }

        foreach (var example in metadata.OfType<ApiDescription.ResponseExample>())
        {
            AddExample(operation, example);
        }

        foreach (var problem in ProblemsOf(operation, metadata, context.Description.RelativePath ?? ""))
        {
            AddProblem(operation, problem, context.Document);
        }

        foreach (var parameter in operation.Parameters?.OfType<OpenApiParameter>() ?? [])
        {
            parameter.Description ??= Parameters.GetValueOrDefault(parameter.Name ?? "");
        }

        operation.Responses = Sorted(operation.Responses);
        if (metadata.OfType<IAuthorizeData>().Select(a => a.Policy).LastOrDefault(p => p is not null) is { } policy)
        {
            operation.Security = [new OpenApiSecurityRequirement { [new OpenApiSecuritySchemeReference(policy == Scopes.User ? UserScheme : KeyScheme, context.Document)] = [] }];
            operation.Description = (operation.Description is { } text ? text + "\n\n" : "") + (policy == Scopes.User ? "Needs a user's token." : $"Needs the scope `{policy}`.");
        }
    }

    private static OpenApiResponses Sorted(OpenApiResponses responses)
    {
        var sorted = new OpenApiResponses();
        foreach (var (status, response) in responses.OrderBy(r => r.Key, StringComparer.Ordinal))
        {
            sorted[status] = response;
        }

        return sorted;
    }

    private static void AddExample(OpenApiOperation operation, ApiDescription.ResponseExample example)
    {
        if (!operation.Responses!.TryGetValue(example.Key, out var response))
        {
            operation.Responses[example.Key] = response = new OpenApiResponse { Description = ReasonPhrases.GetReasonPhrase(example.Status) };
        }

        if (response is OpenApiResponse own)
        {
            own.Content ??= new Dictionary<string, OpenApiMediaType>();
            if (own.Content.Count == 0)
            {
                own.Content["application/json"] = new OpenApiMediaType();
            }

            own.Content.Values.First().Example = ApiDescription.Example(example.Json);
        }
    }

    /// <summary>The problems that follow from what the endpoint is, and those that it names.</summary>
    private static IEnumerable<ApiDescription.ProblemMetadata> ProblemsOf(OpenApiOperation operation, IList<object> metadata, string path)
    {
        if (operation.RequestBody is not null || operation.Parameters?.Any(p => p.In == ParameterLocation.Query) == true)
        {
            yield return new(400, "invalid_request", "The request is not valid; `errors` names the fields.");
        }

        if (operation.RequestBody is not null)
        {
            yield return new(413, "payload_too_large", "The body is too large.");
            yield return new(415, "unsupported_media_type", "The content type is not taken here.");
        }

        if (metadata.OfType<IAuthorizeData>().Any())
        {
            yield return new(401, "unauthorized", "The credential is missing or not valid.");
            yield return new(403, "forbidden", "The credential does not allow this.");
        }

        foreach (var problem in metadata.OfType<ApiDescription.ProblemMetadata>())
        {
            yield return problem;
        }

        if (path.StartsWith("v1/", StringComparison.Ordinal))
        {
            yield return new(503, "unavailable", "The storage is away; try again after `Retry-After` seconds.");
        }
    }

    private static void AddProblem(OpenApiOperation operation, ApiDescription.ProblemMetadata problem, OpenApiDocument? document)
    {
        var key = problem.Status.ToString(CultureInfo.InvariantCulture);
        var title = ReasonPhrases.GetReasonPhrase(problem.Status);
        var code = problem.Code ?? title.ToLowerInvariant().Replace(' ', '_');
        if (operation.Responses!.TryGetValue(key, out var there) && there.Content is { Count: > 0 } content && content.TryGetValue(ProblemJson, out var known))
        {
            // A second way to the same status: another named example.
            known.Examples ??= new Dictionary<string, IOpenApiExample>();
            if (known.Example is { } first)
            {
                known.Examples[(string)first["code"]!] = new OpenApiExample { Value = first };
                known.Example = null;
            }

            known.Examples.TryAdd(code, new OpenApiExample { Value = Sample() });
            return;
        }

        operation.Responses[key] = new OpenApiResponse
        {
            Description = problem.Description ?? title,
            Content = new Dictionary<string, OpenApiMediaType>
            {
                [ProblemJson] = new OpenApiMediaType { Schema = new OpenApiSchemaReference("Problem", document), Example = Sample() },
            },
        };

        JsonObject Sample()
        {
            var sample = new JsonObject
            {
                ["type"] = "about:blank",
                ["title"] = title,
                ["status"] = problem.Status,
                ["detail"] = problem.Description ?? title,
                ["code"] = code,
                ["traceId"] = "4bf92f3577b34da6a3ce929d0e0e4736",
            };
            if (problem.Status == 400)
            {
                sample["errors"] = new JsonObject { ["field"] = new JsonArray("What is wrong with it.") };
            }

            return sample;
        }
    }

    private static OpenApiSchema ProblemSchema() => new()
    {
        Type = JsonSchemaType.Object,
        Description = "What went wrong, as RFC 9457 problem details.",
        Required = new HashSet<string> { "status", "title", "code", "traceId" },
        Properties = new Dictionary<string, IOpenApiSchema>
        {
            ["type"] = Text("Always about:blank; the code says what it is."),
            ["title"] = Text("The status in words."),
            ["status"] = new OpenApiSchema { Type = JsonSchemaType.Integer, Description = "The HTTP status." },
            ["detail"] = Text("What went wrong and what to do about it, for people."),
            ["code"] = Text("What went wrong, for programs; stable."),
            ["traceId"] = Text("Finds the request in the logs."),
            ["errors"] = new OpenApiSchema
            {
                Type = JsonSchemaType.Object,
                Description = "Messages by field, such as to[1], where the request is at fault.",
                AdditionalProperties = new OpenApiSchema { Type = JsonSchemaType.Array, Items = new OpenApiSchema { Type = JsonSchemaType.String } },
            },
        },
    };

    private static OpenApiSchema Text(string description) => new() { Type = JsonSchemaType.String, Description = description };
}
