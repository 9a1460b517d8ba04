using System.Security.Cryptography;
using System.Text.Json;

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

        if (!_title.IsPresent)
        {
            Require(new FieldPath("title"));
        }

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
            Content = Content(),
            Fingerprint = Id is null ? default : Fingerprint(),
        };
    }

    /// <summary>Writes <see cref="EventDraft.Content"/>. What was JSON is copied, with the escapes that the producer chose.</summary>
    private readonly byte[] Content()
    {
        var writer = _buffers.StartContent();
        writer.WriteStartObject();
        writer.WriteString("type"u8, Type);
        Copy(writer, "title"u8, _title);
        Copy(writer, "body"u8, _body);
        Copy(writer, "url"u8, _url);
        Copy(writer, "imageUrl"u8, _imageUrl);
        Copy(writer, "data"u8, _data);
        if (_actions is null)
        {
            writer.WriteNull("actions"u8);
        }
        else
        {
            writer.WriteStartArray("actions"u8);
            foreach (var action in _actions)
            {
                writer.WriteStartObject();
                Copy(writer, "id"u8, action.Id);
                Copy(writer, "label"u8, action.Label);
                Copy(writer, "url"u8, action.Url);
                writer.WriteBoolean("primary"u8, action.Primary);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteString("category"u8, _category);
        writer.WriteString("priority"u8, Name(_priority));
        writer.WriteEndObject();
        return _buffers.FinishContent();
    }

    /// <summary>
    /// Hashes what the event says. The data was made canonical when it was read; the other fields follow in a fixed order. The external id
    /// and the source are left out: they are what the hash is looked up by. A field that is added to events one day has to be appended only
    /// where it is given, or the retry of an event across an update would be taken for another event.
    /// </summary>
    private readonly byte[] Fingerprint()
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

    private readonly void Copy(Utf8JsonWriter writer, ReadOnlySpan<byte> name, Token token)
    {
        writer.WritePropertyName(name);
        if (token.IsPresent)
        {
            writer.WriteRawValue(Span(token), skipInputValidation: true);
        }
        else
        {
            writer.WriteNullValue();
        }
    }
}
