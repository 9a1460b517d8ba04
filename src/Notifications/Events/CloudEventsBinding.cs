using System.Diagnostics.CodeAnalysis;
using System.Text;
using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace Notifications.Events;

/// <summary>
/// Reads CloudEvents 1.0. <c>source</c> and <c>id</c> identify the event; the extension attribute <c>recipients</c> says who it is for,
/// separated by commas; <c>title</c>, <c>body</c>, <c>url</c>, <c>imageUrl</c>, <c>actions</c>, <c>category</c>, <c>priority</c>,
/// <c>orderingKey</c>, <c>channels</c>, <c>template</c>, <c>collapseKey</c>, <c>sendAt</c> and <c>expiresAt</c> are members of its data, which is also kept whole as the event's <c>data</c>. The extension <c>partitionkey</c>
/// (CloudEvents partitioning extension) orders where the data has no <c>orderingKey</c>. Other attributes are checked for their form and
/// otherwise ignored.
/// </summary>
public static partial class CloudEventsBinding
{
    /// <summary>Reads an event in structured mode (JSON event format, section 3), also one of a batch.</summary>
    /// <param name="json">The whole event; a byte order mark is ignored.</param>
    /// <param name="idempotencyKey">The value of the header <c>Idempotency-Key</c>, which has to equal the event's id; or null.</param>
    /// <param name="draft">The event, if it is valid.</param>
    /// <param name="refusal">What is wrong, if it is not.</param>
    public static bool TryParseStructured(
        ReadOnlySpan<byte> json, string? idempotencyKey, [NotNullWhen(true)] out EventDraft? draft, [NotNullWhen(false)] out EventRefusal? refusal)
    {
        draft = null;
        refusal = json.Length > EventLimits.MaxBytes ? EventRefusal.EventTooLarge : JsonText.Guard(ref json);
        if (refusal is not null)
        {
            return false;
        }

        var errors = new FieldErrors();
        try
        {
            var attributes = new CloudEventAttributes(errors);
            var data = ReadEnvelope(json, attributes, errors);
            (draft, refusal) = Bind(attributes, data, idempotencyKey, errors);
        }
        catch (JsonException e)
        {
            refusal = EventRefusal.Malformed(e);
        }

        return draft is not null;
    }

    /// <summary>Reads an event in binary mode (HTTP protocol binding, section 3.1): attributes in <c>ce-</c> headers, data in the body.</summary>
    /// <param name="headers">The request's headers.</param>
    /// <param name="contentType">The Content-Type; null where the request has none.</param>
    /// <param name="body">The data.</param>
    /// <param name="idempotencyKey">The value of the header <c>Idempotency-Key</c>, which has to equal the event's id; or null.</param>
    /// <param name="draft">The event, if it is valid.</param>
    /// <param name="refusal">What is wrong, if it is not.</param>
    public static bool TryParseBinary(
        IHeaderDictionary headers, string? contentType, ReadOnlySpan<byte> body, string? idempotencyKey,
        [NotNullWhen(true)] out EventDraft? draft, [NotNullWhen(false)] out EventRefusal? refusal)
    {
        draft = null;
        refusal = body.Length > EventLimits.MaxBytes ? EventRefusal.EventTooLarge : null;
        if (refusal is not null)
        {
            return false;
        }

        var errors = new FieldErrors();
        var attributes = new CloudEventAttributes(errors);
        ReadHeaders(headers, attributes, errors);
        if (!body.IsEmpty)
        {
            attributes.Set(CloudEventAttributes.DataContentType, contentType ?? "");
        }

        try
        {
            (draft, refusal) = Bind(attributes, body, idempotencyKey, errors);
        }
        catch (JsonException e)
        {
            refusal = EventRefusal.Malformed(e);
        }

        return draft is not null;
    }

