using System.Text.Json;
using Notifications.Events;
using Notifications.Hosting;

namespace Notifications.Preferences;

/// <summary>A policy as JSON; see <see cref="SettingsJson"/> for what the list of faults decides.</summary>
internal static class PolicyJson
{
    /// <summary>The most entries of <c>openTopics</c>.</summary>
    public const int MaxOpenTopics = 100;

    /// <summary>The longest window of a throttle, in seconds: 31 days.</summary>
    public const int MaxThrottleSeconds = 31 * 24 * 3600;

    private const int MaxThrottle = 1_000_000;
    private const int MaxName = 100;

    /// <summary>Reads a policy; what it does not name has its default.</summary>
    public static Policy Read(JsonElement json, Faults? faults)
    {
        var policy = Policy.Default;
        if (!SettingsJson.IsObject(json, "body", faults))
        {
            return policy;
        }

        foreach (var property in json.EnumerateObject())
        {
            var (value, name) = (property.Value, property.Name);
            policy = name switch
            {
                "channels" => policy with { Channels = SettingsJson.Channels(value, name, faults) },
                "categories" => policy with { Categories = Categories(value, name, faults) },
                "quietHours" => policy with { QuietHours = value.ValueKind == JsonValueKind.Null ? null : SettingsJson.QuietHours(value, name, faults) },
                "digest" => policy with { Digest = SettingsJson.Digest(value, name, faults) ?? policy.Digest },
                "timeZone" => policy with { TimeZone = Needed(SettingsJson.TimeZone(value, name, faults), value, name, faults) ?? policy.TimeZone },
                "locale" => policy with { Locale = Needed(SettingsJson.Locale(value, name, faults), value, name, faults) ?? policy.Locale },
                "email" => policy with { Email = value.ValueKind == JsonValueKind.Null ? null : Sender(value, name, faults) },
                "openTopics" => policy with { OpenTopics = OpenTopics(value, name, faults) },
                _ => Unknown(policy, property, faults),
            };
        }

        return policy;
    }

