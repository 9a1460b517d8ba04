using Notifications.Channels;
using Notifications.Preferences;
using Notifications.Storage;

namespace Notifications.Webhooks;

/// <summary>Deliveries to somebody's HTTP endpoint.</summary>
public sealed class WebhookChannel(WebhookSender sender) : IChannel
{
    /// <inheritdoc/>
    public string Name => ChannelNames.Webhook;

    /// <inheritdoc/>
    public string Bucket(Outgoing delivery) => Endpoint(delivery)?.Url.GetLeftPart(UriPartial.Authority) ?? "";

    /// <inheritdoc/>
    public async Task<SendOutcome> SendAsync(Outgoing delivery, CancellationToken cancellationToken)
    {
        if (Endpoint(delivery) is not { } endpoint)
        {
            return new(SendStatus.Rejected, "endpoint_removed", "The webhook was deleted or disabled.");
        }

        var body = delivery.Items is [var item, ..]
            ? WebhookMessage.Of(item, delivery.Recipient?.UserId)
            : WebhookMessage.Test(endpoint.Id, delivery.CreatedAt);
        return await sender.SendAsync(endpoint, Ids.Format(Ids.Delivery, delivery.Id), body, cancellationToken);
    }

    private static WebhookEndpoint? Endpoint(Outgoing delivery) =>
        Ids.TryParse(Ids.Webhook, delivery.Target, out var id) ? delivery.Config.Webhooks.GetValueOrDefault(id) : null;
}
