using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary><c>/v1/keys</c>: API keys. <c>?tenant=</c> names the tenant whose keys are meant, the caller's where absent.</summary>
internal static class KeysApi
{
    private const int MaxNameLength = 100;
    private const string Example =
        """{"id":"key_0199f0c52f7b7c3e8a4d5b6c7d8e9f01","name":"shop backend","tenant":"default","scopes":["events:write"],"createdAt":"2026-01-15T09:30:00.000Z"}""";

    public static void MapKeys(this IEndpointRouteBuilder app)
    {
        var keys = app.MapGroup("/v1/keys").RequireAuthorization(Scopes.Admin).WithTags("Keys").WithSmallBody();
        keys.MapPost("", MakeAsync).WithName("makeKey").WithSummary("Make an API key")
            .WithDescription("The key is shown in this answer and never again. An admin key may name another tenant, which thereby exists.")
            .WithRequestExample("""{"name":"shop backend","scopes":["events:write"]}""")
            .WithResponseExample(201, Example.Replace("\"scopes\"", "\"key\":\"sk_mX2v9qT4…\",\"scopes\"", StringComparison.Ordinal));
        keys.MapGet("", ListAsync).WithName("listKeys").WithSummary("List API keys, oldest first")
            .WithResponseExample(200, $$"""{"data":[{{Example}}],"nextCursor":null}""");
        keys.MapGet("/{id}", GetAsync).WithName("getKey").WithSummary("Read an API key").WithResponseExample(200, Example).WithProblem(404);
        keys.MapPatch("/{id}", ChangeAsync).WithName("changeKey").WithSummary("Change an API key's name or scopes")
            .WithDescription("Takes effect at once in this process, within 30 seconds in others.")
            .WithRequestExample("""{"scopes":["events:write","view"]}""").WithResponseExample(200, Example).WithProblem(404);
        keys.MapDelete("/{id}", DeleteAsync).WithName("deleteKey").WithSummary("Delete an API key")
            .WithDescription("Takes effect at once in this process, within 30 seconds in others.").WithProblem(404);
    }

    private static async Task<Results<Created<MadeKey>, ProblemHttpResult>> MakeAsync(
        NewKey request, HttpContext context, Store store, CancellationToken cancellationToken)
    {
        var tenant = request.Tenant ?? context.User.Tenant();
        if ((CheckName(request.Name) ?? CheckScopes(request.Scopes) ?? CheckTenant(tenant)) is { } problem)
        {
            return problem;
        }

        cancellationToken.ThrowIfCancellationRequested();
        var secret = ApiKey.Generate();
        var key = await store.AddKeyAsync(tenant, request.Name, [.. request.Scopes], ApiKey.Hash(secret)!);
        context.Response.Headers.CacheControl = "no-store";
        var location = $"/v1/keys/{key.Id}" + (tenant == context.User.Tenant() ? "" : $"?tenant={tenant}");
        return TypedResults.Created(location, new MadeKey
        {
            Id = key.Id,
            Name = key.Name,
            Tenant = key.Tenant,
            Scopes = key.Scopes,
            CreatedAt = key.CreatedAt,
            Key = secret,
        });
    }

    private static async Task<Results<Ok<Page<KeyView>>, ProblemHttpResult>> ListAsync(
        string? tenant, string? after, int? limit, HttpContext context, Store store, CancellationToken cancellationToken)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var keys = await store.KeysAsync(tenant ?? context.User.Tenant(), place, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(keys, count, KeyView.Of, key => key.Id));
    }

    private static async Task<Results<Ok<KeyView>, ProblemHttpResult>> GetAsync(
        string id, string? tenant, HttpContext context, Store store, CancellationToken cancellationToken) =>
        await store.KeyAsync(tenant ?? context.User.Tenant(), id, cancellationToken) is { } key ? TypedResults.Ok(KeyView.Of(key)) : NoKey(id);

    private static async Task<Results<Ok<KeyView>, ProblemHttpResult>> ChangeAsync(
        string id, string? tenant, KeyChange change, HttpContext context, Store store, KeyDirectory keys, CancellationToken cancellationToken)
    {
        if (((change.Name is null ? null : CheckName(change.Name)) ?? (change.Scopes is null ? null : CheckScopes(change.Scopes))) is { } problem)
        {
            return problem;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (await store.ChangeKeyAsync(tenant ?? context.User.Tenant(), id, change.Name, change.Scopes) is not { } changed)
        {
            return NoKey(id);
        }

        keys.Forget(changed.Hash);
        return TypedResults.Ok(KeyView.Of(changed.Key));
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, string? tenant, HttpContext context, Store store, KeyDirectory keys, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (await store.DeleteKeyAsync(tenant ?? context.User.Tenant(), id) is not { } hash)
        {
            return NoKey(id);
        }

        keys.Forget(hash);
        return TypedResults.NoContent();
    }

    private static ProblemHttpResult NoKey(string id) => Problems.NotFound($"There is no key {id}.");

    private static ProblemHttpResult? CheckName(string name) =>
        name.Length is 0 or > MaxNameLength || name.Any(char.IsControl)
            ? Problems.Field("name", $"1 to {MaxNameLength} characters, none of them a control character.")
            : null;

    private static ProblemHttpResult? CheckTenant(string tenant) =>
        ApiKey.IsTenant(tenant) ? null : Problems.Field("tenant", "1 to 63 of a-z, 0-9, _ and -, starting with a letter or digit.");

    private static ProblemHttpResult? CheckScopes(IReadOnlyList<string> scopes)
    {
        if (scopes.Count == 0)
        {
            return Problems.Field("scopes", "at least one is needed.");
        }

        for (var i = 0; i < scopes.Count; i++)
        {
            if (!Scopes.All.Contains(scopes[i]))
            {
                return Problems.Field($"scopes[{i}]", $"not a scope; there are {string.Join(", ", Scopes.All)}.");
            }

            if (scopes.Take(i).Contains(scopes[i]))
            {
                return Problems.Field($"scopes[{i}]", "named twice.");
            }
        }

        return null;
    }
}
