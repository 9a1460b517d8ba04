using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Topics;

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Page<Topic>))]
[JsonSerializable(typeof(Page<Subscription>))]
internal sealed partial class TopicsJson : JsonSerializerContext;

/// <summary>Topics and who is subscribed to them. A topic exists by being subscribed to.</summary>
public static class TopicsApi
{
    internal const string KeyRule = "is 1 to 128 characters without white space, control characters and commas, and not . or ..";

    /// <summary>Maps <c>/v1/topics</c>.</summary>
    public static IEndpointRouteBuilder MapTopics(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/topics").WithTags("Topics");
        group.MapGet("/", ListAsync).RequireAuthorization(Scopes.View).WithName("listTopics").WithSummary("The topics that have subscribers")
            .WithResponseExample(200, """{"data":[{"key":"orders","subscribers":1200}],"nextCursor":null}""");
        group.MapGet("/{key}/subscriptions", SubscribersAsync).RequireAuthorization(Scopes.View).WithName("listSubscriptions")
            .WithSummary("Who is subscribed to a topic")
            .WithResponseExample(200, """{"data":[{"userId":"alice","createdAt":"2026-01-15T09:30:00.000Z"}],"nextCursor":null}""");
        group.MapPut("/{key}/subscriptions/{userId}", SubscribeAsync).RequireAuthorization(Scopes.UsersWrite).WithName("subscribe")
            .WithSummary("Subscribe a user; no body. 201 the first time, 200 after that");
        group.MapDelete("/{key}/subscriptions/{userId}", UnsubscribeAsync).RequireAuthorization(Scopes.UsersWrite).WithName("unsubscribe")
            .WithSummary("End a subscription; also 204 where there is none");
        return routes;
    }

    private static async Task<Results<Ok<Page<Topic>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var topics = await store.TopicsAsync(context.User.Tenant(), place, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(topics, count, topic => topic, topic => topic.Key));
    }

    private static async Task<Results<Ok<Page<Subscription>>, ProblemHttpResult>> SubscribersAsync(
        string key, HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (Check(context, ref key) is { } wrong)
        {
            return wrong;
        }

        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var subscriptions = await store.SubscriptionsAsync(context.User.Tenant(), key, place, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(subscriptions, count, subscription => subscription, subscription => subscription.UserId));
    }

    private static async Task<Results<Ok, Created, ProblemHttpResult>> SubscribeAsync(string key, string userId, HttpContext context, Store store)
    {
        if ((Check(context, ref key) ?? CheckUser(context, ref userId)) is { } wrong)
        {
            return wrong;
        }

        return await store.SubscribeAsync(context.User.Tenant(), key, userId) ? TypedResults.Created() : TypedResults.Ok();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> UnsubscribeAsync(string key, string userId, HttpContext context, Store store)
    {
        if ((Check(context, ref key) ?? CheckUser(context, ref userId)) is { } wrong)
        {
            return wrong;
        }

        await store.UnsubscribeAsync(context.User.Tenant(), key, userId);
        return TypedResults.NoContent();
    }

    /// <summary>The key of <c>/v1/topics/KEY/…</c>, exactly as it was written.</summary>
    private static ProblemHttpResult? Check(HttpContext context, ref string key)
    {
        key = PathSegment.Of(context, 2);
        return Recipient.IsKey(key) ? null : Problems.Field("key", KeyRule);
    }

    /// <summary>The user of <c>/v1/topics/KEY/subscriptions/USER</c>, likewise.</summary>
    private static ProblemHttpResult? CheckUser(HttpContext context, ref string userId)
    {
        userId = PathSegment.Of(context, 4);
        return Recipient.IsKey(userId) ? null : Problems.Field("userId", KeyRule);
    }
}
