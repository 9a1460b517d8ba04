using System.Text.RegularExpressions;

namespace Notifications.DeadLetters;

/// <summary>What errors have in common that differ in ids, numbers and addresses only.</summary>
internal static partial class ErrorShape
{
    private const int MaxLength = 200;

    /// <summary>The error with a <c>#</c> for every number, id and email address; not longer than 200 characters.</summary>
    public static string Of(string error)
    {
        // A long error is cut first: what follows takes time in proportion.
        var shape = Varying().Replace(error.Length > 4 * MaxLength ? error[..(4 * MaxLength)] : error, "#");
        return shape.Length > MaxLength ? shape[..MaxLength] : shape;
    }

    /// <summary>Email addresses; words of letters and digits that hold a digit, with what joins them; numbers.</summary>
    [GeneratedRegex(@"[\w.+-]+@[\w.-]+|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|\b(?=[A-Za-z_]*[0-9])\w{12,}\b|[0-9]+", RegexOptions.CultureInvariant, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Varying();
}
