using System.Globalization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Templates;

/// <summary>The entity tags of templates, <c>"v3"</c>, and the conditions that requests make with them (RFC 9110, section 13).</summary>
internal static class TemplateTags
{
    /// <summary>No version: a condition with it never holds.</summary>
    private const long Never = long.MaxValue;

    /// <summary>The tag of a version.</summary>
    public static string Of(long version) => string.Create(CultureInfo.InvariantCulture, $"\"v{version}\"");

    /// <summary>What a write demands of what is there.</summary>
    /// <param name="request">The request.</param>
    /// <param name="expected">As <see cref="Store.WriteTemplateAsync"/> takes it.</param>
    /// <returns>What is wrong with the headers, or null.</returns>
    public static ProblemHttpResult? Condition(HttpRequest request, out long? expected)
    {
        expected = null;
        string? match = request.Headers.IfMatch, none = request.Headers.IfNoneMatch;
        if (match is not null && none is not null)
        {
            return Problems.Field("If-None-Match", "does not go with If-Match");
        }

        if (none is not null)
        {
            expected = 0;
            return none.Trim() == "*" ? null : Problems.Field("If-None-Match", "must be * in a write");
        }

        if (match is not null)
        {
            if (match.Contains(',', StringComparison.Ordinal))
            {
                return Problems.Field("If-Match", "must be one tag, or *");
            }

            expected = match.Trim() == "*" ? Store.AnyTemplate : Version(match.Trim());
        }

        return null;
    }

    /// <summary>Whether who asks has this version already.</summary>
    public static bool IsKnown(HttpRequest request, long version)
    {
        string? none = request.Headers.IfNoneMatch;
        return none is not null && none.Split(',').Select(tag => tag.Trim()).Any(tag => tag == "*" || Version(tag.StartsWith("W/", StringComparison.Ordinal) ? tag[2..] : tag) == version);
    }

    private static long Version(string tag) =>
        tag.Length > 3 && tag.StartsWith("\"v", StringComparison.Ordinal) && tag[^1] == '"'
        && long.TryParse(tag.AsSpan(2, tag.Length - 3), NumberStyles.None, CultureInfo.InvariantCulture, out var version) && version > 0
            ? version
            : Never;
}
