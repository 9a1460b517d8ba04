using System.Diagnostics;
using System.Net;

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

    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(60);
    private static readonly HttpClient Health = new(new SocketsHttpHandler { UseProxy = false, PooledConnectionLifetime = TimeSpan.Zero });

    private readonly ServerOptions _options;
    private readonly TempFolder? _folder;
    private readonly OutputLog _log = new();
    private ChildProcess? _process;

    private ServerProcess(ServerOptions options)
    {
        _options = options;
        _folder = options.DataFolder is null ? new TempFolder(options.DataRoot) : null;
        DataFolder = options.DataFolder ?? _folder!.Path;
        Address = new Uri($"http://127.0.0.1:{options.Port ?? Ports.Free()}");
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
    public long ResidentBytes => Current.ResidentBytes;

    /// <summary>Processor time it has used since its start.</summary>
    public TimeSpan ProcessorTime => Current.ProcessorTime;

    /// <summary>The last lines that it and the processes before it wrote.</summary>
    public string Log => _log.ToString();

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => _process is { HasExited: false };

    private ChildProcess Current => _process ?? throw new InvalidOperationException("The server is not running.");

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
            await process.WaitAsync(StartLimit);
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
                await process.WaitAsync(StartLimit);
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
        Current.Send(Signal.Kill);
        await EndAsync();
    }

    /// <summary>Asks it to stop, as a service manager does (SIGTERM), and waits until it has.</summary>
    /// <returns>Its exit code.</returns>
    public async Task<int> StopAsync()
    {
        Current.Send(Signal.Terminate);
        return await EndAsync();
    }

    /// <summary>Stops it in its tracks; its connections stay open and it answers nothing.</summary>
    public void Freeze() => Current.Send(Signal.Stop);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Current.Send(Signal.Continue);

    /// <summary>Kills it and starts it again on the same data and port.</summary>
    public async Task KillAndRestartAsync()
    {
        await KillAsync();
        await StartAgainAsync();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        Api.Dispose();
        _folder?.Dispose();
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
        var code = await process.WaitAsync(StartLimit);
        _process = null;
        process.Dispose();
        return code;
    }

    private ChildProcess Launch() => _process = ChildProcess.Start(
        [Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", Repository.ServerAssembly, "--urls", Address.GetLeftPart(UriPartial.Authority)],
        _log, start =>
        {
            start.WorkingDirectory = Path.GetDirectoryName(Repository.ServerAssembly)!;
            start.Environment.Remove("ASPNETCORE_URLS");
            start.Environment["ASPNETCORE_ENVIRONMENT"] = "Development";
            start.Environment["DOTNET_ENVIRONMENT"] = "Development";
            start.Environment["Notifications__DataPath"] = DataFolder;
            foreach (var (name, value) in _options.Settings)
            {
                start.Environment[name] = value;
            }
        });
}
