using System.Text;

namespace Notifications.Events;

/// <summary>Names of fields in messages.</summary>
internal static class FieldName
{
    /// <summary>What is said of the object whose property cannot even be named.</summary>
    public const string Unsound = "has a property whose name holds U+0000 or a lone surrogate";

    private const int MaxShown = 64;

    /// <inheritdoc cref="Shown(ReadOnlySpan{byte})"/>
    public static string Shown(string name) => Shown(Encoding.UTF8.GetBytes(name));

    /// <summary>A name that a producer made up, cut to a length that is fit to be repeated.</summary>
    public static string Shown(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length <= MaxShown)
        {
            return Encoding.UTF8.GetString(utf8);
        }

        var end = MaxShown;
        while ((utf8[end] & 0xC0) == 0x80)
        {
            end--;
        }

        return Encoding.UTF8.GetString(utf8[..end]) + "…";
    }
}
