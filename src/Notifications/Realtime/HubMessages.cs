using Notifications.Inbox;

namespace Notifications.Realtime;

/// <summary>Where a client stands: everything up to <paramref name="Head"/> has been sent.</summary>
/// <param name="Epoch">Which history of the store this is; a client sends it back with its position.</param>
/// <param name="Head">The position that is reached.</param>
/// <param name="Recovered">False where retention had deleted some of what the client missed.</param>
/// <param name="Counts">The counts at that position.</param>
public sealed record Resumed(long Epoch, long Head, bool Recovered, Counts Counts);

/// <summary>The client's position is of no use (too old, or of another history): it fetches its inbox anew and goes on from here.</summary>
/// <param name="Epoch">Which history of the store this is.</param>
/// <param name="Head">Where live messages go on.</param>
/// <param name="Counts">The counts at that position.</param>
public sealed record Reset(long Epoch, long Head, Counts Counts);

/// <summary>Sent before the server closes a connection, where it still can be.</summary>
/// <param name="Code"><c>token_expired</c> or <c>server_shutdown</c>.</param>
/// <param name="Message">For people.</param>
/// <param name="Reconnect">Whether connecting again makes sense, for an expired token with a new one.</param>
public sealed record Closing(string Code, string Message, bool Reconnect);

/// <summary>Where a client wants to go on.</summary>
/// <param name="After">The highest <c>rev</c> that it handled, or 0.</param>
/// <param name="Epoch">The epoch it got that under, or null.</param>
public sealed record ResumeRequest(long After, long? Epoch = null);

/// <summary>The answer to <c>Update</c>.</summary>
/// <param name="Updated">How many items changed.</param>
/// <param name="Counts">The counts after it.</param>
public sealed record UpdateResult(int Updated, Counts Counts);
