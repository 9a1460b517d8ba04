using System.Text.Json;

namespace Notifications.Events;

/// <summary>The members of an event, as a producer writes them.</summary>
internal enum EventField : byte
{
    Unknown,
    Id,
    Type,
    To,
    Title,
    Body,
    Url,
    ImageUrl,
    Data,
    Actions,
    Category,
    Priority,
    OrderingKey,
    Channels,
    Template,
    CollapseKey,
    SendAt,
    ExpiresAt,
}

/// <summary>
/// Reads the fields of one event from JSON, each once, noting all that is wrong. Texts that only travel on are not decoded: where they
/// stand is noted, and <see cref="Build"/> copies them.
/// </summary>
/// <param name="json">What the reader reads; valid UTF-8.</param>
/// <param name="prefix">What stands before a field in its path: nothing, or <c>data.</c> in a CloudEvent.</param>
/// <param name="errors">Takes what is wrong.</param>
internal ref partial struct EventFields(ReadOnlySpan<byte> json, string prefix, FieldErrors errors)
{
    private readonly ReadOnlySpan<byte> _json = json;
    private readonly string _prefix = prefix;
    private readonly FieldErrors _errors = errors;
    private readonly ParserBuffers _buffers = ParserBuffers.Rent();
    private uint _seen;
    private Token _title, _body, _url, _imageUrl, _data;
    private string? _category;
    private List<ActionTokens>? _actions;
    private List<Recipient>? _to;
    private Priority _priority = Priority.Normal;
    private List<EventChannel>? _channels;
    private string? _template, _collapseKey;
    private long? _sendAt, _expiresAt;

    /// <summary>The producer's id.</summary>
    public string? Id { get; set; }

    /// <summary>The event's type.</summary>
    public string? Type { get; set; }

    /// <summary>What the event is ordered by.</summary>
    public string? OrderingKey { get; set; }

    /// <summary>Takes the member that the reader stands on, and leaves it at the end of its value. Unknown and repeated ones are faults.</summary>
    public void Member(ref Utf8JsonReader reader)
    {
        if (!JsonText.IsSound(ref reader))
        {
            _errors.Add("$", FieldName.Unsound);
            SkipValue(ref reader);
            return;
        }

        var name = _buffers.Unescaped(ref reader);
        var field = Find(name);
        if (field == EventField.Unknown)
        {
            var shown = FieldName.Shown(name);
            _errors.Add(_prefix + shown, $"unknown property '{shown}'");
            SkipValue(ref reader);
        }
        else if ((_seen & (1u << (int)field)) != 0)
        {
            _errors.Add(_prefix + FieldName.Shown(name), "is given more than once");
            SkipValue(ref reader);
        }
        else
        {
            _seen |= 1u << (int)field;
            reader.Read();
            Value(ref reader, field);
        }
    }

    /// <summary>Takes a member of a CloudEvent's data, where those that are not fields of ours are simply data.</summary>
    public void DataMember(ref Utf8JsonReader reader)
    {
        var field = JsonText.IsSound(ref reader) ? Find(_buffers.Unescaped(ref reader)) : EventField.Unknown;
        var isOurs = field is EventField.Title or EventField.Body or EventField.Url or EventField.ImageUrl or EventField.Actions
            or EventField.Category or EventField.Priority or EventField.OrderingKey or EventField.Channels or EventField.Template
            or EventField.CollapseKey or EventField.SendAt or EventField.ExpiresAt;
        if (isOurs && (_seen & (1u << (int)field)) == 0)
        {
            _seen |= 1u << (int)field;
            reader.Read();
            Value(ref reader, field);
        }
        else
        {
            SkipValue(ref reader);
        }
    }

    private void Value(ref Utf8JsonReader reader, EventField field)
    {
        // For every optional field null is the same as leaving it out: that is how many serializers write one that is not set.
        if (reader.TokenType == JsonTokenType.Null)
        {
            return;
        }

        switch (field)
        {
            case EventField.Id: Id = String(ref reader, new("id"), EventLimits.MaxId); break;
            case EventField.Type: Type = String(ref reader, new("type"), EventLimits.MaxType, TextRule.Word); break;
            case EventField.To: ReadRecipients(ref reader); break;
            case EventField.Title: _title = Text(ref reader, new("title"), EventLimits.MaxTitle, TextRule.Visible); break;
            case EventField.Body: _body = Text(ref reader, new("body"), EventLimits.MaxBody, TextRule.Lines); break;
            case EventField.Url: _url = Link(ref reader, new("url"), mail: true); break;
            case EventField.ImageUrl: _imageUrl = Link(ref reader, new("imageUrl"), mail: false); break;
            case EventField.Data: Data(ref reader); break;
            case EventField.Actions: ReadActions(ref reader); break;
            case EventField.Category: _category = String(ref reader, new("category"), EventLimits.MaxCategory, TextRule.Visible); break;
            case EventField.Priority: ReadPriority(ref reader); break;
            case EventField.OrderingKey: OrderingKey = String(ref reader, new("orderingKey"), EventLimits.MaxOrderingKey); break;
            case EventField.Channels: ReadChannels(ref reader); break;
            case EventField.Template: ReadTemplate(ref reader); break;
            case EventField.CollapseKey: _collapseKey = String(ref reader, new("collapseKey"), EventLimits.MaxCollapseKey); break;
            case EventField.SendAt: _sendAt = ReadTime(ref reader, "sendAt"); break;
            case EventField.ExpiresAt: _expiresAt = ReadTime(ref reader, "expiresAt"); break;
        }
    }

    private static void SkipValue(ref Utf8JsonReader reader)
    {
        reader.Read();
        reader.Skip();
    }

    private static EventField Find(ReadOnlySpan<byte> name) => name.Length switch
    {
        2 when name.SequenceEqual("id"u8) => EventField.Id,
        2 when name.SequenceEqual("to"u8) => EventField.To,
        3 when name.SequenceEqual("url"u8) => EventField.Url,
        4 when name.SequenceEqual("type"u8) => EventField.Type,
        4 when name.SequenceEqual("body"u8) => EventField.Body,
        4 when name.SequenceEqual("data"u8) => EventField.Data,
        5 when name.SequenceEqual("title"u8) => EventField.Title,
        6 when name.SequenceEqual("sendAt"u8) => EventField.SendAt,
        7 when name.SequenceEqual("actions"u8) => EventField.Actions,
        8 when name.SequenceEqual("imageUrl"u8) => EventField.ImageUrl,
        8 when name.SequenceEqual("category"u8) => EventField.Category,
        8 when name.SequenceEqual("priority"u8) => EventField.Priority,
        8 when name.SequenceEqual("channels"u8) => EventField.Channels,
        8 when name.SequenceEqual("template"u8) => EventField.Template,
        9 when name.SequenceEqual("expiresAt"u8) => EventField.ExpiresAt,
        11 when name.SequenceEqual("orderingKey"u8) => EventField.OrderingKey,
        11 when name.SequenceEqual("collapseKey"u8) => EventField.CollapseKey,
        _ => EventField.Unknown,
    };
}

