using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Storage;

namespace Notifications.Users;

/// <summary>A user.</summary>
/// <param name="Id">Their id.</param>
/// <param name="Email">Where mail goes.</param>
/// <param name="Name">How they are addressed.</param>
/// <param name="Locale">Their language.</param>
/// <param name="TimeZone">Their time zone.</param>
/// <param name="CreatedAt">Since when there is a profile; null for one who was only named.</param>
/// <param name="UpdatedAt">When it was last written.</param>
public sealed record UserView(
    string Id, string? Email, string? Name, string? Locale, string? TimeZone, DateTimeOffset? CreatedAt, DateTimeOffset? UpdatedAt);

/// <summary>A user who was deleted.</summary>
/// <param name="UserId">Who.</param>
/// <param name="DeletedAt">When.</param>
/// <param name="DeletedBy">The key it was asked with.</param>
/// <param name="Removed">How many rows of what.</param>
public sealed record DeletionView(string UserId, DateTimeOffset DeletedAt, string DeletedBy, JsonElement Removed);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(UserView))]
[JsonSerializable(typeof(Page<UserView>))]
[JsonSerializable(typeof(Page<DeletionView>))]
[JsonSerializable(typeof(UserContact))]
[JsonSerializable(typeof(ImportedUser))]
[JsonSerializable(typeof(ImportedSubscription))]
[JsonSerializable(typeof(ImportResult))]
internal sealed partial class UsersJson : JsonSerializerContext;

/// <summary><c>/v1/users</c>: who users are, and everything that is kept of one.</summary>
public static class UsersApi
{
    private const string Example =
        """{"id":"ada","email":"ada@example.com","name":"Ada","locale":"de-AT","timeZone":"Europe/Vienna","createdAt":"2026-01-15T09:30:00.000Z","updatedAt":"2026-01-15T09:30:00.000Z"}""";

    /// <summary>Maps <c>/v1/users</c>.</summary>
    public static IEndpointRouteBuilder MapUsers(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/users").WithTags("Users").WithSmallBody();
        group.MapGet("", ListAsync).RequireAuthorization(Scopes.View).WithName("listUsers").WithSummary("Users by id, with or without a profile")
            .WithResponseExample(200, $$"""{"data":[{{Example}}],"nextCursor":null}""");
        group.MapGet("/deletions", DeletionsAsync).RequireAuthorization(Scopes.View).WithName("listDeletions").WithSummary("Users who were deleted, by id")
            .WithResponseExample(200, """{"data":[{"userId":"ada","deletedAt":"2026-01-15T09:30:00.000Z","deletedBy":"key_0199f0c52f7b7c3e8a4d5b6c7d8e9f01","removed":{"profile":1,"notifications":12}}],"nextCursor":null}""");
        group.MapGet("/{id}", GetAsync).RequireAuthorization(Scopes.View).WithName("getUser").WithSummary("Read a user")
            .WithResponseExample(200, Example).WithProblem(404);
        group.MapPut("/{id}", PutAsync).RequireAuthorization(Scopes.UsersWrite).WithName("putUser").WithSummary("Replace how a user is reached; preferences stay")
            .WithDescription("201 where nobody has named the user before. What the body leaves out is removed. The next event follows it.")
            .WithBody<UserContact>("""{"email":"ada@example.com","name":"Ada","locale":"de-AT","timeZone":"Europe/Vienna"}""").WithResponseExample(200, Example);
        group.MapDelete("/{id}", DeleteAsync).RequireAuthorization(Scopes.UsersWrite).WithName("deleteUser").WithSummary("Delete all that is kept of a user")
            .WithDescription("Also 204 where there is no such user. A user who is named again afterwards is a new one.");
        return routes;
    }

    private static async Task<Results<Ok<Page<UserView>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var users = await store.UsersAsync(context.User.Tenant(), place, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(users, count, Show, user => user.Profile.UserId));
    }

    private static async Task<Results<Ok<Page<DeletionView>>, ProblemHttpResult>> DeletionsAsync(
        HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var deletions = await store.DeletionsAsync(context.User.Tenant(), place, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(
            deletions, count,
            deletion => new DeletionView(
                deletion.UserId, DateTimeOffset.FromUnixTimeMilliseconds(deletion.DeletedAt), deletion.DeletedBy, JsonElement.Parse(deletion.Removed)),
            deletion => deletion.UserId));
    }

    private static async Task<Results<Ok<UserView>, ProblemHttpResult>> GetAsync(string id, HttpContext context, Store store, CancellationToken cancellationToken)
    {
        if (UserPath.Check(context, ref id) is { } wrong)
        {
            return wrong;
        }

        return await store.UserAsync(new UserKey(context.User.Tenant(), id), cancellationToken) is { } user
            ? TypedResults.Ok(Show(user))
            : Problems.NotFound($"Nobody has named a user {id}.");
    }

    private static async Task<Results<Ok<UserView>, Created<UserView>, ProblemHttpResult>> PutAsync(string id, HttpContext context, Store store)
    {
        if (UserPath.Check(context, ref id) is { } wrong)
        {
            return wrong;
        }

        var (json, problem) = await JsonBody.ReadAsync(context);
        if (problem is not null)
        {
            return problem;
        }

        var faults = new Faults();
        var contact = UserContact.Read(id, json, faults);
        if (faults.ToProblem() is { } invalid)
        {
            return invalid;
        }

        var key = new UserKey(context.User.Tenant(), id);
        var written = (await store.WriteProfilesAsync(key.Tenant, [id], before => contact with { Preferences = before.Preferences }))[0]!.Value;
        var user = await store.UserAsync(key, CancellationToken.None) is { } stored ? Show(stored) : Show(new StoredUser(written.Profile, null, null));
        return written.Created ? TypedResults.Created($"/v1/users/{Uri.EscapeDataString(id)}", user) : TypedResults.Ok(user);
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(
        string id, HttpContext context, UserDeletion deletion, CancellationToken cancellationToken)
    {
        if (UserPath.Check(context, ref id) is { } wrong)
        {
            return wrong;
        }

        await deletion.DeleteAsync(new UserKey(context.User.Tenant(), id), context.User.FindFirstValue("key") ?? "", cancellationToken);
        return TypedResults.NoContent();
    }

    private static UserView Show(StoredUser user) => new(
        user.Profile.UserId, user.Profile.Email, user.Profile.Name, user.Profile.Locale, user.Profile.TimeZone, Time(user.CreatedAt), Time(user.UpdatedAt));

    private static DateTimeOffset? Time(long? milliseconds) => milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null;
}
