using System.Globalization;
using System.Net;
using System.Text;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Notifications.Events;

namespace Notifications.Webhooks;

/// <summary>What is wrong with an address.</summary>
/// <param name="IsPrivate">It is well-formed, but not on the public internet.</param>
/// <param name="Message">For people.</param>
internal sealed record TargetFault(bool IsPrivate, string Message);

/// <summary>Where webhooks may go: checked when they are made, as far as the text tells, and at each connect.</summary>
internal sealed class WebhookTargets
{
    private const int MaxLength = 2_048;

    private static readonly string[] InternalNames =
        ["localhost", "local", "internal", "intranet", "private", "corp", "home", "lan", "localdomain", "home.arpa", "cluster.local", "onion", "test", "invalid"];

    private readonly List<AllowedHost> _allowed = [];
    private readonly bool _allowHttp;

    public WebhookTargets(IOptions<WebhookOptions> options, IHostEnvironment environment)
        : this(options.Value, environment.IsDevelopment())
    {
    }

    public WebhookTargets(WebhookOptions options, bool development)
    {
        _allowHttp = options.AllowHttp ?? development;
        foreach (var text in options.AllowedHosts)
        {
            if (AllowedHost.TryParse(text, out var entry))
            {
                _allowed.Add(entry);
            }
        }
    }

    /// <summary>Checks the address of a new webhook.</summary>
    /// <param name="text">What was sent.</param>
    /// <param name="url">As it is used from now on; null where there is something wrong.</param>
    /// <returns>What is wrong, or null.</returns>
    public TargetFault? Check(string text, out Uri? url)
    {
        url = null;
        if (text.Length > MaxLength || !Ascii.IsValid(text))
        {
            return new(false, $"must have at most {MaxLength} characters, all of them ASCII; write other host names in Punycode");
        }

        if (Links.Fault(Encoding.ASCII.GetBytes(text), mail: false) is { } fault)
        {
            return new(false, fault);
        }

        if (text.Contains('#', StringComparison.Ordinal) || !Uri.TryCreate(text, UriKind.Absolute, out var parsed) || parsed.UserInfo.Length > 0 || parsed.Port == 0)
        {
            return new(false, "must be an absolute link without user information and fragment");
        }

        var host = Host(parsed);
        var literal = Literal(host);
        if (literal is null && (host.Length == 0 || EndsInNumber(host)))
        {
            return new(false, "must name a valid host");
        }

        if (literal is null ? IsInternalName(host) && !Names(host, parsed.Port) : !Allows(host, parsed.Port, literal))
        {
            return new(true, $"{host} is not on the public internet; what webhooks may reach besides is set by Notifications:Webhooks:AllowedHosts");
        }

        if (parsed.Scheme == Uri.UriSchemeHttp && !_allowHttp && !IsListed(host, parsed.Port, literal))
        {
            return new(false, "must be https; http is allowed by Notifications:Webhooks:AllowHttp");
        }

        url = parsed;
        return null;
    }

    /// <summary>Whether a webhook for this host may connect to this address, which is one of the host's.</summary>
    public bool Allows(string host, int port, IPAddress address) => PublicAddresses.Contains(address) || IsListed(host, port, address);

    /// <summary>An address that is written in place of a name, in any of the notations that resolvers take (decimal, octal, hexadecimal, short).</summary>
    public static IPAddress? Literal(string host)
    {
        var text = host.Trim('[', ']').TrimEnd('.');
        return IPAddress.TryParse(text, out var address) && (text.Contains(':', StringComparison.Ordinal) || EndsInNumber(text)) ? address : null;
    }

    /// <summary>The host without the point of the root.</summary>
    private static string Host(Uri url) => url.IdnHost.TrimEnd('.');

    private bool IsListed(string host, int port, IPAddress? address) =>
        Names(host, port) || (address is not null && _allowed.Exists(entry => entry.Covers(address, port)));

    private bool Names(string host, int port) => _allowed.Exists(entry => entry.Names(host, port));

    /// <summary>A name that no public DNS has: without a point, or below a top-level name that is used inside networks (RFC 6761, RFC 8375).</summary>
    private static bool IsInternalName(string host) => !host.Contains('.', StringComparison.Ordinal)
        || Array.Exists(InternalNames, name => host.EndsWith("." + name, StringComparison.OrdinalIgnoreCase));

    /// <summary>Such a host is an address of version 4 or nothing (WHATWG URL, section 3.5).</summary>
    private static bool EndsInNumber(string host)
    {
        var last = host[(host.LastIndexOf('.') + 1)..];
        return last.Length > 0 && (last.All(char.IsAsciiDigit)
            || (last.StartsWith("0x", StringComparison.OrdinalIgnoreCase)
                && (last.Length == 2 || ulong.TryParse(last.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out _))));
    }
}
