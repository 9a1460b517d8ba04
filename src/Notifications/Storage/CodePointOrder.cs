namespace Notifications.Storage;

/// <summary>
/// The order in which both databases sort text: by code point, which is the order of UTF-8 bytes (SQLite's BINARY, PostgreSQL's "C").
/// .NET's ordinal order is that of UTF-16 units, which puts U+E000 to U+FFFF after all that needs surrogates; a cursor that mixed the two
/// would skip rows.
/// </summary>
public sealed class CodePointOrder : IComparer<string>
{
    /// <summary>The only instance.</summary>
    public static readonly CodePointOrder Instance = new();

    /// <inheritdoc/>
    public int Compare(string? x, string? y)
    {
        var a = x.AsSpan();
        var b = y.AsSpan();
        var same = a.CommonPrefixLength(b);
        if (same == a.Length || same == b.Length)
        {
            return a.Length.CompareTo(b.Length);
        }

        return Weight(a[same]).CompareTo(Weight(b[same]));
    }

    private static int Weight(char c) => c < 0xD800 ? c : c < 0xE000 ? c + 0x10000 : c;
}
