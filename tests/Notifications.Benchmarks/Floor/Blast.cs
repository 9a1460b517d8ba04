using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace Notifications.Benchmarks;

/// <summary>
/// Sends prepared notifications to whoever connects, one at a time and to each connection in turn, as fast as they are read: what a swarm can take in.
/// One thread, so that on two cores the swarm has one to itself.
/// </summary>
internal static class Blast
{
    private const string Magic = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // RFC 6455, section 1.3.

    /// <summary>Listens.</summary>
    public static void Start(int port)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start(backlog: 512);
        new Thread(() => Run(listener.Server)) { IsBackground = true, Name = "blast" }.Start();
    }

    private static void Run(Socket listener)
    {
        var frame = Frame(
            """{"type":1,"target":"notification","arguments":[{"id":"ntf_0199f0c52f7b7c3e8a4d5b6c7d8e9f01","seq":123,"rev":123,"eventId":"evt_0199f0c52f7b7c3e8a4d5b6c7d8e9f01","type":"bench.event","title":"Event 123","body":"A text of the usual length, as people write them.","priority":"normal","createdAt":"2026-01-15T09:30:00.000Z","data":{"n":123,"due":123456789012345}},{"unseen":12,"unread":12}]}""" + "\u001e");
        var connections = new List<Socket>();
        while (true)
        {
            // Everyone who is there before anything is sent, and whoever comes between two rounds.
            while (listener.Poll(connections.Count == 0 ? TimeSpan.FromSeconds(10) : TimeSpan.Zero, SelectMode.SelectRead))
            {
                try
                {
                    connections.Add(Accept(listener.Accept()));
                }
                catch (Exception e) when (e is SocketException or IOException)
                {
                    // It has gone again.
                }
            }

            for (var i = connections.Count - 1; i >= 0; i--)
            {
                try
                {
                    connections[i].Send(frame);
                }
                catch (SocketException)
                {
                    connections[i].Dispose();
                    connections.RemoveAt(i);
                }
            }
        }
    }

    /// <summary>The upgrade and SignalR's handshake; whatever else comes is not read.</summary>
    private static Socket Accept(Socket socket)
    {
        socket.NoDelay = true;
        var request = Encoding.ASCII.GetString(Read(socket, "\r\n\r\n"u8));
        const string Name = "Sec-WebSocket-Key: ";
        var at = request.IndexOf(Name, StringComparison.OrdinalIgnoreCase) + Name.Length;
#pragma warning disable CA5350 // What RFC 6455 says, which is not about security.
        var accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(request[at..request.IndexOf('\r', at)] + Magic)));
#pragma warning restore CA5350
        socket.Send(Encoding.ASCII.GetBytes($"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"));
        Read(socket, "\u001e"u8); // The swarm masks with zeros, so that the end of the handshake can be read as it is.
        socket.Send(Frame("{}\u001e"));
        return socket;
    }

    private static byte[] Read(Socket socket, ReadOnlySpan<byte> end)
    {
        var buffer = new byte[4096];
        var filled = 0;
        while (!buffer.AsSpan(0, filled).EndsWith(end))
        {
            var read = socket.Receive(buffer.AsSpan(filled));
            filled += read > 0 ? read : throw new IOException("The client has gone.");
        }

        return buffer[..filled];
    }

    private static byte[] Frame(string text)
    {
        var payload = Encoding.UTF8.GetBytes(text);
        if (payload.Length < 126)
        {
            return [0x81, (byte)payload.Length, .. payload];
        }

        byte[] frame = [0x81, 126, 0, 0, .. payload];
        BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), checked((ushort)payload.Length));
        return frame;
    }
}
