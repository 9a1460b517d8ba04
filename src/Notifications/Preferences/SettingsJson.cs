using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Notifications.Events;
using Notifications.Hosting;

namespace Notifications.Preferences;

/// <summary>
/// The parts that policies and preferences have in common, as JSON. Each reader takes a list of faults for what comes from a request, where every
/// mistake is named, and null for what comes from the store, where what is not understood is passed over.
/// </summary>
internal static class SettingsJson
{
    /// <summary>The most categories that a document names.</summary>
    public const int MaxCategories = 200;

    /// <summary>The longest locale.</summary>
    public const int MaxLocale = 35;

    private const string Clock = "HH:mm";

    private static readonly SearchValues<char> Separators = SearchValues.Create("<>,;:\"\\()[]");

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = JsonSetup.MaxDepth };

    /// <summary>Reads JSON that was written by <see cref="Write{T}"/>.</summary>
    public static JsonElement Parse(ReadOnlySpan<byte> json)
    {
        using var document = JsonDocument.Parse(json.ToArray(), Options);
        return document.RootElement.Clone();
    }

    /// <summary>Writes a document into bytes of its own.</summary>
    public static byte[] Write<T>(T document, Action<Utf8JsonWriter, T> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var writer = new Utf8JsonWriter(buffer))
        {
            write(writer, document);
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Notes that a property is none that is known here.</summary>
    public static void Unknown(string path, JsonProperty property, Faults? faults) =>
        faults?.Add(Field(path, property.Name), "not a known property.");

    /// <summary>The path of a property.</summary>
    public static string Field(string path, string name) => path.Length == 0 ? FieldName.Shown(name) : $"{path}.{FieldName.Shown(name)}";

    /// <summary>Whether it is an object; notes it where it is none.</summary>
    public static bool IsObject(JsonElement json, string path, Faults? faults)
    {
        if (json.ValueKind != JsonValueKind.Object)
        {
            faults?.Add(path, "must be an object.");
        }

        return json.ValueKind == JsonValueKind.Object;
    }

    /// <summary>Settings by channel: <c>{"email":"digest","inbox":"on"}</c>.</summary>
    public static Dictionary<string, ChannelSetting> Channels(JsonElement json, string path, Faults? faults)
    {
        var result = new Dictionary<string, ChannelSetting>(StringComparer.Ordinal);
        if (IsObject(json, path, faults))
        {
            foreach (var property in json.EnumerateObject())
            {
                if (Channel(property, path, faults) is var setting and not ChannelSetting.Unset)
                {
                    result[property.Name] = setting;
                }
            }
        }

        return result;
    }

    /// <summary>The setting of one channel; unset where it is not valid.</summary>
    public static ChannelSetting Channel(JsonProperty property, string path, Faults? faults)
    {
        var digest = property.NameEquals(ChannelNames.Email);
        if (!digest && !property.NameEquals(ChannelNames.Inbox) && !property.NameEquals(ChannelNames.Webhook))
        {
            faults?.Add(Field(path, property.Name), "not a channel; there are inbox, email and webhook.");
            return ChannelSetting.Unset;
        }

        var setting = property.Value.ValueKind != JsonValueKind.String ? ChannelSetting.Unset : property.Value.GetString() switch
        {
            "on" => ChannelSetting.On,
            "off" => ChannelSetting.Off,
            "digest" when digest => ChannelSetting.Digest,
            _ => ChannelSetting.Unset,
        };
        if (setting == ChannelSetting.Unset)
        {
            faults?.Add(Field(path, property.Name), digest ? "must be on, off or digest." : "must be on or off.");
        }

        return setting;
    }

    /// <summary>Whether a text may be a category, as of an event: 1 to 100 characters, something to see, no control characters.</summary>
    public static bool IsCategory(string text)
    {
        var utf8 = System.Text.Encoding.UTF8.GetBytes(text);
        return text.Length > 0 && JsonText.Length(utf8) <= EventLimits.MaxCategory && !JsonText.HasControl(utf8) && !JsonText.IsBlank(utf8);
    }

    /// <summary>Hours: <c>{"start":"22:00","end":"07:00"}</c>; null where they are not valid.</summary>
    public static QuietHours? QuietHours(JsonElement json, string path, Faults? faults)
    {
        TimeOnly? start = null, end = null;
        if (!IsObject(json, path, faults))
        {
            return null;
        }

        foreach (var property in json.EnumerateObject())
        {
            switch (property.Name)
            {
                case "start": start = Time(property.Value, path + ".start", faults); break;
                case "end": end = Time(property.Value, path + ".end", faults); break;
                default: Unknown(path, property, faults); break;
            }
        }

        if (start is null || end is null)
        {
            faults?.Add(path + (start is null ? ".start" : ".end"), "required.");
            return null;
        }

        return new QuietHours(start.Value, end.Value);
    }

    /// <summary>A schedule: <c>{"every":"weekly","at":"08:00","weekday":"monday"}</c>; null where it is not valid.</summary>
    public static DigestSchedule? Digest(JsonElement json, string path, Faults? faults)
    {
        if (!IsObject(json, path, faults))
        {
            return null;
        }

        DigestInterval? every = null;
        TimeOnly? at = Policy.Default.Digest.At;
        DayOfWeek? weekday = Policy.Default.Digest.Weekday;
        foreach (var property in json.EnumerateObject())
        {
            switch (property.Name)
            {
                case "every": every = Name<DigestInterval>(property.Value, path + ".every", "must be hourly, daily or weekly.", faults); break;
                case "at": at = Time(property.Value, path + ".at", faults); break;
                case "weekday": weekday = Name<DayOfWeek>(property.Value, path + ".weekday", "must be a day's name, such as monday.", faults); break;
                default: Unknown(path, property, faults); break;
            }
        }

        if (every is null)
        {
            faults?.Add(path + ".every", "required.");
        }

        return every is { } e && at is { } a && weekday is { } w ? new DigestSchedule(e, a, w) : null;
    }

    /// <summary>A text within bounds and without control characters, or null.</summary>
    public static string? Text(JsonElement json, string path, int max, Faults? faults)
    {
        if (json.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        var text = json.ValueKind == JsonValueKind.String ? json.GetString() : null;
        if (text is null || text.Length == 0 || text.Length > max || text.Any(char.IsControl) || string.IsNullOrWhiteSpace(text))
        {
            faults?.Add(path, $"1 to {max} characters, none of them a control character.");
            return null;
        }

        return text;
    }

    /// <summary>A time zone that this machine knows, or null.</summary>
    public static string? TimeZone(JsonElement json, string path, Faults? faults) =>
        Checked(json, path, PreferenceRules.IsZone, "must be an IANA time zone, such as Europe/Vienna.", faults);

    /// <summary>A locale that looks like a BCP 47 tag, or null.</summary>
    public static string? Locale(JsonElement json, string path, Faults? faults) =>
        Checked(json, path, IsLocale, "must be a language tag, such as de or de-AT.", faults);

    /// <summary>An address, or null.</summary>
    public static string? Email(JsonElement json, string path, Faults? faults) =>
        Checked(json, path, IsAddress, "must be an email address, such as ada@example.com.", faults);

    /// <summary>
    /// Whether a text is an address that mail can be sent to: one <c>@</c> with something on both sides, at most 254 characters (RFC 5321, section
    /// 4.5.3.1), no white space, no control characters and nothing that separates addresses or sets off a name.
    /// </summary>
    public static bool IsAddress(string text) =>
        text.Length is >= 3 and <= 254 && text.IndexOf('@', StringComparison.Ordinal) is > 0 and <= 64 and var at && at == text.LastIndexOf('@')
        && at < text.Length - 1 && !text.AsSpan().ContainsAny(Separators) && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c))
        && text[0] != '.' && text[at - 1] != '.' && text[at + 1] is not ('.' or '-') && text[^1] is not ('.' or '-')
        && !text.Contains("..", StringComparison.Ordinal);

    /// <summary>Writes settings by channel.</summary>
    public static void WriteChannels(Utf8JsonWriter writer, string name, IReadOnlyDictionary<string, ChannelSetting> channels)
    {
        writer.WriteStartObject(name);
        WriteChannels(writer, channels);
        writer.WriteEndObject();
    }

    /// <inheritdoc cref="WriteChannels(Utf8JsonWriter, string, IReadOnlyDictionary{string, ChannelSetting})"/>
    public static void WriteChannels(Utf8JsonWriter writer, IReadOnlyDictionary<string, ChannelSetting> channels)
    {
        foreach (var (channel, setting) in channels.Where(c => c.Value != ChannelSetting.Unset).OrderBy(c => c.Key, StringComparer.Ordinal))
        {
            writer.WriteString(channel, Name(setting));
        }
    }

    /// <summary>Writes hours, or null.</summary>
    public static void WriteQuietHours(Utf8JsonWriter writer, QuietHours? hours)
    {
        if (hours is null)
        {
            writer.WriteNull("quietHours"u8);
            return;
        }

        writer.WriteStartObject("quietHours"u8);
        writer.WriteString("start"u8, hours.Start.ToString(Clock, CultureInfo.InvariantCulture));
        writer.WriteString("end"u8, hours.End.ToString(Clock, CultureInfo.InvariantCulture));
        writer.WriteEndObject();
    }

    /// <summary>Writes a schedule, or null.</summary>
    public static void WriteDigest(Utf8JsonWriter writer, DigestSchedule? digest)
    {
        if (digest is null)
        {
            writer.WriteNull("digest"u8);
            return;
        }

        writer.WriteStartObject("digest"u8);
        writer.WriteString("every"u8, Name(digest.Every));
        writer.WriteString("at"u8, digest.At.ToString(Clock, CultureInfo.InvariantCulture));
        writer.WriteString("weekday"u8, Name(digest.Weekday));
        writer.WriteEndObject();
    }

    /// <summary>A value's name in JSON.</summary>
    public static string Name<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();

    private static string? Checked(JsonElement json, string path, Func<string, bool> valid, string rule, Faults? faults)
    {
        if (json.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        // What was stored was valid to who stored it; whoever uses it has something to fall back on.
        var text = json.ValueKind == JsonValueKind.String ? json.GetString() : null;
        if (faults is not null && (text is null || !valid(text)))
        {
            faults.Add(path, rule);
            return null;
        }

        return text;
    }

    /// <summary>Subtags of letters and digits, the first of two or three letters (RFC 5646, section 2.1).</summary>
    private static bool IsLocale(string text)
    {
        if (text.Length > MaxLocale)
        {
            return false;
        }

        var tags = text.Split('-');
        return tags[0].Length is 2 or 3 && tags[0].All(char.IsAsciiLetter)
            && Array.TrueForAll(tags, tag => tag.Length is >= 1 and <= 8 && tag.All(char.IsAsciiLetterOrDigit));
    }

    private static TimeOnly? Time(JsonElement json, string path, Faults? faults)
    {
        if (json.ValueKind == JsonValueKind.String && TimeOnly.TryParseExact(json.GetString(), Clock, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return time;
        }

        faults?.Add(path, "must be a local time, such as 22:00.");
        return null;
    }

    private static T? Name<T>(JsonElement json, string path, string rule, Faults? faults)
        where T : struct, Enum
    {
        if (json.ValueKind == JsonValueKind.String)
        {
            var text = json.GetString();
            foreach (var value in Enum.GetValues<T>())
            {
                if (Name(value) == text)
                {
                    return value;
                }
            }
        }

        faults?.Add(path, rule);
        return null;
    }
}
