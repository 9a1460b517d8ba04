using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Notifications.Events;

/// <summary>The context attributes of a CloudEvent (CloudEvents 1.0.2, section "Context Attributes"), from JSON or headers.</summary>
internal sealed partial class CloudEventAttributes(FieldErrors errors)
{
    /// <summary>The attribute that says what the data is.</summary>
    public const string DataContentType = "datacontenttype";

    private string? _specVersion;
    private string? _dataContentType;
    private string? _time;

    public string? Id { get; private set; }

    public string? Source { get; private set; }

    public string? Type { get; private set; }

    /// <summary>Ours: who it is for, separated by commas; empty where it is not given or refused.</summary>
    public string? Recipients { get; private set; }

    /// <summary>The partitioning extension's.</summary>
    public string? PartitionKey { get; private set; }

    /// <summary>Whether an attribute has to be a string. Others may be of any type, and are read as text.</summary>
    public static bool IsString(string name) => name is "id" or "source" or "type" or "specversion" or DataContentType or "time" or "subject"
        or "dataschema" or "recipients" or "partitionkey";

    /// <summary>Takes an attribute.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="value">Its value, without U+0000 and lone surrogates.</param>
    public void Set(string name, string value)
    {
        switch (name)
        {
            case "id": Id = Checked(name, value, EventLimits.MaxId); break;
            case "source": Source = Checked(name, value, EventLimits.MaxSource, TextRule.Word); break;
            case "type": Type = Checked(name, value, EventLimits.MaxType, TextRule.Word); break;
            case "specversion": _specVersion = value; break;
            case DataContentType: _dataContentType = value; break;
            case "time": _time = value; break;
            case "recipients": Recipients = Checked(name, value, int.MaxValue); break;
            case "partitionkey": PartitionKey = Checked(name, value, EventLimits.MaxOrderingKey); break;
            case "subject" or "dataschema": Checked(name, value, int.MaxValue); break;
            default:
                if (!IsName(name))
                {
                    errors.Add(FieldName.Shown(name), "must be named with a to z and 0 to 9 only, as all CloudEvents attributes");
                }
                else if (JsonText.HasControl(Encoding.UTF8.GetBytes(value)))
                {
                    errors.Add(FieldName.Shown(name), "must not hold control characters");
                }

                break;
        }
    }

    /// <summary>Notes what is missing or has another form than the specification says.</summary>
    public void Check()
    {
        Require("id", Id);
        Require("source", Source);
        Require("specversion", _specVersion);
        if (_specVersion is not (null or "1.0"))
        {
            errors.Add("specversion", "must be 1.0");
        }

        if (Source is not null && !UriReference().IsMatch(Source))
        {
            errors.Add("source", "must be a URI reference (RFC 3986)");
        }

        if (_time is not null && !IsTimestamp(_time))
        {
            errors.Add("time", "must be a timestamp such as 2026-01-31T12:00:00Z (RFC 3339)");
        }
    }

    /// <summary>Whether the data is JSON, which it also is where nothing is said; otherwise that is noted as a fault.</summary>
    public bool HasJsonData()
    {
        if (_dataContentType is null || MediaType.IsJson(_dataContentType))
        {
            return true;
        }

        errors.Add(DataContentType, "must be a JSON media type in UTF-8, such as application/json");
        return false;
    }

    private static bool IsName(string name) => name.Length > 0 && name.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c));

    private static bool IsTimestamp(string text)
    {
        var match = Timestamp().Match(text);
        if (!match.Success)
        {
            return false;
        }

        var (year, month, day) = (Number(match, 1), Number(match, 2), Number(match, 3));
        return year >= 1 && day <= DateTime.DaysInMonth(year, month);
    }

    private static int Number(Match match, int group) => int.Parse(match.Groups[group].ValueSpan, CultureInfo.InvariantCulture);

    // RFC 3339, section 5.6; a second of 60 is a leap second.
    [GeneratedRegex(
        @"\A([0-9]{4})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[Tt]([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Timestamp();

    // The characters of RFC 3986, and those beyond ASCII that RFC 3987 adds.
    [GeneratedRegex(@"\A([A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=\u00A0-\uFFFF]|%[0-9A-Fa-f]{2})+\z", RegexOptions.CultureInvariant)]
    private static partial Regex UriReference();

    private string? Checked(string name, string value, int max, TextRule rule = TextRule.Line)
    {
        var fault = EventFields.Fault(Encoding.UTF8.GetBytes(value), max, rule);
        if (fault is null)
        {
            return value;
        }

        errors.Add(name, fault);
        return null;
    }

    private void Require(string name, string? value)
    {
        if (value is null && !errors.Has(name))
        {
            errors.Add(name, "is required");
        }
    }
}
