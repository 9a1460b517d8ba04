using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Notifications.Webhooks;

/// <summary>Secrets and signatures as in Standard Webhooks 1.0, https://www.standardwebhooks.com.</summary>
internal static class WebhookSecrets
{
    private const string Prefix = "whsec_";
    private const int Length = 32;

    /// <summary>A new secret.</summary>
    public static byte[] New() => RandomNumberGenerator.GetBytes(Length);

    /// <summary>As it is shown, once.</summary>
    public static string Show(ReadOnlyMemory<byte> secret) => Prefix + Convert.ToBase64String(secret.Span);

    /// <summary>What goes into <c>webhook-signature</c>: one signature for each secret, separated by spaces.</summary>
    /// <param name="endpoint">Whose secrets.</param>
    /// <param name="id">The message's id.</param>
    /// <param name="now">When it is sent; decides whether the old secret still signs.</param>
    /// <param name="body">What is sent.</param>
    public static string Sign(WebhookEndpoint endpoint, string id, DateTimeOffset now, ReadOnlySpan<byte> body)
    {
        var timestamp = now.ToUnixTimeSeconds();
        var signature = Sign(endpoint.Secret.Span, id, timestamp, body);
        return endpoint.OldSecret is { } old && endpoint.OldSecretUntil is { } until && now.ToUnixTimeMilliseconds() < until
            ? $"{signature} {Sign(old.Span, id, timestamp, body)}"
            : signature;
    }

    /// <summary>One signature.</summary>
    public static string Sign(ReadOnlySpan<byte> secret, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, secret);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{timestamp}.")));
        hash.AppendData(body);
        return "v1," + Convert.ToBase64String(hash.GetHashAndReset());
    }
}