    /// <summary>Writes a policy.</summary>
    public static void Write(Utf8JsonWriter writer, Policy policy)
    {
        writer.WriteStartObject();
        SettingsJson.WriteChannels(writer, "channels", policy.Channels);
        writer.WriteStartObject("categories"u8);
        foreach (var (key, category) in policy.Categories.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            writer.WriteStartObject(key);
            writer.WriteString("name"u8, category.Name);
            writer.WriteBoolean("mandatory"u8, category.Mandatory);
            SettingsJson.WriteChannels(writer, "channels", category.Channels);
            Write(writer, category.Throttle);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        SettingsJson.WriteQuietHours(writer, policy.QuietHours);
        SettingsJson.WriteDigest(writer, policy.Digest);
        writer.WriteString("timeZone"u8, policy.TimeZone);
        writer.WriteString("locale"u8, policy.Locale);
        Write(writer, policy.Email);
        writer.WriteStartArray("openTopics"u8);
        foreach (var topic in policy.OpenTopics)
        {
            writer.WriteStringValue(topic);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, Throttle? throttle)
    {
        if (throttle is null)
        {
            writer.WriteNull("throttle"u8);
            return;
        }

        writer.WriteStartObject("throttle"u8);
        writer.WriteNumber("max"u8, throttle.Max);
        writer.WriteNumber("seconds"u8, throttle.Seconds);
        writer.WriteStartArray("channels"u8);
        foreach (var channel in throttle.Channels)
        {
            writer.WriteStringValue(channel);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter writer, EmailSender? sender)
    {
        if (sender is null)
        {
            writer.WriteNull("email"u8);
            return;
        }

        writer.WriteStartObject("email"u8);
        writer.WriteString("from"u8, sender.From);
        writer.WriteString("name"u8, sender.Name);
        writer.WriteString("replyTo"u8, sender.ReplyTo);
        writer.WriteEndObject();
    }

    private static Policy Unknown(Policy policy, JsonProperty property, Faults? faults)
    {
        SettingsJson.Unknown("", property, faults);
        return policy;
    }

    private static string? Needed(string? text, JsonElement value, string path, Faults? faults)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            faults?.Add(path, "must not be null.");
        }

        return text;
    }

    private static Dictionary<string, CategoryPolicy> Categories(JsonElement json, string path, Faults? faults)
    {
        var result = new Dictionary<string, CategoryPolicy>(StringComparer.Ordinal);
        if (!SettingsJson.IsObject(json, path, faults))
        {
            return result;
        }

        foreach (var property in json.EnumerateObject())
        {
            var field = SettingsJson.Field(path, property.Name);
            if (faults is not null && !SettingsJson.IsCategory(property.Name))
            {
                faults.Add(field, "a category has 1 to 100 characters, none of them a control character.");
            }
            else
            {
                result[property.Name] = Category(property.Value, field, faults);
            }
        }

        if (result.Count > SettingsJson.MaxCategories)
        {
            faults?.Add(path, $"at most {SettingsJson.MaxCategories} categories.");
        }

        return result;
    }

    private static CategoryPolicy Category(JsonElement json, string path, Faults? faults)
    {
        var category = new CategoryPolicy();
        if (!SettingsJson.IsObject(json, path, faults))
        {
            return category;
        }

        foreach (var property in json.EnumerateObject())
        {
            var (value, field) = (property.Value, SettingsJson.Field(path, property.Name));
            switch (property.Name)
            {
                case "name": category = category with { Name = SettingsJson.Text(value, field, MaxName, faults) }; break;
                case "mandatory" when value.ValueKind is JsonValueKind.True or JsonValueKind.False:
                    category = category with { Mandatory = value.GetBoolean() };
                    break;
                case "mandatory": faults?.Add(field, "must be true or false."); break;
                case "channels": category = category with { Channels = SettingsJson.Channels(value, field, faults) }; break;
                case "throttle" when value.ValueKind == JsonValueKind.Null: category = category with { Throttle = null }; break;
                case "throttle": category = category with { Throttle = Throttle(value, field, faults) }; break;
                default: SettingsJson.Unknown(path, property, faults); break;
            }
        }

        return category;
    }

    private static Throttle? Throttle(JsonElement json, string path, Faults? faults)
    {
        if (!SettingsJson.IsObject(json, path, faults))
        {
            return null;
        }

        int? max = null, seconds = null;
        List<string> channels = [ChannelNames.Inbox, ChannelNames.Email, ChannelNames.Webhook];
        foreach (var property in json.EnumerateObject())
        {
            var (value, field) = (property.Value, SettingsJson.Field(path, property.Name));
            switch (property.Name)
            {
                case "max": max = Number(value, field, MaxThrottle, faults); break;
                case "seconds": seconds = Number(value, field, MaxThrottleSeconds, faults); break;
                case "channels": channels = ChannelList(value, field, faults); break;
                default: SettingsJson.Unknown(path, property, faults); break;
            }
        }

        if (max is null)
        {
            faults?.Add(path + ".max", "required.");
        }

        if (seconds is null)
        {
            faults?.Add(path + ".seconds", "required.");
        }

        return max is { } m && seconds is { } s ? new Throttle(m, s, channels) : null;
    }

    private static int? Number(JsonElement json, string path, int max, Faults? faults)
    {
        if (json.ValueKind == JsonValueKind.Number && json.TryGetInt32(out var number) && number >= 1 && number <= max)
        {
            return number;
        }

        faults?.Add(path, FormattableString.Invariant($"must be a whole number, 1 to {max}."));
        return null;
    }

    private static List<string> ChannelList(JsonElement json, string path, Faults? faults)
    {
        var result = new List<string>(3);
        foreach (var (i, entry) in Entries(json, path, 3, faults))
        {
            if (entry is ChannelNames.Inbox or ChannelNames.Email or ChannelNames.Webhook)
            {
                if (result.Contains(entry))
                {
                    faults?.Add($"{path}[{i}]", "named twice.");
                }

                result.Add(entry);
            }
            else
            {
                faults?.Add($"{path}[{i}]", "not a channel; there are inbox, email and webhook.");
            }
        }

        if (json.ValueKind == JsonValueKind.Array && json.GetArrayLength() == 0)
        {
            faults?.Add(path, "must name at least one channel.");
        }

        return result;
    }

    private static List<string> OpenTopics(JsonElement json, string path, Faults? faults)
    {
        var result = new List<string>();
        foreach (var (i, entry) in Entries(json, path, MaxOpenTopics, faults))
        {
            // Of a prefix the star alone is no part of the key.
            if (entry is not null && Recipient.IsKey(entry) && entry.IndexOf('*', StringComparison.Ordinal) is var star && (star < 0 || star == entry.Length - 1))
            {
                result.Add(entry);
            }
            else
            {
                faults?.Add($"{path}[{i}]", "must be a topic's key, or the start of one and a * at the end, such as news.*");
            }
        }

        return result;
    }

    private static IEnumerable<(int Index, string? Entry)> Entries(JsonElement json, string path, int max, Faults? faults)
    {
        if (json.ValueKind != JsonValueKind.Array)
        {
            faults?.Add(path, "must be an array.");
            return [];
        }

        if (json.GetArrayLength() > max)
        {
            faults?.Add(path, $"at most {max} entries.");
            return [];
        }

        return json.EnumerateArray().Select((e, i) => (i, e.ValueKind == JsonValueKind.String ? e.GetString() : null));
    }

    private static EmailSender? Sender(JsonElement json, string path, Faults? faults)
    {
        if (!SettingsJson.IsObject(json, path, faults))
        {
            return null;
        }

        string? from = null, name = null, replyTo = null;
        foreach (var property in json.EnumerateObject())
        {
            var (value, field) = (property.Value, SettingsJson.Field(path, property.Name));
            switch (property.Name)
            {
                case "from": from = SettingsJson.Email(value, field, faults); break;
                case "name": name = SettingsJson.Text(value, field, MaxName, faults); break;
                case "replyTo": replyTo = SettingsJson.Email(value, field, faults); break;
                default: SettingsJson.Unknown(path, property, faults); break;
            }
        }

        if (from is null)
        {
            faults?.Add(path + ".from", "required.");
            return null;
        }

        return new EmailSender(from, name, replyTo);
    }
}
