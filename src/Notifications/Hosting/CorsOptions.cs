namespace Notifications.Hosting;

/// <summary>Settings under <c>Notifications:Cors</c>.</summary>
public sealed class CorsOptions
{
    /// <summary>
    /// The origins whose pages may call this service from a browser, such as <c>https://app.example.com</c>; for REST and the hub alike.
    /// Default: none, so only pages of the service's own origin may.
    /// </summary>
    public IList<string> Origins { get; set; } = [];

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => Origins
        .Where(origin => !(Uri.TryCreate(origin, UriKind.Absolute, out var url) && url.Scheme is "http" or "https"
            && string.Equals(url.GetLeftPart(UriPartial.Authority), origin, StringComparison.OrdinalIgnoreCase)))
        .Select(origin => $"Notifications:Cors:Origins: \"{origin}\" is not an origin; write scheme, host and port alone, as in https://app.example.com.");
}
