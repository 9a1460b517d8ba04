using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Notifications.IntegrationTests.Support;

/// <summary>How a PostgreSQL is started.</summary>
public sealed record PostgresOptions
{
    /// <summary>False leaves out what protects data from a crash of the machine, and only that; a killed server loses nothing either way.</summary>
    public bool Fsync { get; init; } = true;

    /// <summary>Settings as in <c>postgresql.conf</c>.</summary>
    public IReadOnlyDictionary<string, string> Settings { get; init; } = new Dictionary<string, string>();

    /// <summary>Where its folder is made; the system's folder for temporary files otherwise.</summary>
    public string? DataRoot { get; init; }
}

/// <summary>A PostgreSQL cluster of its own, on a free port and a temporary folder.</summary>
public sealed class PostgresServer : IAsyncDisposable
{
    private const string Superuser = "postgres";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly Lazy<Task<string>> Template = new(MakeTemplateAsync);

    private readonly PostgresOptions _options;
    private readonly TempFolder _folder;
    private readonly OutputLog _log = new();
    private readonly List<int> _frozen = [];
    private ChildProcess? _process;
    private int _lastDatabase;

    private PostgresServer(PostgresOptions options)
    {
        _options = options;
        _folder = new TempFolder(options.DataRoot);
    }

    /// <summary>Where it listens; stays the same over restarts.</summary>
    public int Port { get; } = Ports.Free();

    /// <summary>The id of its first process, whose children do the work.</summary>
    public int Id => Current.Id;

    /// <summary>The last lines it wrote.</summary>
    public string Log => _log.ToString();

    /// <summary>Whether it runs.</summary>
    public bool IsRunning => _process is { HasExited: false };

    private static string? User => Environment.IsPrivilegedProcess ? Superuser : null;

    private string Data => Path.Combine(_folder.Path, "data");

    private ChildProcess Current => _process ?? throw new InvalidOperationException("PostgreSQL is not running.");

    /// <summary>Starts one and waits until it answers.</summary>
    public static async Task<PostgresServer> StartAsync(PostgresOptions? options = null)
    {
        var server = new PostgresServer(options ?? new PostgresOptions());
        await OwnAsync(server._folder.Path);
        await ChildProcess.RunAsync(["cp", "-a", await Template.Value, server.Data]);
        await server.StartAgainAsync();
        return server;
    }

    /// <summary>Starts it (again) on the same port and data and waits until it answers.</summary>
    public async Task StartAgainAsync()
    {
        var settings = new Dictionary<string, string>
        {
            ["port"] = Port.ToString(CultureInfo.InvariantCulture),
            ["listen_addresses"] = "127.0.0.1",
            ["unix_socket_directories"] = "", // Their paths may be too long.
            ["max_connections"] = "300",
            ["fsync"] = _options.Fsync ? "on" : "off",
            ["full_page_writes"] = _options.Fsync ? "on" : "off",
        };
        foreach (var (name, value) in _options.Settings)
        {
            settings[name] = value;
        }

        _process = ChildProcess.Start([Program("postgres"), "-D", Data, .. settings.SelectMany(s => new[] { "-c", $"{s.Key}={s.Value}" })], _log, null, User);
        var started = Stopwatch.GetTimestamp();
        while (!await AnswersAsync())
        {
            if (_process.HasExited || Stopwatch.GetElapsedTime(started) > Limit)
            {
                throw new InvalidOperationException($"PostgreSQL did not start.\n{Log}");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System);
        }
    }

    /// <summary>Ends all its processes without a warning, as a power cut would.</summary>
    public Task KillAsync() => EndAsync(Signal.Kill);

    /// <summary>Stops it in an orderly way, without waiting for its clients.</summary>
    public Task StopAsync() => EndAsync(Signal.Interrupt);

    /// <summary>Stops all its processes in their tracks: connections stay open, nothing answers.</summary>
    public void Freeze()
    {
        // The parent first, so that it makes no further children.
        Current.Send(Signal.Stop);
        _frozen.AddRange(Signals.Children(Current.Id));
        _frozen.ForEach(child => Signals.Send(child, Signal.Stop));
    }

    /// <summary>Lets them go on.</summary>
    public void Thaw()
    {
        _frozen.ForEach(child => Signals.Send(child, Signal.Continue));
        _frozen.Clear();
        Current.Send(Signal.Continue);
    }

