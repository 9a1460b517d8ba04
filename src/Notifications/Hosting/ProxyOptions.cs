using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.HttpOverrides;
using IPNetwork = System.Net.IPNetwork;

namespace Notifications.Hosting;

/// <summary>Settings under <c>Notifications:Proxy</c>.</summary>
public sealed class ProxyOptions
{
    /// <summary>
    /// The networks of the proxies in front of this service, such as <c>10.0.0.0/8</c> or <c>fd00::/8</c>. What a proxy in one of them says in
    /// <c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c> and <c>X-Forwarded-Host</c> is believed, so it must set or remove all three; from
    /// anyone else they mean nothing. Default: none.
    /// </summary>
    public IList<string> KnownNetworks { get; set; } = [];

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => KnownNetworks
        .Where(network => !IPNetwork.TryParse(network, out _))
        .Select(network =>
            $"Notifications:Proxy:KnownNetworks: \"{network}\" is not a network; write its first address and the length of its prefix, as in 10.0.0.0/8, " +
            "and 10.0.0.5/32 for one address.");

    /// <summary>The middleware's settings, or null where no proxy is trusted; without any network it would trust everyone.</summary>
    internal ForwardedHeadersOptions? Forwarding()
    {
        if (KnownNetworks.Count == 0)
        {
            return null;
        }

        var options = new ForwardedHeadersOptions
        {
            ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto | ForwardedHeaders.XForwardedHost,
            ForwardLimit = null, // Through any number of proxies, as long as each is known.
        };
        options.KnownProxies.Clear(); // This machine is known by default.
        options.KnownIPNetworks.Clear();
        foreach (var network in KnownNetworks)
        {
            options.KnownIPNetworks.Add(IPNetwork.Parse(network));
        }

        return options;
    }
}
