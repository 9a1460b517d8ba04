using System.Text.Json;
using Notifications.Hosting;

namespace Notifications.Preferences;

/// <summary>Preferences as JSON; see <see cref="SettingsJson"/> for what the list of faults decides.</summary>
internal static class PreferencesJson
{
    private const string CategoryRule = "a category has 1 to 100 characters, none of them a control character.";
    private static readonly string TooMany = $"at most {SettingsJson.MaxCategories} categories.";

    /// <summary>Reads a whole document.</summary>
    public static PreferenceDocument Read(JsonElement json, Faults? faults) => Merge(PreferenceDocument.Empty, json, "", faults, (property, path) =>
        SettingsJson.Unknown(path, property, faults));

    /// <summary>
    /// Changes a document as by JSON Merge Patch (RFC 7396), except that hours and schedules are replaced as wholes: null removes a setting,
    /// what is not named stays.
    /// </summary>
    /// <param name="document">What there is.</param>
    /// <param name="json">The change.</param>
    /// <param name="path">Where it is in the request; empty at its top.</param>
    /// <param name="faults">Where mistakes go, or null.</param>
    /// <param name="other">Takes the properties that are none of a document's.</param>
    public static PreferenceDocument Merge(
        PreferenceDocument document, JsonElement json, string path, Faults? faults, Action<JsonProperty, string> other)
    {
        if (!SettingsJson.IsObject(json, path.Length == 0 ? "body" : path, faults))
        {
            return document;
        }

        foreach (var property in json.EnumerateObject())
        {
            var (value, field) = (property.Value, SettingsJson.Field(path, property.Name));
            var none = value.ValueKind == JsonValueKind.Null;
            document = property.Name switch
            {
                "channels" => document with { Channels = none ? PreferenceDocument.Empty.Channels : Channels(document.Channels, value, field, faults) },
                "categories" => document with { Categories = none ? PreferenceDocument.Empty.Categories : Categories(document.Categories, value, field, faults) },
                "quietHours" => document with { QuietHours = none ? null : SettingsJson.QuietHours(value, field, faults) },
                "digest" => document with { Digest = none ? null : SettingsJson.Digest(value, field, faults) },
                _ => Other(document, property, path, other),
            };
        }

        return document;
    }

    /// <summary>Writes a document.</summary>
    public static void Write(Utf8JsonWriter writer, PreferenceDocument document)
    {
        writer.WriteStartObject();
        WriteMembers(writer, document);
        writer.WriteEndObject();
    }

    /// <summary>Writes a document's members into an object that has others too.</summary>
    public static void WriteMembers(Utf8JsonWriter writer, PreferenceDocument document)
    {
        SettingsJson.WriteChannels(writer, "channels", document.Channels);
        writer.WriteStartObject("categories"u8);
        foreach (var (category, channels) in document.Categories.OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            SettingsJson.WriteChannels(writer, category, channels);
        }

        writer.WriteEndObject();
        SettingsJson.WriteQuietHours(writer, document.QuietHours);
        SettingsJson.WriteDigest(writer, document.Digest);
    }

    private static PreferenceDocument Other(PreferenceDocument document, JsonProperty property, string path, Action<JsonProperty, string> other)
    {
        other(property, path);
        return document;
    }

    private static Dictionary<string, ChannelSetting> Channels(
        IReadOnlyDictionary<string, ChannelSetting> before, JsonElement json, string path, Faults? faults)
    {
        var result = new Dictionary<string, ChannelSetting>(before, StringComparer.Ordinal);
        if (SettingsJson.IsObject(json, path, faults))
        {
            foreach (var property in json.EnumerateObject())
            {
                if (property.Value.ValueKind == JsonValueKind.Null)
                {
                    result.Remove(property.Name);
                }
                else if (SettingsJson.Channel(property, path, faults) is var setting and not ChannelSetting.Unset)
                {
                    result[property.Name] = setting;
                }
            }
        }

        return result;
    }

    private static Dictionary<string, IReadOnlyDictionary<string, ChannelSetting>> Categories(
        IReadOnlyDictionary<string, IReadOnlyDictionary<string, ChannelSetting>> before, JsonElement json, string path, Faults? faults)
    {
        var result = new Dictionary<string, IReadOnlyDictionary<string, ChannelSetting>>(before, StringComparer.Ordinal);
        if (!SettingsJson.IsObject(json, path, faults))
        {
            return result;
        }

        foreach (var property in json.EnumerateObject())
        {
            var field = SettingsJson.Field(path, property.Name);
            if (property.Value.ValueKind == JsonValueKind.Null)
            {
                result.Remove(property.Name);
                continue;
            }

            if (faults is not null && !SettingsJson.IsCategory(property.Name))
            {
                faults.Add(field, CategoryRule);
                continue;
            }

            var channels = Channels(result.GetValueOrDefault(property.Name) ?? PreferenceDocument.Empty.Channels, property.Value, field, faults);
            if (channels.Count == 0)
            {
                result.Remove(property.Name);
            }
            else
            {
                result[property.Name] = channels;
            }
        }

        if (result.Count > SettingsJson.MaxCategories)
        {
            faults?.Add(path, TooMany);
        }

        return result;
    }
}
