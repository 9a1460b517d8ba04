using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Hosting;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>
/// Sessions of operators in a browser: a cookie that says, encrypted and signed with a key that all nodes share, by which API key they signed in and until
/// when. Nothing is kept of it here; the API key is looked at with each request, so a session ends with it.
/// </summary>
public sealed class OperatorSessions(Store store, KeyDirectory keys, IHostEnvironment environment, TimeProvider time)
{
    /// <summary>How long a session lasts.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(12);

    private const int NonceSize = 12, TagSize = 16, ContentSize = sizeof(long) + SHA256.HashSizeInBytes;
    private static readonly byte[] DevelopmentHash = ApiKey.Hash(LocalCaller.DevelopmentKey)!;

    private byte[]? _secret;

    /// <summary>The key of a text that somebody typed, or null.</summary>
    /// <exception cref="StoreUnavailableException">The store is away: whether it is valid is not known.</exception>
    internal async ValueTask<ApiKey?> CheckAsync(HttpContext context, string text) =>
        ApiKey.Hash(text.Trim()) is { } hash ? await FindAsync(context, hash) : null;

    /// <summary>Begins a session.</summary>
    internal async Task StartAsync(HttpContext context, string text)
    {
        var content = new byte[ContentSize];
        BinaryPrimitives.WriteInt64BigEndian(content, (time.GetUtcNow() + Lifetime).ToUnixTimeSeconds());
        ApiKey.Hash(text.Trim())!.CopyTo(content, sizeof(long));
        var sealedContent = new byte[NonceSize + ContentSize + TagSize];
        RandomNumberGenerator.Fill(sealedContent.AsSpan(0, NonceSize));
        using var cipher = new AesGcm(await KeyAsync("cookie"), TagSize);
        cipher.Encrypt(
            sealedContent.AsSpan(0, NonceSize), content, sealedContent.AsSpan(NonceSize, ContentSize), sealedContent.AsSpan(NonceSize + ContentSize));
        context.Response.Cookies.Append(Name(context.Request), Base64Url.EncodeToString(sealedContent), Cookie(context.Request, Lifetime));
    }

    /// <summary>Ends a session in this browser.</summary>
    internal static void End(HttpContext context) => context.Response.Cookies.Delete(Name(context.Request), Cookie(context.Request, null));

    /// <summary>The key that the browser signed in with, or null where there is no session, or it has ended.</summary>
    /// <exception cref="StoreUnavailableException">The store is away: whether it is valid is not known.</exception>
    public async ValueTask<ApiKey?> FindAsync(HttpContext context)
    {
        if (Text(context) is not { } text)
        {
            return null;
        }

        var sealedContent = new byte[NonceSize + ContentSize + TagSize];
        if (!Base64Url.TryDecodeFromChars(text, sealedContent, out var length) || length != sealedContent.Length)
        {
            return null;
        }

        var content = new byte[ContentSize];
        using var cipher = new AesGcm(await KeyAsync("cookie"), TagSize);
        try
        {
            cipher.Decrypt(
                sealedContent.AsSpan(0, NonceSize), sealedContent.AsSpan(NonceSize, ContentSize), sealedContent.AsSpan(NonceSize + ContentSize), content);
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }

        return BinaryPrimitives.ReadInt64BigEndian(content) > time.GetUtcNow().ToUnixTimeSeconds()
            ? await FindAsync(context, content[sizeof(long)..])
            : null;
    }

    /// <summary>What a page of this session sends with what it changes, so that it is told from another site's; null where there is no session.</summary>
    public async ValueTask<string?> RequestTokenAsync(HttpContext context) => Text(context) is { } text
        ? Base64Url.EncodeToString(HMACSHA256.HashData(await KeyAsync("request"), Encoding.UTF8.GetBytes(text)))
        : null;

    private async ValueTask<ApiKey?> FindAsync(HttpContext context, byte[] hash) => !hash.AsSpan().SequenceEqual(DevelopmentHash)
        ? await keys.FindAsync(hash)
        : environment.IsDevelopment() && LocalCaller.IsLocal(context) ? KeyAuthenticationHandler.Development : null;

    /// <summary>With TLS a name that browsers accept only from this host, with TLS.</summary>
    private static string Name(HttpRequest request) => request.IsHttps ? "__Host-notifications-operator" : "notifications-operator";

    private static string? Text(HttpContext context) =>
        context.Request.Cookies[Name(context.Request)] is { Length: > 0 and < 200 } text && text.All(char.IsAscii) ? text : null;

    private static CookieOptions Cookie(HttpRequest request, TimeSpan? age) =>
        new() { HttpOnly = true, SameSite = SameSiteMode.Strict, Secure = request.IsHttps, Path = "/", MaxAge = age, IsEssential = true };

    private async ValueTask<byte[]> KeyAsync(string purpose)
    {
        _secret ??= await store.SettingOrAddAsync("operator-session-key", () => RandomNumberGenerator.GetBytes(32));
        return HKDF.DeriveKey(HashAlgorithmName.SHA256, _secret, 32, info: Encoding.UTF8.GetBytes(purpose));
    }
}
