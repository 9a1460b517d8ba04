using System.Diagnostics.CodeAnalysis;
using System.Text;
using Microsoft.Extensions.Primitives;

namespace Notifications.Events;

/// <summary>
/// The header <c>Idempotency-Key</c> (draft-ietf-httpapi-idempotency-key-header): another place for a single event's id. The draft has it
/// as a structured-field string, in quotes (RFC 8941, section 3.3.3); many clients send it raw, and mean the same.
/// </summary>
public static class IdempotencyKey
{
    /// <summary>The header's name, and its name among the fields of an error.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Reads the header.</summary>
    /// <param name="values">Its values; none is no key.</param>
    /// <param name="key">The key, without quotes; null where there is none.</param>
    /// <param name="fault">What is wrong with it, or null.</param>
    public static bool TryRead(StringValues values, out string? key, [NotNullWhen(false)] out string? fault)
    {
        (key, fault) = (null, null);
        if (values.Count == 0)
        {
            return true;
        }

        if (values.Count > 1)
        {
            fault = "must be given once";
            return false;
        }

        var text = values[0]!.Trim(' ', '\t');
        if (!text.StartsWith('"'))
        {
            key = text;
        }
        else if ((key = Unquote(text)) is null)
        {
            fault = "must be a string in quotes with only \\\" and \\\\ escaped, or a text without quotes around it";
            return false;
        }

        fault = !JsonText.IsSound(key) ? JsonText.Unsound : EventFields.Fault(Encoding.UTF8.GetBytes(key), EventLimits.MaxId, TextRule.Line);
        return fault is null;
    }

    /// <summary>The id of an event that may have it in two places.</summary>
    internal static string? Merge(string? id, string? key, FieldErrors errors)
    {
        if (id is not null && key is not null && id != key)
        {
            errors.Add(Header, "differs from the event's id; give one of them, or both the same");
        }

        return id ?? key;
    }

    private static string? Unquote(string text)
    {
        var key = new StringBuilder(text.Length);
        for (var i = 1; i < text.Length; i++)
        {
            switch (text[i])
            {
                case '"': return i == text.Length - 1 ? key.ToString() : null;
                case '\\' when i + 1 < text.Length && text[i + 1] is '"' or '\\': key.Append(text[++i]); break;
                case '\\': return null;
                default: key.Append(text[i]); break;
            }
        }

        return null;
    }
}
