using System.Net;
using System.Net.Sockets;

namespace Notifications.Webhooks;

/// <summary>
/// Which addresses are on the public internet: IANA's registries of special-purpose addresses (RFC 6890) without what is not globally reachable.
/// Of version 6 only global unicast (RFC 4291), so that what is assigned one day is not reached by accident.
/// </summary>
internal static class PublicAddresses
{
    private static readonly IPNetwork[] Special4 =
    [
        IPNetwork.Parse("0.0.0.0/8"), // this network
        IPNetwork.Parse("10.0.0.0/8"), // private, RFC 1918
        IPNetwork.Parse("100.64.0.0/10"), // shared by carriers, RFC 6598
        IPNetwork.Parse("127.0.0.0/8"), // loopback
        IPNetwork.Parse("169.254.0.0/16"), // link-local, where clouds keep their metadata
        IPNetwork.Parse("172.16.0.0/12"), // private
        IPNetwork.Parse("192.0.0.0/24"), // protocol assignments, RFC 6890
        IPNetwork.Parse("192.0.2.0/24"), // documentation, RFC 5737
        IPNetwork.Parse("192.88.99.0/24"), // relays of 6to4, RFC 7526
        IPNetwork.Parse("192.168.0.0/16"), // private
        IPNetwork.Parse("198.18.0.0/15"), // benchmarks, RFC 2544
        IPNetwork.Parse("198.51.100.0/24"), // documentation
        IPNetwork.Parse("203.0.113.0/24"), // documentation
        IPNetwork.Parse("224.0.0.0/4"), // multicast
        IPNetwork.Parse("240.0.0.0/4"), // reserved, and broadcast
    ];

    private static readonly IPNetwork Global6 = IPNetwork.Parse("2000::/3");

    private static readonly IPNetwork[] Special6 =
    [
        IPNetwork.Parse("2001::/23"), // protocol assignments, among them Teredo and benchmarks
        IPNetwork.Parse("2001:db8::/32"), // documentation
        IPNetwork.Parse("2002::/16"), // 6to4, which holds an address of version 4
        IPNetwork.Parse("3fff::/20"), // documentation, RFC 9637
    ];

    /// <summary>The prefix under which networks without version 4 show it, RFC 6052; the local one, 64:ff9b:1::/48, is not public.</summary>
    private static readonly IPNetwork Nat64 = IPNetwork.Parse("64:ff9b::/96");

    /// <summary>Whether an address is on the public internet.</summary>
    public static bool Contains(IPAddress address)
    {
        if (address.IsIPv4MappedToIPv6)
        {
            address = address.MapToIPv4();
        }

        if (address.AddressFamily == AddressFamily.InterNetwork)
        {
            return !Array.Exists(Special4, network => network.Contains(address));
        }

        if (address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return false;
        }

        return Nat64.Contains(address)
            ? Contains(new IPAddress(address.GetAddressBytes().AsSpan(12)))
            : Global6.Contains(address) && !Array.Exists(Special6, network => network.Contains(address));
    }
}
