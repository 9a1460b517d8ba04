namespace Notifications.Auth;

/// <summary>What an API key may do. Each is also the name of the authorization policy that demands it.</summary>
public static class Scopes
{
    /// <summary>Post events.</summary>
    public const string EventsWrite = "events:write";

    /// <summary>Write users, topics and subscriptions.</summary>
    public const string UsersWrite = "users:write";

    /// <summary>Issue user tokens.</summary>
    public const string TokensIssue = "tokens:issue";

    /// <summary>Read events, their decisions and deliveries.</summary>
    public const string View = "view";

    /// <summary>Act on what is stored: withdraw, replay, discard.</summary>
    public const string Operate = "operate";

    /// <summary>Everything, and alone: make keys and name tenants.</summary>
    public const string Admin = "admin";

    /// <summary>The policy of <c>/v1/me</c> and of the hub: a user's own token.</summary>
    public const string User = "user";

    /// <summary>All scopes a key can have, in the order they are documented.</summary>
    public static readonly IReadOnlyList<string> All = [EventsWrite, UsersWrite, TokensIssue, View, Operate, Admin];
}
