using System.Security.Cryptography;

namespace Notifications.Events;

/// <summary>What becomes of the fields.</summary>
internal ref partial struct EventFields
{
    /// <summary>Notes what is missing, and makes the event if nothing is wrong.</summary>
    /// <param name="source">CloudEvents source, or empty.</param>
    /// <param name="recipients">What the list of recipients is called where the producer wrote it.</param>
    /// <returns>The event, or null if there are errors.</returns>
    public readonly EventDraft? Build(string source = "", string recipients = "to")
    {
        if (Type is null && !_errors.Has("type"))
        {
            _errors.Add("type", "is required");
        }

        if (_to is null && !_errors.Has(recipients))
        {
            _errors.Add(recipients, "is required");
        }

        if (!_title.IsPresent && _template is null)
        {
            Require(new FieldPath("title"));
        }

        var options = Options();
        if (_errors.Any)
        {
            return null;
        }

        return new EventDraft
        {
            ExternalId = Id,
            Source = source,
            Type = Type!,
            To = _to!,
            Priority = _priority,
            Category = _category,
            OrderingKey = OrderingKey,
            Options = options,
            Content = Content(),
            Fingerprint = Id is null ? default : Fingerprint(options),
        };
    }

    /// <summary>Writes <see cref="EventDraft.Content"/>. What was JSON is copied, with the escapes that the producer chose.</summary>
    private readonly byte[] Content()
    {
        var content = _buffers.Content;
        content.Clear();
        content.Raw("{\"type\":"u8);
        content.Quoted(Type);
        content.Raw(",\"title\":"u8);
        content.RawOrNull(Span(_title));
        content.Raw(",\"body\":"u8);
        content.RawOrNull(Span(_body));
        content.Raw(",\"url\":"u8);
        content.RawOrNull(Span(_url));
        content.Raw(",\"imageUrl\":"u8);
        content.RawOrNull(Span(_imageUrl));
        content.Raw(",\"data\":"u8);
        content.RawOrNull(Span(_data));
        content.Raw(",\"actions\":"u8);
        WriteActions(content);
        content.Raw(",\"category\":"u8);
        content.Quoted(_category);
        content.Raw(",\"priority\":\""u8);
        content.Raw(Name(_priority));
        content.Raw("\"}"u8);
        return content.ToArray();
    }

    private readonly void WriteActions(ContentBuffer content)
    {
        if (_actions is null)
        {
            content.Raw("null"u8);
            return;
        }

        var next = "["u8;
        foreach (var action in _actions)
        {
            content.Raw(next);
            content.Raw("{\"id\":"u8);
            content.RawOrNull(Span(action.Id));
            content.Raw(",\"label\":"u8);
            content.RawOrNull(Span(action.Label));
            content.Raw(",\"url\":"u8);
            content.RawOrNull(Span(action.Url));
            content.Raw(action.Primary ? ",\"primary\":true}"u8 : ",\"primary\":false}"u8);
            next = ","u8;
        }

        content.Raw(_actions.Count == 0 ? "[]"u8 : "]"u8);
    }

    /// <summary>
    /// Hashes what the event says. The data was made canonical when it was read; the other fields follow in a fixed order. The external id
    /// and the source are left out: they are what the hash is looked up by. A field that is added to events one day has to be appended only
    /// where it is given, or the retry of an event across an update would be taken for another event.
    /// </summary>
    private readonly byte[] Fingerprint(EventOptions? options)
    {
        var canonical = _buffers.Canonical;
        canonical.Absent();
        canonical.Text(Type);
        canonical.Token(Span(_title));
        canonical.Token(Span(_body));
        canonical.Token(Span(_url));
        canonical.Token(Span(_imageUrl));
        canonical.Text(_category);
        canonical.Text(OrderingKey);
        canonical.Byte((byte)_priority);
        foreach (var recipient in _to!)
        {
            canonical.Byte((byte)recipient.Kind);
            canonical.Text(recipient.Key);
        }

        canonical.Absent();
        foreach (var action in _actions ?? [])
        {
            canonical.Token(Span(action.Id));
            canonical.Token(Span(action.Label));
            canonical.Token(Span(action.Url));
            canonical.Byte(action.Primary ? (byte)1 : (byte)0);
        }

        Fingerprint(canonical, options);
        return SHA256.HashData(canonical.Written);
    }

    private static ReadOnlySpan<byte> Name(Priority priority) => priority switch
    {
        Priority.Low => "low"u8,
        Priority.Normal => "normal"u8,
        Priority.High => "high"u8,
        _ => "critical"u8,
    };

    private readonly ReadOnlySpan<byte> Span(Token token) => _json.Slice(token.Start, token.Length);
}
