using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Notifications.Events;
using Notifications.Hosting;

namespace Notifications.Users;

/// <summary>The user of <c>/v1/users/ID/…</c>.</summary>
internal static class UserPath
{
    /// <summary>What a user's id is.</summary>
    public const string Rule = "is 1 to 128 characters without white space, control characters and commas, and not . or ..";

    /// <summary>Reads the id exactly as its caller wrote it.</summary>
    /// <returns>What is wrong with it, or null.</returns>
    public static ProblemHttpResult? Check(HttpContext context, ref string id)
    {
        id = PathSegment.Of(context, 2);
        return Recipient.IsKey(id) ? null : Problems.Field("id", Rule);
    }
}
