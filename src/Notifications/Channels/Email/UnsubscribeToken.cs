using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Notifications.Channels.Email;

/// <summary>Whose mail of what an unsubscribe link turns off.</summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="IsUser">Whether <paramref name="Who"/> is a user's id; an address else.</param>
/// <param name="Who">The user, or an address that is no user's.</param>
/// <param name="Category">The category, or null for all email.</param>
public sealed record MailSubscription(string Tenant, bool IsUser, string Who, string? Category);

/// <summary>
/// The secret part of an unsubscribe link: what it turns off, and an HMAC-SHA256 by which we know it again. It does not end, because mail is kept for
/// years; it can turn one thing off and show nothing.
/// </summary>
public static class UnsubscribeToken
{
    /// <summary>Bytes of the key.</summary>
    public const int KeyBytes = 32;

    private const byte Version = 1;
    private const int MacBytes = 32;

    /// <summary>No token is longer, in characters.</summary>
    private const int MaxLength = 4_096;

    private static readonly UTF8Encoding Strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>Makes a token: version, kind, then tenant, who and category behind their lengths, then the MAC of all that; in base64url.</summary>
    public static string Create(ReadOnlySpan<byte> key, MailSubscription subscription)
    {
        using var payload = new MemoryStream();
        using (var writer = new BinaryWriter(payload, Strict, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write((byte)((subscription.IsUser ? 1 : 0) | (subscription.Category is null ? 0 : 2)));
            writer.Write(subscription.Tenant);
            writer.Write(subscription.Who);
            writer.Write(subscription.Category ?? "");
        }

        payload.Write(HMACSHA256.HashData(key, payload.GetBuffer().AsSpan(0, (int)payload.Length)));
        return Base64Url.EncodeToString(payload.GetBuffer().AsSpan(0, (int)payload.Length));
    }

    /// <summary>Reads a token; null where this service has not made it.</summary>
    public static MailSubscription? Read(ReadOnlySpan<byte> key, string token)
    {
        if (token.Length > MaxLength || !Base64Url.IsValid(token))
        {
            return null;
        }

        var bytes = Base64Url.DecodeFromChars(token);
        if (bytes.Length <= MacBytes)
        {
            return null;
        }

        var payload = bytes.AsSpan(0, bytes.Length - MacBytes);
        if (!CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, payload), bytes.AsSpan(payload.Length)))
        {
            return null;
        }

        // Ours, so it is well formed; a version that this program does not know is a newer one's.
        using var reader = new BinaryReader(new MemoryStream(bytes, 0, payload.Length), Strict);
        if (reader.ReadByte() != Version)
        {
            return null;
        }

        var kind = reader.ReadByte();
        var (tenant, who, category) = (reader.ReadString(), reader.ReadString(), reader.ReadString());
        return new MailSubscription(tenant, (kind & 1) != 0, who, (kind & 2) != 0 ? category : null);
    }
}
