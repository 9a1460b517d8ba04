using System.Buffers.Text;
using System.Text;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Notifications.Hosting;

/// <summary>Lists: <c>{data, nextCursor}</c>, an opaque cursor, a limit from 1 to 100.</summary>
public static class Paging
{
    /// <summary>How many entries a page has where none is asked for.</summary>
    public const int DefaultLimit = 25;

    /// <summary>How many entries a page has at most.</summary>
    public const int MaxLimit = 100;

    /// <summary>The problem with a limit, or null.</summary>
    public static ProblemHttpResult? Check(int limit) =>
        limit is < 1 or > MaxLimit ? Problems.Field("limit", $"must be 1 to {MaxLimit}") : null;

    /// <summary>A cursor that stands for a place in a list.</summary>
    public static string Cursor(string place) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(place));

    /// <summary>Reads a cursor; none is the beginning, an empty text.</summary>
    public static bool TryReadCursor(string? cursor, out string place)
    {
        place = "";
        if (string.IsNullOrEmpty(cursor))
        {
            return true;
        }

        try
        {
            place = new UTF8Encoding(false, throwOnInvalidBytes: true).GetString(Base64Url.DecodeFromChars(cursor));
            return !place.Contains('\0', StringComparison.Ordinal);
        }
        catch (Exception e) when (e is FormatException or ArgumentException)
        {
            return false;
        }
    }

    /// <summary>The problem with a cursor that was not ours.</summary>
    public static ProblemHttpResult BadCursor(string field) => Problems.Field(field, "is not a cursor: take it from nextCursor");
}
