using System.Globalization;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Inbox;

/// <summary>A page of the inbox.</summary>
/// <param name="Data">Items, newest first.</param>
/// <param name="NextCursor">Goes into <c>after</c> for the next, older page; null at the end.</param>
/// <param name="Counts">The user's counts.</param>
/// <param name="Epoch">Which history of the store this is.</param>
/// <param name="Head">The position in the user's log that the page shows: a connection or <c>sync</c> that goes on after it misses nothing.</param>
public sealed record InboxPage(IReadOnlyList<InboxItem> Data, string? NextCursor, Counts Counts, long Epoch, long Head);

/// <summary>What a client missed.</summary>
/// <param name="Epoch">Which history of the store this is; comes back with the next request.</param>
/// <param name="Head">The position that is reached: <c>after</c> of the next request.</param>
/// <param name="Reset">True where the position that was asked for is of no use: fetch the inbox anew.</param>
/// <param name="Items">New and changed items, each once, in its latest state.</param>
/// <param name="HasMore">Whether to ask again at once.</param>
/// <param name="Counts">The user's counts.</param>
public sealed record InboxSync(long Epoch, long Head, bool Reset, IReadOnlyList<InboxItem> Items, bool HasMore, Counts Counts);

/// <summary>An item after a change.</summary>
/// <param name="Item">As it is now.</param>
/// <param name="Counts">The user's counts.</param>
public sealed record InboxChanged(InboxItem Item, Counts Counts);

/// <summary>How far a bulk action got.</summary>
/// <param name="Updated">How many items it changed.</param>
/// <param name="Counts">The user's counts.</param>
public sealed record InboxUpdated(int Updated, Counts Counts);

/// <summary>What a bulk action applies to; empty is everything in the inbox.</summary>
/// <param name="Status">One of the statuses of a list.</param>
/// <param name="Category">Only items of this category.</param>
public sealed record InboxFilter(string? Status = null, string? Category = null);

/// <summary>A bulk action. Exactly one of <c>ids</c> and <c>filter</c> is given.</summary>
public sealed record InboxAction
{
    /// <summary><c>seen</c>, <c>read</c>, <c>unread</c>, <c>archive</c>, <c>unarchive</c>, <c>snooze</c> or <c>unsnooze</c>.</summary>
    public required string Action { get; init; }

    /// <summary>Up to 500 items; those the user does not have are passed over.</summary>
    public IReadOnlyList<string>? Ids { get; init; }

    /// <summary>Which items, if not by id; <c>{}</c> is all.</summary>
    public InboxFilter? Filter { get; init; }

    /// <summary>Only items up to this <c>seq</c>, included: what arrived after the user last looked stays as it is.</summary>
    public long? Before { get; init; }

    /// <summary>For <c>snooze</c>: until when.</summary>
    public DateTimeOffset? SnoozedUntil { get; init; }
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, AllowDuplicateProperties = false,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(InboxPage))]
[JsonSerializable(typeof(InboxSync))]
[JsonSerializable(typeof(InboxChanged))]
[JsonSerializable(typeof(InboxUpdated))]
[JsonSerializable(typeof(InboxChange))]
[JsonSerializable(typeof(InboxAction))]
internal sealed partial class InboxJson : JsonSerializerContext;

/// <summary>A user's inbox over HTTP.</summary>
public static class InboxApi
{
    private const string Counts = """{"unseen":1,"unread":3}""";

    private const string Item = """
        {"id":"ntf_01a20269c6867acbb1fecd8400000007","seq":7,"rev":9,"eventId":"evt_01a20269c6867af99c4258b33f98e0d9","type":"order.shipped",
        "title":"Your order is on its way","body":null,"url":"https://example.com/orders/42","imageUrl":null,"data":{"order":42},"actions":null,
        "category":"orders","priority":"normal","createdAt":"2026-01-15T09:30:00.000Z","seenAt":"2026-01-15T09:31:00.000Z","readAt":null,
        "archivedAt":null,"snoozedUntil":null,"withdrawnAt":null}
        """;

