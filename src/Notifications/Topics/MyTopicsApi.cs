using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Events;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Storage;

namespace Notifications.Topics;

/// <summary>A topic as its user sees it.</summary>
/// <param name="Key">Its name.</param>
/// <param name="Subscribed">Whether the user is subscribed.</param>
/// <param name="Open">Whether the user may change that.</param>
/// <param name="SubscribedAt">Since when, or null.</param>
public sealed record MyTopic(string Key, bool Subscribed, bool Open, DateTimeOffset? SubscribedAt);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(Page<MyTopic>))]
internal sealed partial class MyTopicsJson : JsonSerializerContext;

/// <summary><c>/v1/me/topics</c>: the topics that users may subscribe to themselves, which the policy's <c>openTopics</c> names.</summary>
public static class MyTopicsApi
{
    /// <summary>Maps <c>/v1/me/topics</c>.</summary>
    public static IEndpointRouteBuilder MapMyTopics(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/me/topics").WithTags("Topics").RequireAuthorization(Scopes.User);
        group.MapGet("", ListAsync).WithName("listMyTopics").WithSummary("The user's topics, and those that are open")
            .WithResponseExample(200, """{"data":[{"key":"news.local","subscribed":true,"open":true,"subscribedAt":"2026-01-15T09:30:00.000Z"}],"nextCursor":null}""");
        group.MapPut("/{key}", SubscribeAsync).WithName("subscribeMe").WithSummary("Subscribe to an open topic; no body. 201 the first time, 200 after that")
            .WithProblem(403, "topic_closed", "Users may not subscribe to this topic themselves.");
        group.MapDelete("/{key}", UnsubscribeAsync).WithName("unsubscribeMe").WithSummary("End a subscription to an open topic; also 204 where there is none")
            .WithProblem(403, "topic_closed", "Users may not leave this topic themselves.");
        return routes;
    }

    private static async Task<Results<Ok<Page<MyTopic>>, ProblemHttpResult>> ListAsync(
        HttpContext context, Store store, string? after = null, int? limit = null, CancellationToken cancellationToken = default)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        var topics = await store.UserTopicsAsync(Me(context), place, count + 1, cancellationToken);
        return TypedResults.Ok(Paging.Page(topics, count, Show, topic => topic.Key));
    }

    private static async Task<Results<Ok, Created, ProblemHttpResult>> SubscribeAsync(string key, HttpContext context, Store store)
    {
        (var wrong, key) = await CheckAsync(context, store);
        return wrong is not null ? wrong
            : await store.SubscribeAsync(context.User.Tenant(), key, context.User.UserId()) ? TypedResults.Created() : TypedResults.Ok();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> UnsubscribeAsync(string key, HttpContext context, Store store)
    {
        (var wrong, key) = await CheckAsync(context, store);
        if (wrong is not null)
        {
            return wrong;
        }

        await store.UnsubscribeAsync(context.User.Tenant(), key, context.User.UserId());
        return TypedResults.NoContent();
    }

    private static UserKey Me(HttpContext context) => new(context.User.Tenant(), context.User.UserId());

    private static MyTopic Show(UserTopic topic) =>
        new(topic.Key, topic.SubscribedAt is not null, topic.Open, topic.SubscribedAt is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at) : null);

    /// <summary>The key of <c>/v1/me/topics/KEY</c>, exactly as it was written, if it is one that is open.</summary>
    private static async Task<(ProblemHttpResult? Problem, string Key)> CheckAsync(HttpContext context, Store store)
    {
        var key = PathSegment.Of(context, 3);
        if (!Recipient.IsKey(key))
        {
            return (Problems.Field("key", TopicsApi.KeyRule), key);
        }

        return (await store.PolicyAsync(context.User.Tenant(), context.RequestAborted)).IsOpen(key)
            ? (null, key)
            : (Problems.Of(StatusCodes.Status403Forbidden, "topic_closed", $"The topic {key} is not open: only the service that sends it subscribes users."), key);
    }
}
