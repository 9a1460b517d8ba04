using System.Collections.Concurrent;
using System.Diagnostics;

namespace Notifications.IntegrationTests.Support;

/// <summary>A process that does not outlive this one, however this one ends. It keeps the last lines that it wrote.</summary>
public sealed class ChildProcess : IDisposable
{
    private static readonly string? SetPriv = Executables.Find("setpriv");
    private static readonly ConcurrentDictionary<Process, bool> Running = [];
    private static readonly BlockingCollection<Action> Launches = [];

    private readonly Process _process;
    private readonly OutputLog _log;

    static ChildProcess()
    {
        AppDomain.CurrentDomain.ProcessExit += (_, _) =>
        {
            foreach (var process in Running.Keys)
            {
                process.Kill(entireProcessTree: true);
            }
        };

        // The kernel kills a child when the thread that made it ends, so that thread stays as long as the process.
        new Thread(() =>
        {
            foreach (var launch in Launches.GetConsumingEnumerable())
            {
                launch();
            }
        })
        { IsBackground = true, Name = "launcher" }.Start();
    }

    private ChildProcess(Process process, OutputLog log)
    {
        _process = process;
        _log = log;
    }

    /// <summary>Its process id.</summary>
    public int Id => _process.Id;

    /// <summary>Whether it has ended.</summary>
    public bool HasExited => _process.HasExited;

    /// <summary>Its exit code, once it has ended.</summary>
    public int ExitCode => _process.ExitCode;

    /// <summary>Resident memory, in bytes.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.WorkingSet64;
        }
    }

    /// <summary>Processor time it has used since its start.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Starts a process.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="log">Where the lines go that it writes.</param>
    /// <param name="prepare">Sets its working directory and environment.</param>
    /// <param name="user">The user it runs as, where this process is root; the same user otherwise.</param>
    public static ChildProcess Start(
        IReadOnlyList<string> command, OutputLog log, Action<ProcessStartInfo>? prepare = null, string? user = null)
    {
        IEnumerable<string> all = command;
        if (SetPriv is not null)
        {
            string[] identity = user is null ? [] : [$"--reuid={user}", $"--regid={user}", "--clear-groups"];
            all = [SetPriv, "--pdeathsig", "KILL", .. identity, "--", .. command];
        }
        else if (user is not null)
        {
            all = ["runuser", "-u", user, "--", .. command];
        }

        var start = new ProcessStartInfo(all.First(), all.Skip(1))
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        prepare?.Invoke(start);
        var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => log.Add(line.Data);
        process.ErrorDataReceived += (_, line) => log.Add(line.Data);
        var launched = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Launches.Add(() =>
        {
            try
            {
                process.Start();
                launched.SetResult();
            }
            catch (Exception e)
            {
                launched.SetException(e);
            }
        });
        launched.Task.GetAwaiter().GetResult();
        Running[process] = true;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        return new ChildProcess(process, log);
    }

    /// <summary>Runs a program to its end.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message has what it wrote.</exception>
    public static async Task RunAsync(IReadOnlyList<string> command, string? user = null, Action<ProcessStartInfo>? prepare = null)
    {
        var log = new OutputLog();
        using var child = Start(command, log, prepare, user);
        var code = await child.WaitAsync(TimeSpan.FromMinutes(2));
        if (code != 0)
        {
            throw new InvalidOperationException($"{string.Join(' ', command)} ended with exit code {code}.\n{log}");
        }
    }

    /// <summary>Sends it a signal.</summary>
    public void Send(Signal signal)
    {
        if (!_process.HasExited)
        {
            Signals.Send(_process.Id, signal);
        }
    }

    /// <summary>Waits until it has ended and all it wrote was read.</summary>
    /// <returns>Its exit code.</returns>
    /// <exception cref="TimeoutException">It runs on; the message has the last lines it wrote.</exception>
    public async Task<int> WaitAsync(TimeSpan limit)
    {
        try
        {
            await _process.WaitForExitAsync().WaitAsync(limit, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"{_process.StartInfo.FileName} did not end.\n{_log}");
        }

        return _process.ExitCode;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Running.TryRemove(_process, out _);
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.Dispose();
    }
}

/// <summary>The last lines of a process, and of those that ran in its place before it.</summary>
public sealed class OutputLog
{
    private const int Kept = 2_000;
    private readonly Queue<string> _lines = [];

    /// <summary>Every line that contains a text, of those that are kept.</summary>
    public IReadOnlyList<string> Containing(string text)
    {
        lock (_lines)
        {
            return [.. _lines.Where(l => l.Contains(text, StringComparison.Ordinal))];
        }
    }

    /// <inheritdoc/>
    public override string ToString()
    {
        lock (_lines)
        {
            return string.Join('\n', _lines);
        }
    }

    /// <summary>Adds a line; null is none.</summary>
    public void Add(string? line)
    {
        if (line is null)
        {
            return;
        }

        lock (_lines)
        {
            _lines.Enqueue(line);
            if (_lines.Count > Kept)
            {
                _lines.Dequeue();
            }
        }
    }
}
