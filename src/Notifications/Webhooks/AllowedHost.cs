using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Notifications.Webhooks;

/// <summary>An entry of <see cref="WebhookOptions.AllowedHosts"/>.</summary>
internal sealed class AllowedHost
{
    private readonly string? _name;
    private readonly IPNetwork? _network;
    private readonly int? _port;

    private AllowedHost(string? name, IPNetwork? network, int? port)
    {
        _name = name;
        _network = network;
        _port = port;
    }

    /// <summary>Reads an entry.</summary>
    public static bool TryParse(string? text, [NotNullWhen(true)] out AllowedHost? entry)
    {
        entry = null;
        text = text?.Trim().ToLowerInvariant() ?? "";
        if (!TrySplit(text, out var host, out var port))
        {
            return false;
        }

        if (IPNetwork.TryParse(host, out var network))
        {
            entry = new AllowedHost(null, network, port);
        }
        else if (IPAddress.TryParse(host, out var address))
        {
            entry = new AllowedHost(null, new IPNetwork(address, address.GetAddressBytes().Length * 8), port);
        }
        else if (Uri.CheckHostName(host.StartsWith("*.", StringComparison.Ordinal) ? host[2..] : host) == UriHostNameType.Dns && !host.Contains('/', StringComparison.Ordinal))
        {
            entry = new AllowedHost(host.TrimEnd('.'), null, port);
        }

        return entry is not null;
    }

    /// <summary>Whether it names this host, whatever addresses that has.</summary>
    public bool Names(string host, int port)
    {
        var name = host.TrimEnd('.');
        return (_port ?? port) == port && _name is not null
            && (_name.StartsWith("*.", StringComparison.Ordinal)
                ? name.EndsWith(_name[1..], StringComparison.OrdinalIgnoreCase) && name.Length > _name.Length - 1
                : name.Equals(_name, StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether it covers this address.</summary>
    public bool Covers(IPAddress address, int port) => (_port ?? port) == port && _network is { } network
        && network.Contains(address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address);

    private static bool TrySplit(string text, out string host, out int? port)
    {
        host = text;
        port = null;
        if (text.StartsWith('['))
        {
            var end = text.IndexOf(']', StringComparison.Ordinal);
            host = end < 0 ? "" : text[1..end];
            return end > 0 && (end == text.Length - 1 || (text[end + 1] == ':' && TryPort(text[(end + 2)..], out port)));
        }

        // One colon is a port, several are an address of version 6.
        var colon = text.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || colon != text.LastIndexOf(':'))
        {
            return text.Length > 0;
        }

        host = text[..colon];
        return host.Length > 0 && TryPort(text[(colon + 1)..], out port);
    }

    private static bool TryPort(string text, out int? port)
    {
        var valid = ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0;
        port = valid ? number : null;
        return valid;
    }
}