    /// <summary>Maps <c>/v1/me/inbox</c>.</summary>
    public static IEndpointRouteBuilder MapInbox(this IEndpointRouteBuilder routes)
    {
        var group = routes.MapGroup("/v1/me/inbox").WithTags("Inbox").RequireAuthorization(Scopes.User).WithSmallBody();
        group.MapGet("/", ListAsync).WithName("listInbox").WithSummary("The inbox, newest first")
            .WithDescription("status is inbox (default), unseen, seen, unread, read, archived, snoozed or all.")
            .WithResponseExample(200, $$"""{"data":[{{Item}}],"nextCursor":null,"counts":{{Counts}},"epoch":1795336811605,"head":9}""");
        group.MapGet("/counts", CountsAsync).WithName("getCounts").WithSummary("How many items are unseen and unread")
            .WithResponseExample(200, Counts);
        group.MapGet("/sync", SyncAsync).WithName("syncInbox").WithSummary("What is new or changed since a position, for clients without a socket")
            .WithDescription("Ask again with after = head, and with the epoch of the answer; at once while hasMore is true.")
            .WithResponseExample(200, $$"""{"epoch":1795336811605,"head":9,"reset":false,"items":[{{Item}}],"hasMore":false,"counts":{{Counts}}}""");
        group.MapPatch("/{id}", PatchAsync).WithName("updateItem").WithSummary("Mark an item seen, read, archived or snoozed")
            .WithRequestExample("""{"read":true}""").WithResponseExample(200, $$"""{"item":{{Item}},"counts":{{Counts}}}""").WithProblem(404);
        group.MapDelete("/{id}", DeleteAsync).WithName("deleteItem").WithSummary("Delete an item, on all devices").WithProblem(404);
        group.MapPost("/actions", ActAsync).WithName("actOnInbox").WithSummary("Change many items at once")
            .WithRequestExample("""{"action":"read","filter":{"category":"orders"},"before":9}""")
            .WithResponseExample(200, $$"""{"updated":3,"counts":{{Counts}}}""");
        return routes;
    }

    private static UserKey Key(HttpContext context) => new(context.User.Tenant(), context.User.UserId());

    private static async Task<Results<Ok<InboxPage>, ProblemHttpResult>> ListAsync(
        HttpContext context, UserLog log, StoreEpoch current, string? status = null, string? category = null, string? after = null, int? limit = null,
        CancellationToken cancellationToken = default)
    {
        if (Paging.Check(after, limit, out var place, out var count) is { } problem)
        {
            return problem;
        }

        if (!TryReadStatus(status, out var wanted))
        {
            return BadStatus("status");
        }

        var before = long.MaxValue;
        if (place is not "" && !long.TryParse(place, NumberStyles.None, CultureInfo.InvariantCulture, out before))
        {
            return Paging.BadCursor();
        }

        var (items, head) = await log.PageAsync(Key(context), wanted, category, before, count + 1, cancellationToken);
        var page = Paging.Page(items, count, item => item, item => item.Seq.ToString(CultureInfo.InvariantCulture));
        return TypedResults.Ok(new InboxPage(page.Data, page.NextCursor, head.Counts, current.Value, head.Counter));
    }

    private static async Task<Ok<Counts>> CountsAsync(HttpContext context, UserLog log, CancellationToken cancellationToken) =>
        TypedResults.Ok((await log.HeadAsync(Key(context), cancellationToken)).Counts);

    private static async Task<Results<Ok<InboxSync>, ProblemHttpResult>> SyncAsync(
        HttpContext context, UserLog log, StoreEpoch current, long after = 0, long? epoch = null, int? limit = null,
        CancellationToken cancellationToken = default)
    {
        if (Paging.Check(null, limit ?? Paging.MaxLimit, out _, out var count) is { } problem)
        {
            return problem;
        }

        if (after < 0)
        {
            return Problems.Field("after", "must not be negative");
        }

        var page = await log.CatchUpAsync(Key(context), after, count, cancellationToken);
        var head = page.Head;
        if ((epoch is { } asked && asked != current.Value) || after > head.Counter || after < head.OldestSeq - 1)
        {
            return TypedResults.Ok(new InboxSync(current.Value, head.Counter, true, [], false, head.Counts));
        }

        // Here an item needs to come only once, for the position is in the answer.
        var items = new OrderedDictionary<long, InboxItem>();
        foreach (var item in page.Steps.SelectMany(s => s.Items))
        {
            items[item.Seq] = item;
        }

        return TypedResults.Ok(new InboxSync(current.Value, page.Position, false, [.. items.Values], page.HasMore, head.Counts));
    }

