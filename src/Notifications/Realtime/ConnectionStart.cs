using System.Globalization;
using Microsoft.AspNetCore.Http;
using Notifications.Auth;
using Notifications.Inbox;

namespace Notifications.Realtime;

/// <summary>What a connection asked for in its query: <c>?after=REV&amp;epoch=E</c>, <c>?after=manual</c>, <c>?device=ID</c>.</summary>
/// <param name="Key">Whose connection it is.</param>
/// <param name="Device">Whose position it moves; empty for the one that connections without a name share.</param>
/// <param name="Resume">Where it begins, or null: where its device is.</param>
/// <param name="Manual">Whether it stays silent until its first <c>Resume</c>.</param>
/// <param name="Expires">When its token is accepted no more.</param>
public sealed record ConnectionStart(UserKey Key, string Device, ResumeRequest? Resume, bool Manual, DateTimeOffset Expires)
{
    /// <summary>The longest device id.</summary>
    public const int MaxDeviceLength = 128;

    /// <summary>Reads the query of a handshake.</summary>
    /// <param name="context">The handshake; its user is authenticated.</param>
    /// <param name="start">What it asks for.</param>
    /// <param name="error">The parameter that is wrong, and why.</param>
    public static bool TryRead(HttpContext context, out ConnectionStart? start, out (string Field, string Message) error)
    {
        start = null;
        error = default;
        string? device = context.Request.Query["device"], after = context.Request.Query["after"], epoch = context.Request.Query["epoch"];
        if (device is not null && (device.Length > MaxDeviceLength || device.Any(char.IsControl)))
        {
            error = ("device", $"is at most {MaxDeviceLength} characters, without control characters");
            return false;
        }

        var (position, era) = (0L, 0L);
        if (after is not (null or "" or "manual") && !(long.TryParse(after, NumberStyles.None, CultureInfo.InvariantCulture, out position)))
        {
            error = ("after", "is a position in the user's log (a number), or 'manual'");
            return false;
        }

        if (!string.IsNullOrEmpty(epoch) && !long.TryParse(epoch, NumberStyles.None, CultureInfo.InvariantCulture, out era))
        {
            error = ("epoch", "is the number that came with 'resumed' or 'reset'");
            return false;
        }

        start = new ConnectionStart(
            new UserKey(context.User.Tenant(), context.User.UserId()), device ?? "",
            after is null or "" or "manual" ? null : new ResumeRequest(position, string.IsNullOrEmpty(epoch) ? null : era),
            after == "manual", context.User.ExpiresAt() + UserTokens.ClockSkew ?? DateTimeOffset.MaxValue);
        return true;
    }
}
