using System.Runtime.InteropServices;

namespace Notifications.Benchmarks;

/// <summary>
/// Linux's way to wait for many sockets at once. .NET's own costs a hop to the thread pool and two system calls for each message, which on a machine that
/// the generator shares with what it measures would be much of what is measured.
/// </summary>
internal static partial class Epoll
{
    /// <summary>There is something to read, or the other side has gone.</summary>
    public const uint In = 1;

    private const int Add = 1;
    private const int DontWait = 0x40, NoSignal = 0x4000;
    private const int TryAgain = 11;

    /// <summary>An event takes 12 bytes on x64 and 16 elsewhere; what was registered with it comes 4 or 8 bytes after its flags.</summary>
    private static readonly int EventBytes = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 12 : 16, DataAt = EventBytes - 8;

    /// <summary>A new set of sockets to wait for.</summary>
    public static int Create() => Check(epoll_create1(0x80000)); // Not inherited by children.

    /// <summary>Waits for a socket too from now on; a number comes back with its events.</summary>
    public static void Watch(int set, int socket, int number)
    {
        Span<byte> @event = stackalloc byte[16];
        MemoryMarshal.Write(@event, In);
        MemoryMarshal.Write(@event[DataAt..], (long)number);
        Check(epoll_ctl(set, Add, socket, ref MemoryMarshal.GetReference(@event)));
    }

    /// <summary>Room for events.</summary>
    public static byte[] Room(int events) => new byte[events * EventBytes];

    /// <summary>Waits.</summary>
    /// <returns>How many events there are; 0 after a while without any.</returns>
    public static int Wait(int set, byte[] room, int milliseconds) => Math.Max(0, epoll_wait(set, ref room[0], room.Length / EventBytes, milliseconds));

    /// <summary>The number that an event's socket was registered with.</summary>
    public static int Number(byte[] room, int index) => (int)MemoryMarshal.Read<long>(room.AsSpan((index * EventBytes) + DataAt));

    /// <summary>Reads what there is.</summary>
    /// <returns>Bytes; 0 at the end of the connection, -1 where there is nothing yet.</returns>
    public static int Read(int socket, Span<byte> buffer)
    {
        var read = recv(socket, ref MemoryMarshal.GetReference(buffer), buffer.Length, DontWait);
        return read >= 0 ? (int)read : Marshal.GetLastPInvokeError() == TryAgain ? -1 : 0;
    }

    /// <summary>Writes all of it, which has to be little.</summary>
    /// <returns>Whether it could be.</returns>
    public static bool Write(int socket, ReadOnlySpan<byte> bytes) =>
        send(socket, ref MemoryMarshal.GetReference(bytes), bytes.Length, DontWait | NoSignal) == bytes.Length;

    /// <summary>Ends a set.</summary>
    public static void Close(int set) => _ = close(set);

    private static int Check(int result) =>
        result >= 0 ? result : throw new InvalidOperationException($"epoll: {Marshal.GetLastPInvokeErrorMessage()}");

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_create1(int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_ctl(int set, int operation, int socket, ref byte @event);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int epoll_wait(int set, ref byte events, int count, int milliseconds);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint recv(int socket, ref byte buffer, nint length, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern nint send(int socket, ref byte buffer, nint length, int flags);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int close(int descriptor);
}