    private static async Task<Results<Ok<InboxChanged>, ProblemHttpResult>> PatchAsync(
        string id, InboxChange change, HttpContext context, UserLog log, TimeProvider time)
    {
        if (change.Validate(time.GetUtcNow()) is var (field, message))
        {
            return Problems.Field(field, message);
        }

        return await ChangeAsync(id, change, context, log) is { } changed ? TypedResults.Ok(changed) : Missing();
    }

    private static async Task<Results<NoContent, ProblemHttpResult>> DeleteAsync(string id, HttpContext context, UserLog log) =>
        await ChangeAsync(id, new InboxChange { Delete = true }, context, log) is not null ? TypedResults.NoContent() : Missing();

    private static async Task<InboxChanged?> ChangeAsync(string id, InboxChange change, HttpContext context, UserLog log)
    {
        if (!Ids.TryParse(Ids.Notification, id, out var guid))
        {
            return null;
        }

        var result = await log.ChangeAsync(Key(context), [guid], change);
        return result.Items is [var item] ? new InboxChanged(item, result.Counts) : null;
    }

    private static async Task<Results<Ok<InboxUpdated>, ProblemHttpResult>> ActAsync(
        InboxAction action, HttpContext context, UserLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (Change(action) is not { } change)
        {
            return Problems.Field("action", "must be seen, read, unread, archive, unarchive, snooze or unsnooze");
        }

        if (action.Action == "snooze" ? change.Validate(time.GetUtcNow()) is not null || action.SnoozedUntil is null : action.SnoozedUntil is not null)
        {
            return Problems.Field("snoozedUntil", "goes with snooze, and must lie in the future, within a year");
        }

        if (action.Ids is null == action.Filter is null)
        {
            return Problems.Field("ids", "give either ids or filter");
        }

        if (action.Before is < 0)
        {
            return Problems.Field("before", "is a seq, and must not be negative");
        }

        if (action.Ids is not null)
        {
            if (action.Ids.Count is 0 or > Store.MaxItemsPerChange)
            {
                return Problems.Field("ids", $"must name 1 to {Store.MaxItemsPerChange} items");
            }

            var ids = action.Ids.Select(text => Ids.TryParse(Ids.Notification, text, out var id) ? id : default)
                .Where(id => id != default && Ids.SeqOf(id) <= (action.Before ?? long.MaxValue)).ToArray();
            var result = await log.ChangeAsync(Key(context), ids, change);
            return TypedResults.Ok(new InboxUpdated(result.Updated, result.Counts));
        }

        if (!TryReadStatus(action.Filter!.Status ?? DefaultStatus(action.Action), out var status))
        {
            return BadStatus("filter.status");
        }

        var (updated, counts) = await log.ChangeAsync(Key(context), status, action.Filter.Category, action.Before, change, cancellationToken);
        return TypedResults.Ok(new InboxUpdated(updated, counts));
    }

    private static InboxChange? Change(InboxAction action) => action.Action switch
    {
        "seen" => new InboxChange { Seen = true },
        "read" => new InboxChange { Read = true },
        "unread" => new InboxChange { Read = false },
        "archive" => new InboxChange { Archived = true },
        "unarchive" => new InboxChange { Archived = false },
        "snooze" => new InboxChange { SnoozedUntil = new Maybe<DateTimeOffset?>(action.SnoozedUntil) },
        "unsnooze" => new InboxChange { SnoozedUntil = new Maybe<DateTimeOffset?>(null) },
        _ => null,
    };

    /// <summary>Everything, for an action that takes something back; else what is in the inbox.</summary>
    private static string DefaultStatus(string action) => action switch
    {
        "unarchive" => "archived",
        "unsnooze" => "snoozed",
        _ => "inbox",
    };

    private static bool TryReadStatus(string? text, out InboxStatus status)
    {
        status = InboxStatus.Inbox;
        return text is null || (text.All(char.IsAsciiLetterLower) && Enum.TryParse(text, ignoreCase: true, out status));
    }

    private static ProblemHttpResult BadStatus(string field) =>
        Problems.Field(field, "must be inbox, unseen, seen, unread, read, archived, snoozed or all");

    private static ProblemHttpResult Missing() => Problems.NotFound("There is no such item in the inbox.");
}
