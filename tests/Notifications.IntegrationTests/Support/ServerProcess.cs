using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Notifications.IntegrationTests.Support;

/// <summary>How a server is started.</summary>
public sealed record ServerOptions
{
    /// <summary>Keeps the data of another server; a new temporary folder otherwise.</summary>
    public string? DataFolder { get; init; }

    /// <summary>The port to listen on; a free one otherwise.</summary>
    public int? Port { get; init; }

    /// <summary>Settings as environment variables, such as <c>Notifications__Auth__Jwt__Issuer</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where a temporary data folder is made.</summary>
    public string DataRoot { get; init; } = Path.GetTempPath();
}

/// <summary>The service as users run it: the built server, in a process of its own, on a port and a data folder of its own.</summary>
public sealed class ServerProcess : IAsyncDisposable
{
    /// <summary>The key that the Development environment accepts.</summary>
    public const string DevelopmentKey = "sk_dev_local";

    private const int LogLines = 2_000;
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly ConcurrentDictionary<Process, bool> Running = [];
    private static readonly HashSet<int> UsedPorts = [];
    private static readonly HttpClient Health = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero });

    private readonly ServerOptions _options;
    private readonly bool _ownsData;
    private readonly Queue<string> _log = [];
    private Process? _process;

    static ServerProcess() => AppDomain.CurrentDomain.ProcessExit += (_, _) =>
    {
        foreach (var process in Running.Keys)
        {
            process.Kill();
        }
    };

    private ServerProcess(ServerOptions options)
    {
        _options = options;
        _ownsData = options.DataFolder is null;
        DataFolder = options.DataFolder ?? Directory.CreateDirectory(
            Path.Combine(options.DataRoot, $"notifications-test-{Environment.ProcessId}-{Guid.NewGuid():N}")).FullName;
        Address = new Uri($"http://127.0.0.1:{options.Port ?? FreePort()}");
        Api = new Api(Address, DevelopmentKey);
    }

    /// <summary>Where it listens; stays the same over restarts.</summary>
    public Uri Address { get; }

    /// <summary>Its data; stays over restarts, and is deleted at the end if it was made here.</summary>
    public string DataFolder { get; }

    /// <summary>The API with the development key.</summary>
    public Api Api { get; }

    /// <summary>Its process id.</summary>
    public int Id => Current.Id;

    /// <summary>Resident memory, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            Current.Refresh();
            return Current.WorkingSet64;
        }
    }

    /// <summary>Processor time it has used since its start.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            Current.Refresh();
            return Current.TotalProcessorTime;
        }
    }

    /// <summary>The last lines that it and the processes before it wrote.</summary>
    public string Log
    {
        get
        {
            lock (_log)
            {
                return string.Join('\n', _log);
            }
        }
    }

    private Process Current => _process ?? throw new InvalidOperationException("The server is not running.");

    /// <summary>Starts a server and waits until it is ready.</summary>
    public static async Task<ServerProcess> StartAsync(ServerOptions? options = null)
    {
        var server = new ServerProcess(options ?? new ServerOptions());
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts a server that is expected to refuse: waits until it has ended.</summary>
    /// <returns>Its exit code and all it wrote.</returns>
    public static async Task<(int ExitCode, string Log)> RunToExitAsync(ServerOptions options)
    {
        await using var server = new ServerProcess(options);
        var process = server.Launch();
        try
        {
            await process.WaitForExitAsync().WaitAsync(StartLimit, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The server should have refused to start, but runs.\n{server.Log}");
        }

        return (process.ExitCode, server.Log);
    }

    /// <summary>Starts it (again) on the same data and port and waits until it is ready.</summary>
    public async Task StartAgainAsync()
    {
        var process = Launch();
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            if (process.HasExited)
            {
                await process.WaitForExitAsync();
                throw new InvalidOperationException($"The server ended with exit code {process.ExitCode} while starting.\n{Log}");
            }

            if (await IsReadyAsync())
            {
                return;
            }

            if (Stopwatch.GetElapsedTime(started) > StartLimit)
            {
                throw new TimeoutException($"The server was not ready after {StartLimit.TotalSeconds} s.\n{Log}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Ends it without a warning, as a crash or a power cut of the machine's user space would: SIGKILL.</summary>
    public async Task KillAsync()
    {
        Current.Kill();
        await EndAsync();
    }

    /// <summary>Asks it to stop, as a service manager does (SIGTERM), and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        _ = Signal(Current.Id, 15);
        return await EndAsync();
    }

    /// <summary>Kills it and starts it again on the same data and port.</summary>
    public async Task KillAndRestartAsync()
    {
        await KillAsync();
        await StartAgainAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            await KillAsync();
        }

        Api.Dispose();
        if (_ownsData)
        {
            Directory.Delete(DataFolder, recursive: true);
        }
    }

    private static async Task<bool> IsReady(Uri address)
    {
        try
        {
            using var response = await Health.GetAsync(new Uri(address, "/health/ready"));
            return response.StatusCode == HttpStatusCode.OK;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    private Task<bool> IsReadyAsync() => IsReady(Address);

    private async Task<int> EndAsync()
    {
        var process = Current;
        try
        {
            await process.WaitForExitAsync().WaitAsync(StartLimit, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The server did not end.\n{Log}");
        }

        Running.TryRemove(process, out _);
        _process = null;
        var code = process.ExitCode;
        process.Dispose();
        return code;
    }

    private Process Launch()
    {
        var start = new ProcessStartInfo(Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet")
        {
            WorkingDirectory = Path.GetDirectoryName(Repository.ServerAssembly)!,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.ArgumentList.Add(Repository.ServerAssembly);
        start.ArgumentList.Add("--urls");
        start.ArgumentList.Add(Address.GetLeftPart(UriPartial.Authority));
        start.Environment.Remove("ASPNETCORE_URLS");
        start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
        start.Environment["DOTNET_ENVIRONMENT"] = "Development";
        start.Environment["Notifications__DataPath"] = DataFolder;
        foreach (var (name, value) in _options.Settings)
        {
            start.Environment[name] = value;
        }

        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Keep(line.Data);
        process.ErrorDataReceived += (_, line) => Keep(line.Data);
        process.Start();
        Running[process] = true;
        _process = process;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return process;
    }

    private void Keep(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_log)
        {
            _log.Enqueue(line);
            if (_log.Count > LogLines)
            {
                _log.Dequeue();
            }
        }
    }

    /// <summary>A port that nobody listens on, below those that the system hands out to clients, so that it stays free over a restart.</summary>
    private static int FreePort()
    {
        while (true)
        {
            var port = Random.Shared.Next(12_000, 29_900);
            lock (UsedPorts)
            {
                if (!UsedPorts.Add(port))
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

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
