using System.Buffers.Binary;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Npgsql;

namespace Notifications.Benchmarks.Scale;

/// <summary>
/// The least that catching up can be: a connection names a user, and gets the rows of that user's inbox as one statement reads them, each with its length
/// before it. No protocol, no check of who asks, no JSON.
/// </summary>
internal static class RowsFloor
{
    /// <summary>Length of a row's head: its length, seq, rev, time, and id of the event.</summary>
    private const int HeadBytes = 4 + 8 + 8 + 8 + 16;

    private const int BufferBytes = 64 * 1024;

    private const string Rows =
        "SELECT i.seq, i.rev, i.created_at, i.event_id, i.seen_at, i.read_at, i.archived_at, i.snoozed_until, i.withdrawn_at, i.deleted, " +
        "COALESCE(i.content, e.content) FROM inbox i JOIN events e ON e.id = i.event_id " +
        "WHERE i.tenant = 'default' AND i.user_id = $1 AND i.seq > 0 ORDER BY i.seq";

    /// <summary>Listens on this machine, and answers one connection after the other for as long as the process runs.</summary>
    /// <param name="port">Where.</param>
    /// <param name="connectionString">The database of the service.</param>
    public static void Start(int port, string connectionString)
    {
        var listener = new TcpListener(IPAddress.Loopback, port);
        listener.Start();
        _ = ServeAsync(listener, NpgsqlDataSource.Create(connectionString + ";Max Auto Prepare=10;Auto Prepare Min Usages=2"));
    }

    /// <summary>Asks for a user's rows.</summary>
    /// <param name="port">Where they are served.</param>
    /// <param name="user">Whose, in one packet.</param>
    /// <returns>How many came, and how long it took from connecting to the last.</returns>
    public static async Task<(int Rows, TimeSpan Took)> ReadAsync(int port, string user)
    {
        var started = Stopwatch.GetTimestamp();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, port);
        await socket.SendAsync(Encoding.UTF8.GetBytes(user), SocketFlags.None);
        var (buffer, filled, rows) = (new byte[2 * BufferBytes], 0, 0);
        while (await socket.ReceiveAsync(buffer.AsMemory(filled), SocketFlags.None) is > 0 and var read)
        {
            filled += read;
            var at = 0;
            while (filled - at >= 4 && BinaryPrimitives.ReadInt32LittleEndian(buffer.AsSpan(at)) is var length && filled - at >= length)
            {
                at += length;
                rows++;
            }

            buffer.AsSpan(at, filled - at).CopyTo(buffer);
            filled -= at;
        }

        return (rows, Stopwatch.GetElapsedTime(started));
    }

    private static async Task ServeAsync(TcpListener listener, NpgsqlDataSource database)
    {
        var buffer = new byte[BufferBytes];
        while (true)
        {
            using var client = await listener.AcceptSocketAsync();
            client.NoDelay = true;
            var named = await client.ReceiveAsync(buffer, SocketFlags.None);
            await AnswerAsync(database, Encoding.UTF8.GetString(buffer, 0, named), client, buffer);
        }
    }

    private static async Task AnswerAsync(NpgsqlDataSource database, string user, Socket client, byte[] buffer)
    {
        await using var command = database.CreateCommand(Rows);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = user });
        await using var reader = await command.ExecuteReaderAsync();
        var filled = 0;
        while (await reader.ReadAsync())
        {
            var content = reader.GetFieldValue<byte[]>(10);
            var length = HeadBytes + content.Length;
            if (filled + length > buffer.Length)
            {
                await client.SendAsync(buffer.AsMemory(0, filled), SocketFlags.None);
                filled = 0;
            }

            var row = buffer.AsSpan(filled, length);
            BinaryPrimitives.WriteInt32LittleEndian(row, length);
            BinaryPrimitives.WriteInt64LittleEndian(row[4..], reader.GetInt64(0));
            BinaryPrimitives.WriteInt64LittleEndian(row[12..], reader.GetInt64(1));
            BinaryPrimitives.WriteInt64LittleEndian(row[20..], reader.GetInt64(2));
            reader.GetFieldValue<byte[]>(3).CopyTo(row[28..]);
            content.CopyTo(row[HeadBytes..]);
            filled += length;
        }

        await client.SendAsync(buffer.AsMemory(0, filled), SocketFlags.None);
        client.Shutdown(SocketShutdown.Send);
    }
}