    private static ReadOnlySpan<byte> ReadEnvelope(ReadOnlySpan<byte> json, CloudEventAttributes attributes, FieldErrors errors)
    {
        var data = default(ReadOnlySpan<byte>);
        var hasData = false;
        var names = new HashSet<string>(StringComparer.Ordinal);
        var reader = new Utf8JsonReader(json, JsonText.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            errors.Add("$", "must be an object: one CloudEvent");
            reader.Skip();
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var name = JsonText.IsSound(ref reader) ? reader.GetString() : null;
            reader.Read();
            if (name is null || !names.Add(name))
            {
                errors.Add(name is null ? "$" : FieldName.Shown(name), name is null ? FieldName.Unsound : "is given more than once");
                reader.Skip();
            }
            else if (reader.TokenType == JsonTokenType.Null)
            {
                // Null is the same as leaving it out (JSON event format, section 2.2).
            }
            else if (name is "data" or "data_base64")
            {
                if (hasData)
                {
                    errors.Add(name, "must not be given together with the other of data and data_base64");
                }

                hasData = true;
                data = name == "data" ? Whole(ref reader, json) : Decoded(ref reader, errors);
            }
            else
            {
                ReadAttribute(ref reader, name, attributes, errors);
            }
        }

        // Nothing may follow: the reader throws if something does.
        reader.Read();
        return data;
    }

    private static ReadOnlySpan<byte> Whole(scoped ref Utf8JsonReader reader, ReadOnlySpan<byte> json)
    {
        var start = (int)reader.TokenStartIndex;
        reader.Skip();
        return json[start..(int)reader.BytesConsumed];
    }

    private static ReadOnlySpan<byte> Decoded(scoped ref Utf8JsonReader reader, FieldErrors errors)
    {
        if (reader.TokenType == JsonTokenType.String && JsonText.IsSound(ref reader) && reader.TryGetBytesFromBase64(out var bytes))
        {
            return bytes;
        }

        errors.Add("data_base64", "must be a string in Base64 (RFC 4648, section 4)");
        reader.Skip();
        return default;
    }

    private static void ReadAttribute(ref Utf8JsonReader reader, string name, CloudEventAttributes attributes, FieldErrors errors)
    {
        var isCore = CloudEventAttributes.IsString(name);
        switch (reader.TokenType)
        {
            case JsonTokenType.String when JsonText.IsSound(ref reader):
                attributes.Set(name, reader.GetString()!);
                break;
            case JsonTokenType.String:
                errors.Add(FieldName.Shown(name), JsonText.Unsound);
                break;
            case JsonTokenType.True or JsonTokenType.False or JsonTokenType.Number when !isCore:
                attributes.Set(name, Encoding.UTF8.GetString(reader.ValueSpan));
                break;
            default:
                errors.Add(FieldName.Shown(name), isCore ? "must be a string" : "must be a string, a number or a boolean");
                reader.Skip();
                break;
        }
    }

    /// <summary>Makes an event of attributes and data, whatever the mode.</summary>
    private static (EventDraft? Draft, EventRefusal? Refusal) Bind(
        CloudEventAttributes attributes, ReadOnlySpan<byte> data, string? idempotencyKey, FieldErrors errors)
    {
        if (JsonText.Guard(ref data) is { } malformed)
        {
            return (null, malformed);
        }

        attributes.Check();
        var fields = new EventFields(data, "data.", errors) { Type = attributes.Type };
        if (!data.IsEmpty && attributes.HasJsonData())
        {
            ReadData(data, ref fields, errors);
        }

        if (attributes.Recipients is { } recipients)
        {
            AddRecipients(recipients, ref fields);
        }

        fields.OrderingKey ??= attributes.PartitionKey;
        fields.Id = IdempotencyKey.Merge(attributes.Id, idempotencyKey, errors);
        var draft = fields.Build(attributes.Source ?? "", "recipients");
        return (draft, draft is null ? errors.ToRefusal() : null);
    }

    private static void AddRecipients(ReadOnlySpan<char> recipients, ref EventFields fields)
    {
        HashSet<Recipient>? known = null;
        var index = 0;
        foreach (var range in recipients.Split(','))
        {
            fields.AddRecipient(recipients[range].Trim(' '), new("recipients", index++), ref known);
        }
    }

    private static void ReadData(ReadOnlySpan<byte> data, ref EventFields fields, FieldErrors errors)
    {
        var whole = new Utf8JsonReader(data, JsonText.ReaderOptions);
        whole.Read();
        fields.Data(ref whole);
        whole.Read();

        var reader = new Utf8JsonReader(data, JsonText.ReaderOptions);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            errors.Add("data", "must be an object that holds at least a title");
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            fields.DataMember(ref reader);
        }
    }
}
