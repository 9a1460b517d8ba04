using System.Globalization;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Inbox;
using Notifications.Preferences;
using Notifications.Storage;

namespace Notifications.Users;

/// <summary><c>GET /v1/users/ID/export</c>: everything that is kept of a user, for the user.</summary>
public static class ExportApi
{
    private const string Example = """
        {"userId":"ada","exportedAt":"2026-01-15T09:30:00.000Z","profile":{"email":"ada@example.com","name":"Ada","locale":null,"timeZone":null,
        "createdAt":"2026-01-10T09:30:00.000Z","updatedAt":"2026-01-10T09:30:00.000Z"},"preferences":{"channels":{"email":"digest"},"categories":{},
        "quietHours":null,"digest":null},"subscriptions":[{"topic":"news","createdAt":"2026-01-10T09:30:00.000Z"}],"devices":[],"webhooks":[],
        "notifications":[],"deliveries":[]}
        """;

    /// <summary>Maps <c>/v1/users/ID/export</c>.</summary>
    public static IEndpointRouteBuilder MapExport(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/v1/users/{id}/export", ExportAsync).WithTags("Users").RequireAuthorization(Scopes.View).WithName("exportUser")
            .WithSummary("Everything that is kept of a user, as one JSON document")
            .WithDescription("It is sent as it is read, however long it is; an answer that ends before its closing brace is not whole.")
            .WithResponseExample(200, Example).WithProblem(404);
        return routes;
    }

    private static async Task<Results<EmptyHttpResult, ProblemHttpResult>> ExportAsync(
        string id, HttpContext context, Store store, UserLog log, TimeProvider time, CancellationToken cancellationToken)
    {
        if (UserPath.Check(context, ref id) is { } wrong)
        {
            return wrong;
        }

        var key = new UserKey(context.User.Tenant(), id);
        if (await store.UserAsync(key, cancellationToken) is not { } user)
        {
            return Problems.NotFound($"Nobody has named a user {id}.");
        }

        await log.HeadAsync(key, cancellationToken); // Takes what was sent to everyone.
        var response = context.Response;
        response.ContentType = "application/json";
        response.Headers.CacheControl = "no-store";
        response.Headers.ContentDisposition = "attachment; filename=\"export.json\"";
        await using var writer = new Utf8JsonWriter(response.BodyWriter);
        await new UserExport(store, key, writer, response, cancellationToken).WriteAsync(user, time.GetUtcNow());
        return TypedResults.Empty;
    }
}

/// <summary>Writes an export, a page of rows at a time; each page is sent before the next is read.</summary>
internal sealed class UserExport(Store store, UserKey key, Utf8JsonWriter writer, HttpResponse response, CancellationToken cancellationToken)
{
    private const int PageRows = 200;

    /// <summary>Items are up to 256 KiB each.</summary>
    private const int PageItems = 50;

    public async Task WriteAsync(StoredUser user, DateTimeOffset now)
    {
        writer.WriteStartObject();
        writer.WriteString("userId"u8, key.User);
        Time("exportedAt", now.ToUnixTimeMilliseconds());
        writer.WriteStartObject("profile"u8);
        writer.WriteString("email"u8, user.Profile.Email);
        writer.WriteString("name"u8, user.Profile.Name);
        writer.WriteString("locale"u8, user.Profile.Locale);
        writer.WriteString("timeZone"u8, user.Profile.TimeZone);
        Time("createdAt", user.CreatedAt);
        Time("updatedAt", user.UpdatedAt);
        writer.WriteEndObject();
        writer.WritePropertyName("preferences"u8);
        PreferencesJson.Write(writer, user.Profile.Preferences);
        await ListAsync("subscriptions", "", after => store.SubscriptionsOfAsync(key, after, PageRows, cancellationToken), s => s.Topic, PageRows, Write);
        await ListAsync("devices", (string?)null, after => store.DevicesOfAsync(key, after, PageRows, cancellationToken), d => d.Device, PageRows, Write);
        await ListAsync("webhooks", Guid.Empty, after => store.WebhooksOfAsync(key, after, PageRows, cancellationToken), w => w.Id, PageRows, Write);
        await ListAsync("notifications", 0L, after => store.ItemsOfAsync(key, after, PageItems, cancellationToken), i => i.Seq, PageItems, Write);
        await ListAsync("deliveries", Guid.Empty, after => store.DeliveriesOfAsync(key, after, PageRows, cancellationToken), d => d.Id, PageRows, Write);
        writer.WriteEndObject();
        await SendAsync();
    }

    private async Task ListAsync<T, TPlace>(string name, TPlace start, Func<TPlace, Task<List<T>>> readAsync, Func<T, TPlace> place, int size, Action<T> write)
    {
        writer.WriteStartArray(name);
        var after = start;
        List<T> page;
        do
        {
            page = await readAsync(after);
            foreach (var row in page)
            {
                write(row);
                after = place(row);
            }

            await SendAsync();
        }
        while (page.Count == size);
        writer.WriteEndArray();
    }

    private async Task SendAsync()
    {
        await writer.FlushAsync(cancellationToken);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }

    private void Write(StoredSubscription subscription)
    {
        writer.WriteStartObject();
        writer.WriteString("topic"u8, subscription.Topic);
        Time("createdAt", subscription.CreatedAt);
        writer.WriteEndObject();
    }

    private void Write(StoredDevice device)
    {
        writer.WriteStartObject();
        writer.WriteString("device"u8, device.Device);
        writer.WriteNumber("position"u8, device.Position);
        Time("updatedAt", device.UpdatedAt);
        writer.WriteEndObject();
    }

    private void Write(ExportedWebhook webhook)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Ids.Format(Ids.Webhook, webhook.Id));
        writer.WriteString("url"u8, webhook.Url);
        writer.WriteStartArray("types"u8);
        foreach (var type in webhook.Types.Split('\n', StringSplitOptions.RemoveEmptyEntries))
        {
            writer.WriteStringValue(type);
        }

        writer.WriteEndArray();
        Time("createdAt", webhook.CreatedAt);
        Time("disabledAt", webhook.DisabledAt);
        writer.WriteString("disabledReason"u8, webhook.DisabledReason);
        writer.WriteEndObject();
    }

    private void Write(InboxItem item) => JsonSerializer.Serialize(writer, item, InboxJson.Default.InboxItem);

    private void Write(ExportedDelivery delivery)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, Ids.Format(Ids.Delivery, delivery.Id));
        writer.WriteString("eventId"u8, delivery.EventId is { } id ? Ids.Format(Ids.Event, id) : null);
        writer.WriteString("channel"u8, delivery.Channel);
        writer.WriteString("target"u8, delivery.Target);
        writer.WriteString("kind"u8, delivery.Kind);
        writer.WriteString("category"u8, delivery.Category);
        Number("seq", delivery.Seq);
        writer.WriteString("state"u8, delivery.State);
        writer.WriteString("reason"u8, delivery.Reason);
        Time("createdAt", delivery.CreatedAt);
        Time("dueAt", delivery.DueAt);
        Time("finishedAt", delivery.FinishedAt);
        writer.WriteNumber("attempts"u8, delivery.Attempts);
        Time("lastAttemptAt", delivery.LastAttemptAt);
        Number("lastCode", delivery.LastCode);
        writer.WriteString("lastError"u8, delivery.LastError);
        writer.WriteString("lastResponse"u8, delivery.LastResponse);
        writer.WriteEndObject();
    }

    private void Number(string name, long? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private void Time(string name, long? milliseconds) => writer.WriteString(
        name, milliseconds is { } at ? DateTimeOffset.FromUnixTimeMilliseconds(at).ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture) : null);
}
