using System.Globalization;
using System.Net.Sockets;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>The floor, in a process of its own: this program with the verb <c>floor</c>, with the runtime settings of the service.</summary>
internal sealed class FloorProcess : IAsyncDisposable
{
    /// <summary>The verb.</summary>
    public const string Verb = "floor";

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private readonly ChildProcess _process;
    private readonly OutputLog _log;

    private FloorProcess(ChildProcess process, OutputLog log, int port, int blastPort)
    {
        (_process, _log) = (process, log);
        Address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}"));
        BlastAddress = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{blastPort}"));
    }

    /// <summary>Where its endpoints and its hub are.</summary>
    public Uri Address { get; }

    /// <summary>Where frames come from as fast as they are read.</summary>
    public Uri BlastAddress { get; }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Resident memory, in bytes.</summary>
    public long ResidentBytes => _process.ResidentBytes;

    /// <summary>Where a user connects to the bare hub.</summary>
    public Uri Hub(string user) => new(Address, "/hub?user=" + Uri.EscapeDataString(user));

    /// <summary>Starts one and waits until it answers.</summary>
    /// <param name="redis">The port of the Redis it appends to, where it is to.</param>
    /// <param name="folder">The folder of the SQLite database it inserts into, where it is to.</param>
    /// <param name="more">More arguments, <c>--name value</c>.</param>
    public static async Task<FloorProcess> StartAsync(int? redis = null, string? folder = null, params IEnumerable<string> more)
    {
        var (port, blastPort, log) = (Ports.Free(), Ports.Free(), new OutputLog());
        List<string> arguments =
        [
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", typeof(FloorProcess).Assembly.Location, Verb,
            "--port", Text(port), "--blast", Text(blastPort),
        ];
        arguments.AddRange(redis is { } server ? ["--redis", Text(server)] : []);
        arguments.AddRange(folder is not null ? ["--folder", folder] : []);
        var floor = new FloorProcess(ChildProcess.Start([.. arguments, .. more], log), log, port, blastPort);
        try
        {
            await Until.TrueAsync("the floor to listen", floor.ListensAsync, StartLimit);
            return floor;
        }
        catch
        {
            await floor.DisposeAsync();
            throw;
        }

        static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _process.Send(Signal.Kill);
        await _process.WaitAsync(StartLimit);
        _process.Dispose();
    }

    private async Task<bool> ListensAsync()
    {
        if (_process.HasExited)
        {
            throw new InvalidOperationException($"The floor ended.\n{_log}");
        }

        try
        {
            using var probe = new TcpClient();
            await probe.ConnectAsync(Address.Host, Address.Port);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
