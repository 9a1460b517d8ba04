using System.Text;
using System.Text.Json;

namespace Notifications.Events;

/// <summary>The rules of each field.</summary>
internal ref partial struct EventFields
{
    private const string NotARecipient =
        "must be user:ID, topic:KEY, email:ADDRESS or all; an ID or KEY has 1 to 128 characters, without white space, control characters and commas";

    // Up to so many recipients, comparing each with all is quicker than a set.
    private const int FewRecipients = 16;

    /// <summary>Adds a recipient, as written in <c>to</c> or in a CloudEvent's <c>recipients</c>.</summary>
    /// <param name="entry">The entry.</param>
    /// <param name="path">The list and the place of the entry in it.</param>
    /// <param name="known">A set to find repeated ones in; made when it is needed.</param>
    public void AddRecipient(scoped ReadOnlySpan<char> entry, FieldPath path, ref HashSet<Recipient>? known)
    {
        _to ??= [];
        if (path.Index >= EventLimits.MaxRecipients)
        {
            _errors.TooManyRecipients = true;
            _errors.Add(path.Name, $"must have at most {EventLimits.MaxRecipients} entries; for more people use a topic");
        }
        else if (!Recipient.TryParse(entry, out var recipient))
        {
            _errors.Add(path.ToString(), entry.StartsWith("email:") ? "is not an email address such as ann@example.com" : NotARecipient);
        }
        else if (_to.Count < FewRecipients ? _to.Contains(recipient) : !(known ??= [.. _to]).Add(recipient))
        {
            _errors.Add(path.ToString(), "is given more than once");
        }
        else
        {
            _to.Add(recipient);
        }
    }

    private void ReadRecipients(ref Utf8JsonReader reader)
    {
        if (!Is(ref reader, JsonTokenType.StartArray, new("to"), "must be an array of strings"))
        {
            return;
        }

        _to = [];
        HashSet<Recipient>? known = null;
        Span<char> chars = stackalloc char[288];
        var index = 0;
        for (; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            var path = new FieldPath("to", index);
            if (!Is(ref reader, JsonTokenType.String, path, "must be a string") || !IsSound(ref reader, path))
            {
                continue;
            }

            // Whatever does not fit is too long for a recipient.
            if (!Encoding.UTF8.TryGetChars(_buffers.Unescaped(ref reader), chars, out var length))
            {
                _errors.Add(path.ToString(), NotARecipient);
                continue;
            }

            AddRecipient(chars[..length], path, ref known);
        }

        if (index == 0)
        {
            _errors.Add("to", "must not be empty");
        }
    }

    /// <summary>Takes the value that the reader stands on as the event's <c>data</c>.</summary>
    public void Data(ref Utf8JsonReader reader)
    {
        var start = (int)reader.TokenStartIndex;
        _buffers.Canonical.Value(ref reader, "data", _errors);
        _data = Token.Since(start, in reader);
    }

    private void ReadPriority(ref Utf8JsonReader reader)
    {
        const string Rule = "must be low, normal, high or critical";
        if (!Is(ref reader, JsonTokenType.String, new("priority"), Rule) || !IsSound(ref reader, new("priority")))
        {
            return;
        }

        Priority? priority = reader.ValueTextEquals("normal"u8) ? Priority.Normal
            : reader.ValueTextEquals("high"u8) ? Priority.High
            : reader.ValueTextEquals("low"u8) ? Priority.Low
            : reader.ValueTextEquals("critical"u8) ? Priority.Critical : null;
        if (priority is null)
        {
            _errors.Add(_prefix + "priority", Rule);
        }

        _priority = priority ?? Priority.Normal;
    }

    private void ReadActions(ref Utf8JsonReader reader)
    {
        if (!Is(ref reader, JsonTokenType.StartArray, new("actions"), "must be an array of objects"))
        {
            return;
        }

        _actions = [];
        for (var index = 0; reader.Read() && reader.TokenType != JsonTokenType.EndArray; index++)
        {
            if (index >= EventLimits.MaxActions)
            {
                _errors.Add(_prefix + "actions", $"must have at most {EventLimits.MaxActions} entries");
                reader.Skip();
            }
            else if (Is(ref reader, JsonTokenType.StartObject, new("actions", index), "must be an object"))
            {
                _actions.Add(ReadAction(ref reader, index));
            }
        }
    }

    private ActionTokens ReadAction(ref Utf8JsonReader reader, int index)
    {
        var action = default(ActionTokens);
        var seen = 0;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var known = !JsonText.IsSound(ref reader) ? 0
                : reader.ValueTextEquals("label"u8) ? 1
                : reader.ValueTextEquals("url"u8) ? 2
                : reader.ValueTextEquals("id"u8) ? 4
                : reader.ValueTextEquals("primary"u8) ? 8 : 0;
            if (known == 0 || (seen & known) != 0)
            {
                RefuseMember(ref reader, $"{_prefix}actions[{index}]", known != 0);
                continue;
            }

            seen |= known;
            reader.Read();
            if (reader.TokenType == JsonTokenType.Null)
            {
                continue;
            }

            switch (known)
            {
                case 1: action.Label = Text(ref reader, new("actions", index, "label"), EventLimits.MaxActionText, TextRule.Visible); break;
                case 2: action.Url = Link(ref reader, new("actions", index, "url"), mail: true); break;
                case 4: action.Id = Text(ref reader, new("actions", index, "id"), EventLimits.MaxActionText, TextRule.Line); break;
                case 8:
                    action.Primary = reader.TokenType == JsonTokenType.True;
                    if (!action.Primary)
                    {
                        Is(ref reader, JsonTokenType.False, new("actions", index, "primary"), "must be true or false");
                    }

                    break;
            }
        }

        if (!action.Label.IsPresent)
        {
            Require(new FieldPath("actions", index, "label"));
        }

        return action;
    }

    private readonly void RefuseMember(ref Utf8JsonReader reader, string parent, bool repeated)
    {
        if (!JsonText.IsSound(ref reader))
        {
            _errors.Add(parent, FieldName.Unsound);
        }
        else
        {
            var name = FieldName.Shown(_buffers.Unescaped(ref reader));
            _errors.Add($"{parent}.{name}", repeated ? "is given more than once" : $"unknown property '{name}'");
        }

        SkipValue(ref reader);
    }

    private readonly Token Link(ref Utf8JsonReader reader, FieldPath path, bool mail)
    {
        if (!TryText(ref reader, path, EventLimits.MaxUrl, TextRule.Line, out var link))
        {
            return default;
        }

        if (Links.Fault(link, mail) is { } fault)
        {
            _errors.Add(_prefix + path, fault);
        }

        return Token.Of(in reader);
    }

    private readonly Token Text(ref Utf8JsonReader reader, FieldPath path, int max, TextRule rule) =>
        TryText(ref reader, path, max, rule, out _) ? Token.Of(in reader) : default;

    private readonly string? String(ref Utf8JsonReader reader, FieldPath path, int max, TextRule rule = TextRule.Line) =>
        TryText(ref reader, path, max, rule, out var text) ? Encoding.UTF8.GetString(text) : null;

    private readonly bool TryText(ref Utf8JsonReader reader, FieldPath path, int max, TextRule rule, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!Is(ref reader, JsonTokenType.String, path, "must be a string") || !IsSound(ref reader, path))
        {
            return false;
        }

        text = _buffers.Unescaped(ref reader);
        if (Fault(text, max, rule) is { } fault)
        {
            _errors.Add(_prefix + path, fault);
            return false;
        }

        return true;
    }

    /// <summary>What is wrong with a text, or null.</summary>
    public static string? Fault(ReadOnlySpan<byte> text, int max, TextRule rule) =>
        text.IsEmpty && rule != TextRule.Lines ? "must not be empty"
        : text.Length > max && JsonText.Length(text) > max ? $"must have at most {max} characters"
        : JsonText.HasControl(text, rule == TextRule.Lines)
            ? rule == TextRule.Lines ? "must not hold control characters other than tabs and line breaks" : "must not hold control characters"
        : rule == TextRule.Visible && JsonText.IsBlank(text) ? "must not be blank"
        : rule == TextRule.Word && JsonText.HasWhiteSpace(text) ? "must not hold white space"
        : null;

    /// <summary>Says that a field is missing, unless it is there and was refused for something else.</summary>
    private readonly void Require(FieldPath path)
    {
        var field = _prefix + path;
        if (!_errors.Has(field))
        {
            _errors.Add(field, "is required");
        }
    }

    private readonly bool Is(ref Utf8JsonReader reader, JsonTokenType type, FieldPath path, string message)
    {
        if (reader.TokenType == type)
        {
            return true;
        }

        _errors.Add(_prefix + path, message);
        reader.Skip();
        return false;
    }

    private readonly bool IsSound(ref Utf8JsonReader reader, FieldPath path)
    {
        if (JsonText.IsSound(ref reader))
        {
            return true;
        }

        _errors.Add(_prefix + path, JsonText.Unsound);
        return false;
    }

    /// <summary>An action's values, where they stand.</summary>
    private record struct ActionTokens(Token Id, Token Label, Token Url, bool Primary);
}
