using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Notifications.Auth;

/// <summary>An API key as it is stored: everything but the key itself.</summary>
/// <param name="Id">Its id, <c>key_…</c>.</param>
/// <param name="Tenant">Whose data it reaches.</param>
/// <param name="Name">What its owner calls it.</param>
/// <param name="Scopes">What it may do; see <see cref="Auth.Scopes"/>.</param>
/// <param name="CreatedAt">When it was made.</param>
public sealed record ApiKey(string Id, string Tenant, string Name, IReadOnlyList<string> Scopes, DateTimeOffset CreatedAt)
{
    /// <summary>What every API key starts with; a bearer token that does not is a user's token.</summary>
    public const string Prefix = "sk_";

    /// <summary>The tenant of the bootstrap key and of the development key.</summary>
    public const string DefaultTenant = "default";

    /// <summary>Longer ones are not keys; keeps a hostile header from being hashed.</summary>
    private const int MaxLength = 256;

    /// <summary>A new key: the prefix and 32 random bytes in base64url.</summary>
    public static string Generate() => Prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>
    /// SHA-256 of a key, all that is stored of it. A slow hash would add nothing: a key has 256 bits of entropy, there is nothing to guess.
    /// </summary>
    /// <returns>32 bytes, or null for what cannot be a key.</returns>
    public static byte[]? Hash(string key) =>
        key.Length is > 3 and <= MaxLength && key.StartsWith(Prefix, StringComparison.Ordinal) ? SHA256.HashData(Encoding.UTF8.GetBytes(key)) : null;

    /// <summary>Whether a text may name a tenant: <c>[a-z0-9][a-z0-9_-]{0,62}</c>.</summary>
    public static bool IsTenant(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > 63 || text[0] is '_' or '-')
        {
            return false;
        }

        foreach (var c in text)
        {
            if (!(char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c is '_' or '-'))
            {
                return false;
            }
        }

        return true;
    }
}
