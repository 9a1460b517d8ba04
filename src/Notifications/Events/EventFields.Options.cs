using System.Globalization;
using System.Text.Json;
using Notifications.Preferences;

namespace Notifications.Events;

/// <summary>The fields of <see cref="EventOptions"/>.</summary>
internal ref partial struct EventFields
{
    private const string ChannelRule = "must be inbox, email, webhook, or {\"channel\":\"email\",\"ifNotSeenAfter\":600}";

    /// <summary>A week: whoever has not looked by then is not waiting for it.</summary>
    private const int MaxIfNotSeenAfter = 7 * 24 * 3600;

    private readonly EventOptions? Options()
    {
        if (_sendAt is { } sendAt && _expiresAt is { } expiresAt && expiresAt <= sendAt)
        {
            _errors.Add(_prefix + "expiresAt", "must be later than sendAt");
        }

        // The inbox gets every event; naming it says that nothing else does.
        var options = new EventOptions
        {
            Channels = _channels?.Where(c => c.Channel != ChannelNames.Inbox).ToArray(),
            Template = _template,
            CollapseKey = _collapseKey,
            SendAt = _sendAt,
            ExpiresAt = _expiresAt,
        };
        return options.IsEmpty ? null : options;
    }

    private void ReadTemplate(ref Utf8JsonReader reader)
    {
        _template = String(ref reader, new("template"), Recipient.MaxKeyLength);
        if (_template is not null && !Recipient.IsKey(_template))
        {
            _errors.Add(_prefix + "template", "must be the key of a template: no white space, control characters and commas");
        }
    }

    private readonly long? ReadTime(ref Utf8JsonReader reader, string field)
    {
        if (String(ref reader, new(field), 40) is not { } text)
        {
            return null;
        }

        // RFC 3339 wants an offset; without one it would be somebody's local time.
        if (text.Length >= 20 && text[10] is 'T' or 't' && (text[^1] is 'Z' or 'z' || text[^6] is '+' or '-')
            && DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time))
        {
            return time.ToUnixTimeMilliseconds();
        }

        _errors.Add(_prefix + field, "must be a time such as 2030-01-31T09:00:00Z (RFC 3339)");
        return null;
    }

    private void ReadChannels(ref Utf8JsonReader reader)
    {
        if (!Is(ref reader, JsonTokenType.StartArray, new("channels"), "must be an array"))
        {
            return;
        }

        _channels = [];
        var index = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            var path = new FieldPath("channels", index);
            var (name, after) = reader.TokenType == JsonTokenType.StartObject ? ReadChannel(ref reader, index) : (ChannelName(ref reader, path), null);
            if (name is null)
            {
                continue;
            }

            if (_channels.Exists(c => c.Channel == name))
            {
                _errors.Add(_prefix + path, $"names {name} a second time");
            }
            else if (after is not null && name == ChannelNames.Inbox)
            {
                _errors.Add(_prefix + path, "the inbox has no condition: being seen is what happens in it");
            }
            else
            {
                _channels.Add(new EventChannel(name, after));
            }
        }

        if (index == 0)
        {
            _errors.Add(_prefix + "channels", "must not be empty");
        }
    }

    private readonly string? ChannelName(ref Utf8JsonReader reader, FieldPath path)
    {
        if (!Is(ref reader, JsonTokenType.String, path, ChannelRule) || !IsSound(ref reader, path))
        {
            return null;
        }

        var name = reader.ValueTextEquals("inbox"u8) ? ChannelNames.Inbox
            : reader.ValueTextEquals("email"u8) ? ChannelNames.Email
            : reader.ValueTextEquals("webhook"u8) ? ChannelNames.Webhook : null;
        if (name is null)
        {
            _errors.Add(_prefix + path, ChannelRule);
        }

        return name;
    }

    private readonly (string? Name, int? After) ReadChannel(ref Utf8JsonReader reader, int index)
    {
        string? name = null;
        int? after = null;
        var seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var known = !JsonText.IsSound(ref reader) ? 0 : reader.ValueTextEquals("channel"u8) ? 1 : reader.ValueTextEquals("ifNotSeenAfter"u8) ? 2 : 0;
            if (known == 0 || (seen & known) != 0)
            {
                RefuseMember(ref reader, $"{_prefix}channels[{index}]", known != 0);
                continue;
            }

            seen |= known;
            reader.Read();
            if (known == 1)
            {
                name = ChannelName(ref reader, new("channels", index, "channel"));
            }
            else if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var seconds) && seconds is > 0 and <= MaxIfNotSeenAfter)
            {
                after = seconds;
            }
            else if (reader.TokenType != JsonTokenType.Null)
            {
                _errors.Add($"{_prefix}channels[{index}].ifNotSeenAfter", $"must be a whole number of seconds, 1 to {MaxIfNotSeenAfter}");
                reader.Skip();
            }
        }

        if ((seen & 1) == 0)
        {
            Require(new FieldPath("channels", index, "channel"));
        }

        return (name, after);
    }

    /// <summary>Appended only where something is given: events without are hashed as ever.</summary>
    private static void Fingerprint(CanonicalJson canonical, EventOptions? options)
    {
        if (options is null)
        {
            return;
        }

        canonical.Byte((byte)'o');
        canonical.Text(options.Template);
        canonical.Text(options.CollapseKey);
        canonical.Text(options.SendAt?.ToString(CultureInfo.InvariantCulture));
        canonical.Text(options.ExpiresAt?.ToString(CultureInfo.InvariantCulture));
        canonical.Byte(options.Channels is null ? (byte)'-' : (byte)'[');
        foreach (var channel in options.Channels ?? [])
        {
            canonical.Text(channel.Channel);
            canonical.Text(channel.IfNotSeenAfter?.ToString(CultureInfo.InvariantCulture));
        }
    }
}
