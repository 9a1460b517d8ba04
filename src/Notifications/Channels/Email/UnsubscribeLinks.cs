using System.Security.Cryptography;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Channels.Email;

/// <summary>The links by which a recipient ends mail (RFC 8058), signed with a key that all nodes share through the store.</summary>
public sealed class UnsubscribeLinks(Store store, PublicAddress address)
{
    /// <summary>Where the links lead, after which the token follows.</summary>
    public const string Path = "/v1/unsubscribe/";

    /// <summary>A header's line may have 998 characters (RFC 5322, section 2.1.1); a link that is longer stands in the text alone.</summary>
    private const int MaxHeader = 900;

    private byte[]? _key;

    /// <summary>The link for this, or null where it is not known under which address this service is reached.</summary>
    /// <exception cref="StoreUnavailableException">The store is away.</exception>
    public async ValueTask<string?> CreateAsync(MailSubscription subscription) =>
        address.Url is { } url ? url + Path + UnsubscribeToken.Create(await KeyAsync(), subscription) : null;

    /// <summary>What a link's token turns off; null where it is not ours.</summary>
    /// <exception cref="StoreUnavailableException">The store is away.</exception>
    public async ValueTask<MailSubscription?> ReadAsync(string token) => UnsubscribeToken.Read(await KeyAsync(), token);

    /// <summary>The headers that let a mail program unsubscribe with one click (RFC 2369, RFC 8058).</summary>
    internal static IEnumerable<KeyValuePair<string, string>> Headers(string? link)
    {
        if (link is { Length: <= MaxHeader })
        {
            yield return new("List-Unsubscribe", $"<{link}>");
            yield return new("List-Unsubscribe-Post", "List-Unsubscribe=One-Click");
        }
    }

    private async ValueTask<byte[]> KeyAsync() =>
        _key ??= await store.SettingOrAddAsync("unsubscribe_key", () => RandomNumberGenerator.GetBytes(UnsubscribeToken.KeyBytes));
}
