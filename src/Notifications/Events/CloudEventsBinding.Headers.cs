using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Notifications.Events;

/// <summary>Attributes in HTTP headers.</summary>
public static partial class CloudEventsBinding
{
    private const string Prefix = "ce-";

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Whether a request whose content type is not a CloudEvents one is a CloudEvent in binary mode.</summary>
    public static bool IsBinary(IHeaderDictionary headers) =>
        headers.ContainsKey("ce-specversion") || headers.ContainsKey("ce-id") || headers.ContainsKey("ce-type") || headers.ContainsKey("ce-source");

    private static void ReadHeaders(IHeaderDictionary headers, CloudEventAttributes attributes, FieldErrors errors)
    {
        foreach (var (header, values) in headers)
        {
            // The attribute datacontenttype is the Content-Type and has no header of its own (section 3.1.1).
            if (!header.StartsWith(Prefix, StringComparison.OrdinalIgnoreCase) || header.Equals("ce-datacontenttype", StringComparison.OrdinalIgnoreCase))
            {
                continue;
            }

            var name = header[Prefix.Length..].ToLowerInvariant();
            if (values.Count != 1)
            {
                errors.Add(name, "is given more than once");
            }
            else if (TryDecode(values[0]!, out var value))
            {
                attributes.Set(name, value);
            }
            else
            {
                errors.Add(name, "must be percent-encoded UTF-8 (CloudEvents HTTP binding, section 3.1.3.2)");
            }
        }
    }

    /// <summary>
    /// Decodes a header value (HTTP protocol binding, section 3.1.3.2): first a quoted string, as older senders have it, then one round of
    /// percent-decoding. Text outside ASCII that is not encoded is let pass.
    /// </summary>
    internal static bool TryDecode(string value, [NotNullWhen(true)] out string? decoded)
    {
        decoded = null;
        var text = value.Trim(' ', '\t');
        text = text.StartsWith('"') ? Unquoted(text) : text;
        if (text is null)
        {
            return false;
        }

        if (!text.Contains('%'))
        {
            decoded = JsonText.IsSound(text) ? text : null;
            return decoded is not null;
        }

        try
        {
            // A lone surrogate cannot be encoded, and a percent sign is never part of another character's bytes.
            var bytes = StrictUtf8.GetBytes(text).AsSpan();
            var length = 0;
            for (var i = 0; i < bytes.Length; i++)
            {
                var unit = bytes[i];
                if (unit == '%')
                {
                    if (i + 2 >= bytes.Length || !byte.TryParse(bytes.Slice(i + 1, 2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out unit))
                    {
                        return false;
                    }

                    i += 2;
                }

                bytes[length++] = unit;
            }

            decoded = StrictUtf8.GetString(bytes[..length]);
            return true;
        }
        catch (ArgumentException)
        {
            return false;
        }
    }

    private static string? Unquoted(string text)
    {
        var inner = new StringBuilder(text.Length);
        for (var i = 1; i < text.Length; i++)
        {
            if (text[i] == '"')
            {
                return i == text.Length - 1 ? inner.ToString() : null;
            }

            if (text[i] == '\\' && ++i == text.Length)
            {
                return null;
            }

            inner.Append(text[i]);
        }

        return null;
    }
}
