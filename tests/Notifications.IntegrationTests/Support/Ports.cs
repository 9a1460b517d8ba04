using System.Net;
using System.Net.Sockets;

namespace Notifications.IntegrationTests.Support;

/// <summary>Ports to listen on.</summary>
public static class Ports
{
    private static readonly HashSet<int> Used = [];

    /// <summary>A port that nobody listens on, below those that the system hands out to clients, so that it stays free over a restart.</summary>
    public static int Free()
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 29_900);
            lock (Used)
            {
                if (!Used.Add(port))
                {
                    continue;
                }
            }

            try
            {
                using var probe = new TcpListener(IPAddress.Loopback, port);
                probe.Start();
                return port;
            }
            catch (SocketException)
            {
            }
        }
    }
}
