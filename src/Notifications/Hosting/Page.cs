using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Notifications.Hosting;

/// <summary>A part of a list.</summary>
public sealed record Page<T>
{
    /// <summary>The entries.</summary>
    public required IReadOnlyList<T> Data { get; init; }

    /// <summary>Where the next part starts, to be sent as <c>after</c>; null at the end.</summary>
    public required string? NextCursor { get; init; }
}

/// <summary>How lists are read in parts: <c>limit</c> and an opaque cursor in <c>after</c>.</summary>
public static class Paging
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The size of a part where none is asked for.</summary>
    public const int DefaultLimit = 25;

    /// <summary>The largest part.</summary>
    public const int MaxLimit = 100;

    /// <summary>Checks what a caller sent.</summary>
    /// <param name="cursor">The parameter <c>after</c>.</param>
    /// <param name="limit">The parameter <c>limit</c>.</param>
    /// <param name="place">What the part continues after; empty at the start.</param>
    /// <param name="count">The size of the part.</param>
    /// <returns>What is wrong, or null.</returns>
    public static ProblemHttpResult? Check(string? cursor, int? limit, out string place, out int count)
    {
        count = limit ?? DefaultLimit;
        place = "";
        if (count is < 1 or > MaxLimit)
        {
            return Problems.Field("limit", $"1 to {MaxLimit}.");
        }

        if (string.IsNullOrEmpty(cursor))
        {
            return null;
        }

        try
        {
            place = Utf8.GetString(Base64Url.DecodeFromChars(cursor));
            return place.Contains('\0', StringComparison.Ordinal) ? BadCursor() : null;
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return BadCursor();
        }
    }

    /// <summary>Likewise, for lists of ids, newest first.</summary>
    /// <param name="cursor">The parameter <c>after</c>.</param>
    /// <param name="limit">The parameter <c>limit</c>.</param>
    /// <param name="before">The id that the part begins below; above all ids at the start.</param>
    /// <param name="count">The size of the part.</param>
    /// <returns>What is wrong, or null.</returns>
    public static ProblemHttpResult? CheckNewestFirst(string? cursor, int? limit, out Guid before, out int count)
    {
        before = Guid.AllBitsSet;
        return Check(cursor, limit, out var place, out count)
            ?? (place.Length == 0 || Guid.TryParseExact(place, "N", out before) ? null : BadCursor());
    }

    /// <summary>The problem with a cursor that is not one of the list.</summary>
    public static ProblemHttpResult BadCursor() => Problems.Field("after", "not a cursor of this list; send nextCursor as it was received.");

    /// <summary>Makes a cursor of a position.</summary>
    public static string Cursor(string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(position));

    /// <summary>A part of up to <paramref name="limit"/> rows, from a query that asked for one more.</summary>
    /// <param name="rows">What was read.</param>
    /// <param name="limit">The size of a part.</param>
    /// <param name="show">How a row is shown.</param>
    /// <param name="position">What the next part continues after.</param>
    public static Page<T> Page<TRow, T>(List<TRow> rows, int limit, Func<TRow, T> show, Func<TRow, string> position) => new()
    {
        Data = [.. rows.Take(limit).Select(show)],
        NextCursor = rows.Count > limit ? Cursor(position(rows[limit - 1])) : null,
    };
}
