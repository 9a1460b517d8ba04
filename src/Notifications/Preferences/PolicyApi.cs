using System.Security.Cryptography;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Preferences;

/// <summary>Types that describe bodies, which are read and written by hand.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(PolicyBody))]
[JsonSerializable(typeof(PreferencesBody))]
[JsonSerializable(typeof(PreferencesAnswer))]
internal sealed partial class PreferencesApiJson : JsonSerializerContext;

/// <summary><c>/v1/policy</c>: what holds for all users of a tenant.</summary>
public static class PolicyApi
{
    private const string Example = """
        {"channels":{"email":"digest"},"categories":{"orders":{"name":"Your orders","mandatory":false,"channels":{"email":"on"},
        "throttle":{"max":3,"seconds":3600,"channels":["email"]}},"security":{"name":"Security","mandatory":true,"channels":{},"throttle":null}},
        "quietHours":{"start":"22:00","end":"07:00"},"digest":{"every":"daily","at":"08:00","weekday":"monday"},"timeZone":"Europe/Vienna",
        "locale":"de","email":{"from":"shop@example.com","name":"The shop","replyTo":null},"openTopics":["news.*","offers"]}
        """;

    /// <summary>Maps <c>/v1/policy</c>.</summary>
    public static IEndpointRouteBuilder MapPolicy(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/policy").WithTags("Policy").WithSmallBody();
        group.MapGet("", GetAsync).RequireAuthorization(Scopes.View).WithName("getPolicy").WithSummary("The tenant's policy")
            .WithDescription("The header ETag goes into If-Match of the change that follows.").Produces<PolicyBody>().WithResponseExample(200, Example);
        group.MapPut("", PutAsync).RequireAuthorization(Scopes.Operate).WithName("setPolicy").WithSummary("Replace the tenant's policy")
            .WithDescription(
                "The whole of it: what the body leaves out has its default. With If-Match only if the policy is still the one that was read. " +
                "The next event follows it; what already waits for its hour keeps it.")
            .WithBody<PolicyBody>(Example).Produces<PolicyBody>().WithResponseExample(200, Example)
            .WithProblem(412, "precondition_failed", "The policy is another one than If-Match names.");
        return routes;
    }

    private static async Task<Utf8ContentHttpResult> GetAsync(HttpContext context, Store store, CancellationToken cancellationToken) =>
        Answer(context, (await store.PolicyAsync(context.User.Tenant(), cancellationToken)).Write());

    private static async Task<Results<Utf8ContentHttpResult, ProblemHttpResult>> PutAsync(HttpContext context, Store store)
    {
        var (json, problem) = await JsonBody.ReadAsync(context);
        if (problem is not null)
        {
            return problem;
        }

        var faults = new Faults();
        var policy = PolicyJson.Read(json, faults);
        if (faults.ToProblem() is { } invalid)
        {
            return invalid;
        }

        var match = context.Request.GetTypedHeaders().IfMatch;
        if (context.Request.Headers.IfMatch.Count > 0 && match.Count == 0)
        {
            return Problems.Field("If-Match", "must be the ETag of the policy as it was read, in quotes, or *.");
        }

        var bytes = policy.Write();
        var written = await store.SetPolicyAsync(context.User.Tenant(), policy, there =>
            match.Count == 0 || match.Any(tag => tag.Tag == "*" || (!tag.IsWeak && tag.Tag == Tag(there.Write()))));
        return written
            ? Answer(context, bytes)
            : Problems.Of(StatusCodes.Status412PreconditionFailed, "precondition_failed", "The policy was changed since it was read. Read it again.");
    }

    private static Utf8ContentHttpResult Answer(HttpContext context, byte[] policy)
    {
        context.Response.Headers.ETag = Tag(policy);
        return TypedResults.Text(policy, "application/json");
    }

    /// <summary>Names what it says, whoever wrote it: a hash of the bytes.</summary>
    private static string Tag(byte[] policy) => $"\"{Convert.ToHexStringLower(SHA256.HashData(policy).AsSpan(0, 12))}\"";
}
