using System.Text.Json.Serialization;
using Notifications.Hosting;

namespace Notifications.Auth;

/// <summary>A key to make.</summary>
public sealed record NewKey
{
    /// <summary>What its owner calls it; 1 to 100 characters.</summary>
    public required string Name { get; init; }

    /// <summary>What it may do: at least one of <c>events:write, users:write, tokens:issue, view, operate, admin</c>.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>Whose data it reaches; the caller's tenant where absent. A tenant that is named exists from then on.</summary>
    public string? Tenant { get; init; }
}

/// <summary>What to change of a key; what is absent stays.</summary>
public sealed record KeyChange
{
    /// <summary>What its owner calls it; 1 to 100 characters.</summary>
    public string? Name { get; init; }

    /// <summary>What it may do from now on.</summary>
    public IReadOnlyList<string>? Scopes { get; init; }
}

/// <summary>An API key, without the key itself.</summary>
public record KeyView
{
    /// <summary>Its id.</summary>
    public required string Id { get; init; }

    /// <summary>What its owner calls it.</summary>
    public required string Name { get; init; }

    /// <summary>Whose data it reaches.</summary>
    public required string Tenant { get; init; }

    /// <summary>What it may do.</summary>
    public required IReadOnlyList<string> Scopes { get; init; }

    /// <summary>When it was made.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Shows a stored key.</summary>
    public static KeyView Of(ApiKey key) =>
        new() { Id = key.Id, Name = key.Name, Tenant = key.Tenant, Scopes = key.Scopes, CreatedAt = key.CreatedAt };
}

/// <summary>An API key that was just made.</summary>
public sealed record MadeKey : KeyView
{
    /// <summary>The key. It is shown this once; only its hash is kept.</summary>
    [JsonPropertyOrder(1)]
    public required string Key { get; init; }
}

/// <summary>A user to issue a token for.</summary>
public sealed record NewToken
{
    /// <summary>The user; 1 to 128 characters without white space, commas or control characters.</summary>
    public required string UserId { get; init; }

    /// <summary>For how long, in seconds, 60 to 86400. Default: 3600.</summary>
    public int? Ttl { get; init; }
}

/// <summary>A user's token.</summary>
public sealed record MadeToken
{
    /// <summary>The token, for the hub and for <c>/v1/me</c>.</summary>
    public required string Token { get; init; }

    /// <summary>When it ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

[JsonSerializable(typeof(NewKey))]
[JsonSerializable(typeof(KeyChange))]
[JsonSerializable(typeof(KeyView))]
[JsonSerializable(typeof(MadeKey))]
[JsonSerializable(typeof(Page<KeyView>))]
[JsonSerializable(typeof(NewToken))]
[JsonSerializable(typeof(MadeToken))]
internal sealed partial class AuthJson : JsonSerializerContext;