/// <summary>What a text may hold, besides its length.</summary>
internal enum TextRule : byte
{
    /// <summary>No control characters, not empty.</summary>
    Line,

    /// <summary>As <see cref="Line"/>, and something to see.</summary>
    Visible,

    /// <summary>As <see cref="Line"/>, without white space.</summary>
    Word,

    /// <summary>Tabs and line breaks, but no other control characters; may be empty.</summary>
    Lines,
}

/// <summary>Where a field is; becomes text only when there is something to say about it.</summary>
internal readonly record struct FieldPath(string Name, int Index = -1, string? Member = null)
{
    public override string ToString() => Name + (Index < 0 ? "" : $"[{Index}]") + (Member is null ? "" : "." + Member);
}

/// <summary>Where a JSON value stands in what is being read; the default is a value that is absent.</summary>
internal readonly record struct Token(int Start, int Length)
{
    /// <summary>The value that the reader has just read.</summary>
    public static Token Of(ref readonly Utf8JsonReader reader) => Since((int)reader.TokenStartIndex, in reader);

    /// <summary>The value that began at <paramref name="start"/> and at whose end the reader stands.</summary>
    public static Token Since(int start, ref readonly Utf8JsonReader reader) => new(start, (int)reader.BytesConsumed - start);

    public bool IsPresent => Length > 0;
}