    /// <summary>A connection string for a database of this cluster.</summary>
    /// <param name="database">Its name.</param>
    /// <param name="port">The port of something in between.</param>
    public string ConnectionString(string database, int? port = null) =>
        string.Create(CultureInfo.InvariantCulture, $"Host=127.0.0.1;Port={port ?? Port};Username={Superuser};Database={database}");

    /// <summary>Makes an empty database.</summary>
    /// <returns>A connection string for it.</returns>
    public async Task<string> CreateDatabaseAsync(string? name = null)
    {
        name ??= string.Create(CultureInfo.InvariantCulture, $"test_{Interlocked.Increment(ref _lastDatabase)}");
        await ExecuteAsync(Superuser, $"CREATE DATABASE {name}");
        return ConnectionString(name);
    }

    /// <summary>Deletes a database and ends the sessions in it.</summary>
    public Task DropDatabaseAsync(string name) => ExecuteAsync(Superuser, $"DROP DATABASE {name} WITH (FORCE)");

    /// <summary>Runs a statement in a database.</summary>
    public Task ExecuteAsync(string database, string sql) => RowsAsync(database, sql, _ => 0);

    /// <summary>Runs a query for one number.</summary>
    public async Task<long> NumberAsync(string database, string sql, params object[] parameters) =>
        (await RowsAsync(database, sql, r => r.GetInt64(0), parameters))[0];

    /// <summary>Runs a query over a connection of its own.</summary>
    public async Task<List<T>> RowsAsync<T>(string database, string sql, Func<NpgsqlDataReader, T> map, params object[] parameters)
    {
        await using var connection = new NpgsqlConnection(ConnectionString(database) + ";Pooling=false");
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        var rows = new List<T>();
        await using var reader = await command.ExecuteReaderAsync();
        while (await reader.ReadAsync())
        {
            rows.Add(map(reader));
        }

        return rows;
    }

    /// <summary>Makes a backup of a database, as an operator would.</summary>
    /// <returns>The file, for <see cref="RestoreAsync"/>.</returns>
    public async Task<string> DumpAsync(string database)
    {
        var file = Path.Combine(_folder.Path, $"dump-{Guid.NewGuid():N}");
        await ClientAsync("pg_dump", "--format=custom", $"--file={file}", database);
        return file;
    }

    /// <summary>Puts a backup in the place of a database, as an operator would.</summary>
    public async Task RestoreAsync(string database, string file)
    {
        await DropDatabaseAsync(database);
        await CreateDatabaseAsync(database);
        await ClientAsync("pg_restore", "--exit-on-error", $"--dbname={database}", file);
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

    private static string Program(string name) => Executables.FindPostgres(name) ?? throw new InvalidOperationException(Executables.Missing);

    private static Task OwnAsync(string folder) => User is null ? Task.CompletedTask : ChildProcess.RunAsync(["chown", User, folder]);

    /// <summary>An empty cluster, made once and copied from then on.</summary>
    private static async Task<string> MakeTemplateAsync()
    {
        var folder = new TempFolder();
        await OwnAsync(folder.Path);
        var data = Path.Combine(folder.Path, "template");

        // A language's order of letters, where this version can: what relies on the order of code points has to say so.
        var log = new OutputLog();
        using var help = ChildProcess.Start([Program("initdb"), "--help"], log, null, User);
        await help.WaitAsync(Limit);
        string[] order = log.Containing("--icu-locale").Count > 0 ? ["--locale-provider=icu", "--icu-locale=en"] : [];
        await ChildProcess.RunAsync(
            [Program("initdb"), "-D", data, "-U", Superuser, "--auth=trust", "--encoding=UTF8", "--locale=C", .. order, "--no-sync", "--no-instructions"],
            User, start => start.WorkingDirectory = folder.Path);
        return data;
    }

    private Task ClientAsync(string program, params string[] arguments) => ChildProcess.RunAsync(
        [Program(program), "-h", "127.0.0.1", "-p", Port.ToString(CultureInfo.InvariantCulture), "-U", Superuser, .. arguments], User);

    private async Task EndAsync(Signal signal)
    {
        var process = Current;
        if (signal == Signal.Kill)
        {
            Freeze();
            _frozen.ForEach(child => Signals.Send(child, Signal.Kill));
            _frozen.Clear();
        }

        process.Send(signal);
        await process.WaitAsync(Limit);
        _process = null;
        process.Dispose();
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            return await NumberAsync(Superuser, "SELECT 1::bigint") == 1;
        }
        catch (NpgsqlException)
        {
            return false; // Not there yet, or still recovering.
        }
    }
}
