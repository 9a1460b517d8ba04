using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace Notifications.IntegrationTests.Support;

/// <summary>A Redis of its own, with the settings that the service asks for, on a free port and a temporary folder.</summary>
public sealed class RedisServer : IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private readonly TempFolder _folder = new();
    private readonly OutputLog _log = new();
    private readonly IReadOnlyDictionary<string, string> _settings;
    private ChildProcess? _process;

    private RedisServer(IReadOnlyDictionary<string, string>? settings) => _settings = settings ?? new Dictionary<string, string>();

    /// <summary>Where it listens; stays the same over restarts.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>For the service.</summary>
    public string ConnectionString => string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{Port}");

    /// <summary>Its process id.</summary>
    public int Id => Current.Id;

    /// <summary>The last lines it wrote.</summary>
    public string Log => _log.ToString();

    private string Data => Path.Combine(_folder.Path, "data");

    private ChildProcess Current => _process ?? throw new InvalidOperationException("Redis is not running.");

    /// <summary>Starts one and waits until it answers.</summary>
    /// <param name="settings">Settings as in <c>redis.conf</c>, which replace those that are set here.</param>
    public static async Task<RedisServer> StartAsync(IReadOnlyDictionary<string, string>? settings = null)
    {
        var server = new RedisServer(settings);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it (again) on the same port and data and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        Directory.CreateDirectory(Data);
        var settings = new Dictionary<string, string>
        {
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["bind"] = "127.0.0.1",
            ["dir"] = Data,
            ["save"] = "\"\"",
            ["appendonly"] = "yes",
            ["appendfsync"] = "always",
            ["no-appendfsync-on-rewrite"] = "no",
            ["maxmemory-policy"] = "noeviction",
        };
        foreach (var (name, value) in _settings)
        {
            settings[name] = value;
        }

        var file = Path.Combine(_folder.Path, "redis.conf");
        await File.WriteAllLinesAsync(file, settings.Select(s => $"{s.Key} {s.Value}"));
        _process = ChildProcess.Start([Executables.Find("redis-server") ?? throw new InvalidOperationException(Executables.Missing), file], _log);
        var started = Stopwatch.GetTimestamp();
        while (!await AnswersAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > Limit)
            {
                throw new InvalidOperationException($"Redis did not start.\n{Log}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(10), TimeProvider.System);
        }
    }

    /// <summary>Ends it without a warning.</summary>
    public Task KillAsync() => EndAsync(Signal.Kill);

    /// <summary>Asks it to stop and waits until it has.</summary>
    public Task StopAsync() => EndAsync(Signal.Terminate);

    /// <summary>Stops it in its tracks: connections stay open, nothing answers.</summary>
    public void Freeze() => Current.Send(Signal.Stop);

    /// <summary>Lets it go on.</summary>
    public void Thaw() => Current.Send(Signal.Continue);

    /// <summary>Sends a command over a connection of its own and returns the answer: a string, a long, null, or a list of these.</summary>
    /// <exception cref="RespException">The answer is an error.</exception>
    public async Task<object?> CommandAsync(params string[] command)
    {
        using var limit = new CancellationTokenSource(Limit, TimeProvider.System);
        using var connection = await RespConnection.ConnectAsync(Port, limit.Token);
        return await connection.CommandAsync(command, limit.Token);
    }

    /// <summary>Copies its data aside as it is at this moment; it may run.</summary>
    /// <returns>The copy, for <see cref="PutBackAsync"/>.</returns>
    public async Task<string> CopyAsideAsync()
    {
        var running = _process is not null;
        if (running)
        {
            // Every write was answered only once it was in the file, so a file that nobody writes to is a good copy.
            Freeze();
        }

        var copy = Path.Combine(_folder.Path, $"copy-{Guid.NewGuid():N}");
        await ChildProcess.RunAsync(["cp", "-a", Data, copy]);
        if (running)
        {
            Thaw();
        }

        return copy;
    }

    /// <summary>Puts a copy in the place of its data; it must not run.</summary>
    public async Task PutBackAsync(string copy)
    {
        if (_process is not null)
        {
            throw new InvalidOperationException("Redis is running.");
        }

        Directory.Delete(Data, recursive: true);
        await ChildProcess.RunAsync(["cp", "-a", copy, Data]);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (_process is not null)
        {
            await KillAsync();
        }

        _folder.Dispose();
    }

    private async Task EndAsync(Signal signal)
    {
        var process = Current;
        process.Send(signal);
        await process.WaitAsync(Limit);
        _process = null;
        process.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            return await CommandAsync("PING") is "PONG";
        }
        catch (Exception e) when (e is SocketException or IOException or RespException)
        {
            return false; // Not there yet, or still loading.
        }
    }
}
