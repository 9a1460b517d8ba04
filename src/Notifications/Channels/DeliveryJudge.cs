using Notifications.Log;
using Notifications.Preferences;
using Notifications.Routing;
using Notifications.Storage;
using Notifications.Users;

namespace Notifications.Channels;

/// <summary>What is to be done with a delivery whose time has come: exactly one of these.</summary>
/// <param name="Send">It is sent.</param>
/// <param name="Cancel">It is not wanted any more, for this reason.</param>
/// <param name="Dead">It cannot be sent, for this reason.</param>
/// <param name="HoldUntil">It waits again.</param>
public readonly record struct Judgement(Outgoing? Send = null, string? Cancel = null, string? Dead = null, DateTimeOffset? HoldUntil = null);

/// <summary>Asks of a delivery, when it is due, whether it is still wanted: much may have happened since it was decided. Pure.</summary>
public static class DeliveryJudge
{
    /// <summary>
    /// (1) what is gone or over is for nobody; (2) what was seen or read in time is not repeated; (3) the user may have changed their mind, or quiet
    /// hours have come; (4) somebody must be there to take it.
    /// </summary>
    public static Judgement Judge(LoadedDelivery delivery, string channel, Claim claim, TenantConfig config, DateTimeOffset now)
    {
        var preferences = delivery.Profile?.Preferences ?? PreferenceDocument.Empty;
        if (delivery.Kind == "digest")
        {
            var wanted = delivery.Items.Where(i => Over(i, now) is null && !i.Read && !IsOff(i, preferences, channel, config)).ToArray();
            return wanted.Length == 0 ? new Judgement(Cancel: "empty") : Address(delivery, channel, claim, config, wanted);
        }

        if (delivery.Items is not [var item])
        {
            return new Judgement(Cancel: "event_gone");
        }

        if (Over(item, now) is { } over) // (1)
        {
            return new Judgement(Cancel: over);
        }

        // What is tried again has waited too.
        if (delivery.UserId is not null && (claim.Recheck != Recheck.None || claim.Attempts > 1))
        {
            if (item.Read || (item.Seen && claim.Recheck == Recheck.NotSeen)) // (2)
            {
                return new Judgement(Cancel: item.Read ? "read" : "seen");
            }

            if (IsOff(item, preferences, channel, config)) // (3)
            {
                return new Judgement(Cancel: "preference_changed");
            }

            if (!EventRecord.IsCriticalContent(item.Item.Content.Span)
                && PreferenceRules.QuietUntil(config.Policy, preferences, PreferenceRules.Zone(config.Policy, delivery.Profile?.TimeZone), now) is { } until)
            {
                return new Judgement(HoldUntil: until);
            }
        }

        return Address(delivery, channel, claim, config, [item]);
    }

    private static string? Over(LoadedItem item, DateTimeOffset now) =>
        item.Gone ? "withdrawn" : item.ExpiresAt <= now.ToUnixTimeMilliseconds() ? "expired" : item.Replaced ? "replaced" : null;

    private static bool IsOff(LoadedItem item, PreferenceDocument preferences, string channel, TenantConfig config) =>
        PreferenceRules.Resolve(
            config.Policy, preferences, item.Category, channel, named: item.Options?.Channels?.Any(c => c.Channel == channel) ?? false).Setting == ChannelSetting.Off;

    private static Judgement Address(LoadedDelivery delivery, string channel, Claim claim, TenantConfig config, IReadOnlyList<LoadedItem> items) // (4)
    {
        // Who has a new address since gets it there.
        var target = channel == ChannelNames.Email && delivery.UserId is not null ? delivery.Profile?.Email : delivery.Target;
        if (string.IsNullOrEmpty(target))
        {
            return new Judgement(Cancel: "no_address");
        }

        if (channel == ChannelNames.Webhook && !(Ids.TryParse(Ids.Webhook, target, out var id) && config.Webhooks.ContainsKey(id)))
        {
            return new Judgement(Dead: "endpoint_disabled");
        }

        return new Judgement(Send: new Outgoing
        {
            Id = delivery.Id,
            Tenant = delivery.Tenant,
            Kind = delivery.Kind,
            Target = target,
            Category = delivery.Category,
            Attempt = claim.Attempts,
            CreatedAt = DateTimeOffset.FromUnixTimeMilliseconds(delivery.CreatedAt),
            Recipient = delivery.UserId is null ? null : delivery.Profile,
            Config = config,
            Items = [.. items.Select(i => i.Item)],
        });
    }
}
