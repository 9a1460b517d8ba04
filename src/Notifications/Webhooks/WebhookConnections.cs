using System.Net;
using System.Net.Sockets;

namespace Notifications.Webhooks;

/// <summary>All addresses of a host are such that a webhook must not connect to them.</summary>
internal sealed class PrivateAddressException(string message) : IOException(message);

/// <summary>
/// Opens connections of webhooks. The name is resolved here, each address is checked, and the connection goes to an address that was checked and to
/// nothing else, so that a name that answers differently the second time gains nothing. TLS still checks the name.
/// </summary>
internal sealed class WebhookConnections(WebhookTargets targets, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
{
    /// <summary>How long a connection is kept, before the name is resolved and checked again.</summary>
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(1);

    private const int MaxAddresses = 8;

    /// <summary>A handler that follows no redirects, keeps no cookies, unpacks nothing and knows no proxy.</summary>
    public SocketsHttpHandler Handler(TimeSpan connectTimeout) => new()
    {
        AllowAutoRedirect = false,
        AutomaticDecompression = DecompressionMethods.None,
        ConnectCallback = ConnectAsync,
        ConnectTimeout = connectTimeout,
        Credentials = null,
        MaxConnectionsPerServer = 1_024, // How many there are is for the pump to say.
        MaxResponseDrainSize = WebhookSender.MaxResponse,
        MaxResponseHeadersLength = 16, // KiB
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),
        PooledConnectionLifetime = Lifetime,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
        UseCookies = false,
        UseProxy = false,
        ActivityHeadersPropagator = null, // What happens in here is nobody else's.
    };

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var (host, port) = (context.DnsEndPoint.Host, context.DnsEndPoint.Port);
        var known = WebhookTargets.Literal(host) is { } literal ? [literal] : await resolve(host, cancellationToken);
        var allowed = known.Where(address => targets.Allows(host, port, address)).Take(MaxAddresses).ToList();
        if (allowed.Count == 0)
        {
            throw known.Length == 0
                ? new SocketException((int)SocketError.HostNotFound)
                : new PrivateAddressException($"{host} is not on the public internet: {string.Join(", ", known.Take(3).Select(a => a.ToString()))}");
        }

        for (var i = 0; ; i++)
        {
            var socket = new Socket(allowed[i].AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(new IPEndPoint(allowed[i], port), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch (SocketException) when (i < allowed.Count - 1)
            {
                socket.Dispose(); // The next one may answer.
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        }
    }
}
