using System.Collections.Concurrent;
using System.Text.Json;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Channels;
using Notifications.Events;
using Notifications.Storage;

namespace Notifications.Webhooks;

/// <summary>
/// Watches how webhooks fare: one that answered that it is gone, or has failed for too long, is taken out of use, and its owner is told: the user whose
/// it is, else the topic <c>operators</c>.
/// </summary>
public sealed partial class WebhookHealth(Store store, EventIntake intake, IOptions<WebhookOptions> options, TimeProvider time, ILogger<WebhookHealth> logger)
{
    /// <summary>Who is told of a webhook that is nobody's.</summary>
    public const string Operators = "operators";

    private static readonly TimeSpan NoteEvery = TimeSpan.FromMinutes(1);

    /// <summary>Webhooks whose last attempt failed, and when that was last noted: the store is asked only for what is news.</summary>
    private readonly ConcurrentDictionary<Guid, long> _failing = new();

    /// <summary>Whether this process has seen an attempt go well: it may have begun with a webhook that failed before.</summary>
    private readonly ConcurrentDictionary<Guid, bool> _well = new();

    /// <summary>An attempt has ended.</summary>
    public async Task ObserveAsync(Outgoing delivery, SendOutcome outcome)
    {
        if (!Ids.TryParse(Ids.Webhook, delivery.Target, out var id))
        {
            return;
        }

        StoredWebhook? disabled = null;
        if (outcome.Status == SendStatus.Gone)
        {
            disabled = await store.DisableWebhookAsync(delivery.Tenant, id, "gone");
        }
        else if (outcome.Status == SendStatus.Sent)
        {
            if (_failing.TryRemove(id, out _) | _well.TryAdd(id, true))
            {
                await store.MarkWebhookAsync(delivery.Tenant, id, succeeded: true, After);
            }
        }
        else if (!_failing.TryGetValue(id, out var noted) || time.GetElapsedTime(noted) > NoteEvery)
        {
            _well.TryRemove(id, out _);
            _failing[id] = time.GetTimestamp();
            disabled = await store.MarkWebhookAsync(delivery.Tenant, id, succeeded: false, After);
        }

        if (disabled is not null)
        {
            LogDisabled(logger, delivery.Target, outcome.Reason);
            await TellAsync(delivery.Tenant, disabled, outcome);
        }
    }

    private TimeSpan After => options.Value.DisableAfter;

    private async Task TellAsync(string tenant, StoredWebhook webhook, SendOutcome outcome)
    {
        var (id, url) = (Ids.Format(Ids.Webhook, webhook.Endpoint.Id), webhook.Endpoint.Url);
        var json = JsonSerializer.SerializeToUtf8Bytes(
            new WebhookNotice(
                $"{id}-disabled-{time.GetUtcNow().ToUnixTimeMilliseconds()}", "webhook.disabled", [webhook.Endpoint.UserId is { } user ? "user:" + user : "topic:" + Operators],
                $"The webhook {url.Host} was disabled",
                $"{url} {(outcome.Status == SendStatus.Gone ? "answered that it is gone (410)" : $"has not taken a delivery for {options.Value.DisableAfterHours} hours; the last error was {outcome.Reason}")}. " +
                "Enable it again once it works; what was not delivered is with the dead letters.",
                ["inbox"], "webhooks", new WebhookNoticeData(id, url.AbsoluteUri, outcome.Reason)),
            WebhookNoticeJson.Default.WebhookNotice);
        if (EventParser.TryParse(json, null, out var draft, out var refusal))
        {
            await intake.AcceptAsync(tenant, [draft]);
        }
        else
        {
            LogNotTold(logger, id, refusal.Detail);
        }
    }

    [LoggerMessage(7250, LogLevel.Warning, "Webhook {Webhook} was disabled: {Reason}")]
    private static partial void LogDisabled(ILogger logger, string webhook, string reason);

    [LoggerMessage(7251, LogLevel.Error, "The owner of webhook {Webhook} could not be told that it was disabled: {Reason}")]
    private static partial void LogNotTold(ILogger logger, string webhook, string reason);
}
