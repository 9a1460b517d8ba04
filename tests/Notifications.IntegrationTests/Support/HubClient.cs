using System.Buffers;
using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;

namespace Notifications.IntegrationTests.Support;

/// <summary>How a client connects.</summary>
public sealed record HubOptions
{
    /// <summary>The user's token; none is sent where it is null.</summary>
    public string? Token { get; init; }

    /// <summary><c>?device=</c></summary>
    public string? Device { get; init; }

    /// <summary><c>?after=</c>, a <c>rev</c> or <c>manual</c>.</summary>
    public string? After { get; init; }

    /// <summary><c>?epoch=</c></summary>
    public long? Epoch { get; init; }

    /// <summary><c>?id=</c>, the connection token of a negotiation.</summary>
    public string? Negotiated { get; init; }

    /// <summary>The <c>Origin</c> header, as a browser sends it.</summary>
    public string? Origin { get; init; }

    /// <summary>Sees each message before the next one is read.</summary>
    public Action<HubClient, HubMessage>? OnMessage { get; init; }

    /// <summary>False drops messages after <see cref="OnMessage"/> instead of keeping them in <see cref="HubClient.Received"/>.</summary>
    public bool Keep { get; init; } = true;

    /// <summary>How long to wait for a sign of life of the server before the connection is given up; for ever where it is null.</summary>
    public TimeSpan? ServerTimeout { get; init; }

    /// <summary>A small receive buffer makes a client that stops reading felt sooner.</summary>
    public int? ReceiveBufferBytes { get; init; }
}

/// <summary>The hub refused the connection.</summary>
public sealed class HubRefusedException(HttpStatusCode status, Exception inner) : Exception($"The hub refused: {(int)status}", inner)
{
    /// <summary>HTTP status of the answer; 0 where there was none.</summary>
    public HttpStatusCode Status { get; } = status;
}

/// <summary>The connection ended while something was waited for, or before something could be sent.</summary>
public sealed class HubClosedException(string message) : Exception(message);

/// <summary>An invocation was answered with an error.</summary>
public sealed class HubInvocationException(string message) : Exception(message);

/// <summary>
/// A client of the hub that speaks the protocol by hand (SignalR's JSON protocol over a WebSocket), so that a test sees every message that
/// was sent, in its order, and can do what no client library would.
/// </summary>
public sealed class HubClient : IAsyncDisposable
{
    private const byte Separator = 0x1e;
    private static readonly TimeSpan PingPeriod = TimeSpan.FromSeconds(10);

    private readonly ClientWebSocket _socket;
    private readonly HubOptions _options;
    private readonly SemaphoreSlim _sending = new(1);
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonElement>> _invocations = [];
    private readonly List<HubMessage> _received = [];
    private readonly CancellationTokenSource _ended = new();
    private readonly ArrayBufferWriter<byte> _unread = new(1024);
    private TaskCompletionSource _changed = NewSource();
    private TaskCompletionSource? _paused;
    private Task _reading = Task.CompletedTask;
    private Task _pinging = Task.CompletedTask;
    private int _lastInvocation;
    private int _waiting;

    private HubClient(ClientWebSocket socket, HubOptions options)
    {
        _socket = socket;
        _options = options;
    }

    /// <summary>What was received so far, in order.</summary>
    public IReadOnlyList<HubMessage> Received
    {
        get
        {
            lock (_received)
            {
                return [.. _received];
            }
        }
    }

    /// <summary>The notifications received so far, in order.</summary>
    public IReadOnlyList<Item> Notifications => [.. Received.OfType<Notification>().Select(n => n.Item)];

    /// <summary>Completes when the connection has ended, by whomever.</summary>
    public Task Closed => _reading;

    /// <summary>The highest <c>rev</c> received so far, or 0.</summary>
    public long HighestRev { get; private set; }

    /// <summary>The address of the hub.</summary>
    public static Uri Address(Uri server, HubOptions options)
    {
        var query = string.Join('&', new[]
        {
            ("id", options.Negotiated), ("access_token", options.Token), ("device", options.Device), ("after", options.After), ("epoch", options.Epoch?.ToString(CultureInfo.InvariantCulture)),
        }.Where(p => p.Item2 is not null).Select(p => $"{p.Item1}={Uri.EscapeDataString(p.Item2!)}"));
        return new UriBuilder(server) { Scheme = "ws", Path = "/hubs/notifications", Query = query }.Uri;
    }

    /// <summary>Connects and completes the handshake.</summary>
    /// <exception cref="HubRefusedException">The server said no, or does not answer.</exception>
    public static async Task<HubClient> ConnectAsync(Uri server, HubOptions options)
    {
        var client = new HubClient(await OpenAsync(server, options), options);
        try
        {
            await client.SendAsync("""{"protocol":"json","version":1}""");
            await client.ReadHandshakeAsync();
        }
        catch (Exception e)
        {
            client._socket.Dispose();
            throw e is WebSocketException or HubClosedException ? new HubRefusedException(0, e) : e;
        }

        client._reading = client.ReadAsync();
        client._pinging = client.PingAsync();
        return client;
    }

    /// <summary>Connects with a token and nothing else.</summary>
    public static Task<HubClient> ConnectAsync(Uri server, string token, string? after = null, string? device = null) =>
        ConnectAsync(server, new HubOptions { Token = token, After = after, Device = device });

    /// <summary>The WebSocket alone, before any handshake.</summary>
    public static async Task<ClientWebSocket> OpenAsync(Uri server, HubOptions options)
    {
        var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        if (options.Origin is not null)
        {
            socket.Options.SetRequestHeader("Origin", options.Origin);
        }

        using var handler = new SocketsHttpHandler { UseProxy = false };
        if (options.ReceiveBufferBytes is { } bytes)
        {
            handler.ConnectCallback = async (context, cancellationToken) =>
            {
                var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = bytes, NoDelay = true };
                await tcp.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(tcp, ownsSocket: true);
            };
        }

        using var invoker = new HttpMessageInvoker(handler, disposeHandler: false);
        using var limit = new CancellationTokenSource(Until.Limit, TimeProvider.System);
        try
        {
            await socket.ConnectAsync(Address(server, options), invoker, limit.Token);
            return socket;
        }
        catch (WebSocketException e)
        {
            var status = socket.HttpStatusCode;
            socket.Dispose();
            throw new HubRefusedException(status, e);
        }
    }

    /// <summary><c>Resume({after, epoch})</c></summary>
    public Task<JsonElement> ResumeAsync(long after, long? epoch = null) =>
        InvokeAsync("Resume", epoch is null ? new { after } : new { after, epoch });

    /// <summary><c>Ack(rev)</c>; completes when the server has taken it.</summary>
    public Task<JsonElement> AckAsync(long rev) => InvokeAsync("Ack", rev);

    /// <summary><c>Ack(rev)</c> without asking for an answer.</summary>
    public Task PostAckAsync(long rev) =>
        SendAsync(JsonSerializer.Serialize(new { type = 1, target = "Ack", arguments = new object[] { rev } }));

    /// <summary><c>Update(ids, change)</c></summary>
    public Task<JsonElement> UpdateAsync(IReadOnlyList<string> ids, object change) => InvokeAsync("Update", ids, change);

    /// <summary>Invokes a method of the hub and waits for its answer.</summary>
    /// <exception cref="HubInvocationException">It answered with an error.</exception>
    /// <exception cref="HubClosedException">The connection ended first.</exception>
    public async Task<JsonElement> InvokeAsync(string method, params object[] arguments)
    {
        var id = Interlocked.Increment(ref _lastInvocation).ToString(CultureInfo.InvariantCulture);
        var answer = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        _invocations[id] = answer;
        await SendAsync(JsonSerializer.Serialize(new { type = 1, invocationId = id, target = method, arguments }));
        if (_ended.IsCancellationRequested)
        {
            throw new HubClosedException($"The connection ended before {method} was answered.");
        }

        return await answer.Task.WaitAsync(Until.Limit, TimeProvider.System);
    }

    /// <summary>Sends one frame: a message as text, to which the separator is added.</summary>
    public async Task SendAsync(string message, bool separator = true)
    {
        await _sending.WaitAsync();
        try
        {
            await _socket.SendAsync(
                Encoding.UTF8.GetBytes(separator ? message + (char)Separator : message), WebSocketMessageType.Text, endOfMessage: true, default);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException or InvalidOperationException)
        {
            throw new HubClosedException($"The connection ended before a message was sent: {e.Message}");
        }
        finally
        {
            _sending.Release();
        }
    }

    /// <summary>Waits until what was received satisfies a condition.</summary>
    /// <param name="what">What is waited for, for the message of the failure.</param>
    /// <param name="condition">Gets all messages so far, in order.</param>
    /// <exception cref="HubClosedException">The connection ended first.</exception>
    /// <exception cref="TimeoutException">It never was.</exception>
    public async Task WaitForAsync(string what, Func<IReadOnlyList<HubMessage>, bool> condition)
    {
        Interlocked.Increment(ref _waiting);
        try
        {
            while (true)
            {
                var changed = Volatile.Read(ref _changed).Task;
                if (condition(Received))
                {
                    return;
                }

                if (_reading.IsCompleted)
                {
                    await _reading;
                    throw new HubClosedException($"The connection ended while waiting for: {what}. {Describe()}");
                }

                await Task.WhenAny(changed, _reading).WaitAsync(Until.Limit, TimeProvider.System);
            }
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"Waited in vain for: {what}. {Describe()}");
        }
        finally
        {
            Interlocked.Decrement(ref _waiting);
        }
    }

    /// <summary>Waits for the first message of a kind that satisfies a condition.</summary>
    public async Task<T> WaitForAsync<T>(Func<T, bool>? condition = null)
        where T : HubMessage
    {
        condition ??= _ => true;
        await WaitForAsync(typeof(T).Name, all => all.OfType<T>().Any(condition));
        return Received.OfType<T>().First(condition);
    }

    /// <summary>Waits until this many notifications have come, and returns them.</summary>
    public async Task<IReadOnlyList<Item>> WaitForNotificationsAsync(int count)
    {
        await WaitForAsync($"{count} notifications", all => all.Count(m => m is Notification) >= count);
        return Notifications;
    }

    /// <summary>Reads nothing any more until <see cref="ContinueReading"/>.</summary>
    public void StopReading() => Volatile.Write(ref _paused, NewSource());

    /// <summary>Reads on.</summary>
    public void ContinueReading() => Interlocked.Exchange(ref _paused, null)?.SetResult();

    /// <summary>Loses the connection without a word, as a phone in a tunnel does.</summary>
    public async Task DropAsync()
    {
        _socket.Abort();
        ContinueReading();
        await _reading;
    }

    /// <summary>Closes the connection as a well-behaved client does.</summary>
    public async Task CloseAsync()
    {
        await _sending.WaitAsync();
        try
        {
            using var limit = new CancellationTokenSource(Until.Limit, TimeProvider.System);
            await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, limit.Token);
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or InvalidOperationException)
        {
            _socket.Abort();
        }
        finally
        {
            _sending.Release();
        }

        ContinueReading();
        await _reading.WaitAsync(Until.Limit, TimeProvider.System);
    }

    /// <summary>Waits until the server has ended the connection.</summary>
    public async Task WaitForCloseAsync()
    {
        try
        {
            await _reading.WaitAsync(Until.Limit, TimeProvider.System);
        }
        catch (TimeoutException)
        {
            throw new TimeoutException($"The connection should have been closed. {Describe()}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DropAsync();
        await _pinging;
        _socket.Dispose();
        _ended.Dispose();
        _sending.Dispose();
    }

    /// <summary>The last messages, for the message of a failure.</summary>
    public string Describe()
    {
        var received = Received;
        return $"Received {received.Count} messages, the last: {string.Join(" | ", received.TakeLast(5))}; close status {_socket.CloseStatus}";
    }

    private static TaskCompletionSource NewSource() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private async Task ReadHandshakeAsync()
    {
        using var limit = new CancellationTokenSource(Until.Limit, TimeProvider.System);
        while (true)
        {
            if (!await ReceiveAsync(limit.Token))
            {
                throw new HubClosedException("The server closed the connection instead of answering the handshake.");
            }

            var end = _unread.WrittenSpan.IndexOf(Separator);
            if (end >= 0)
            {
                var answer = JsonElement.Parse(_unread.WrittenSpan[..end]);
                if (answer.TryGetProperty("error", out var error))
                {
                    throw new HubClosedException($"The handshake failed: {error.GetString()}");
                }

                Drop(end + 1);
                return;
            }
        }
    }

    private async Task ReadAsync()
    {
        await Task.Yield();
        try
        {
            do
            {
                TakeMessages();
                if (Volatile.Read(ref _paused) is { } paused)
                {
                    await paused.Task;
                }
            }
            while (await ReceiveInTimeAsync());

            if (_socket.State == WebSocketState.CloseReceived)
            {
                await _socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, null, CancellationToken.None);
            }
        }
        catch (Exception e) when (e is WebSocketException or ObjectDisposedException or OperationCanceledException or HubClosedException)
        {
            // Lost, which is what Closed says.
        }
        finally
        {
            await _ended.CancelAsync();
            foreach (var invocation in _invocations.Values)
            {
                invocation.TrySetException(new HubClosedException("The connection ended before the invocation was answered."));
            }
        }
    }

    private async ValueTask<bool> ReceiveInTimeAsync()
    {
        if (_options.ServerTimeout is not { } timeout)
        {
            return await ReceiveAsync(CancellationToken.None);
        }

        using var limit = new CancellationTokenSource(timeout, TimeProvider.System);
        return await ReceiveAsync(limit.Token);
    }

    private async ValueTask<bool> ReceiveAsync(CancellationToken cancellationToken)
    {
        var result = await _socket.ReceiveAsync(_unread.GetMemory(4096), cancellationToken);
        if (result.MessageType == WebSocketMessageType.Close)
        {
            return false;
        }

        _unread.Advance(result.Count);
        return true;
    }

    private void TakeMessages()
    {
        int end;
        var start = 0;
        while ((end = _unread.WrittenSpan[start..].IndexOf(Separator)) >= 0)
        {
            Take(_unread.WrittenSpan.Slice(start, end));
            start += end + 1;
        }

        if (start > 0)
        {
            Drop(start);
            if (Volatile.Read(ref _waiting) > 0)
            {
                Interlocked.Exchange(ref _changed, NewSource()).SetResult();
            }
        }
    }

    private void Take(ReadOnlySpan<byte> text)
    {
        var json = JsonElement.Parse(text);
        switch (json.GetProperty("type").GetInt32())
        {
            case 1:
                Take(Read(json.GetProperty("target").GetString()!, json.GetProperty("arguments")));
                break;
            case 3:
                if (_invocations.TryRemove(json.GetProperty("invocationId").GetString()!, out var invocation))
                {
                    if (json.TryGetProperty("error", out var error))
                    {
                        invocation.SetException(new HubInvocationException(error.GetString()!));
                    }
                    else
                    {
                        invocation.SetResult(json.TryGetProperty("result", out var result) ? result : default);
                    }
                }

                break;
            case 6:
                break;
            case 7:
                Take(new ProtocolClose(
                    json.TryGetProperty("error", out var reason) ? reason.GetString() : null,
                    json.TryGetProperty("allowReconnect", out var allow) && allow.GetBoolean()));
                break;
            default:
                throw new InvalidOperationException($"Unexpected message: {json}");
        }
    }

    private void Take(HubMessage message)
    {
        HighestRev = message switch
        {
            Notification n => Math.Max(HighestRev, n.Item.Rev),
            Updated u => Math.Max(HighestRev, u.Items.Max(i => i.Rev)),
            _ => HighestRev,
        };
        _options.OnMessage?.Invoke(this, message);
        if (_options.Keep)
        {
            lock (_received)
            {
                _received.Add(message);
            }
        }
    }

    private static HubMessage Read(string target, JsonElement arguments)
    {
        var first = arguments.GetArrayLength() > 0 ? arguments[0] : default;
        return target switch
        {
            "notification" => new Notification(Item.Read(first), Counts.Read(arguments[1])),
            "updated" => new Updated([.. first.EnumerateArray().Select(Item.Read)], Counts.Read(arguments[1])),
            "counts" => new CountsChanged(Counts.Read(first)),
            "resumed" => new Resumed(
                first.GetProperty("epoch").GetInt64(), first.GetProperty("head").GetInt64(), first.GetProperty("recovered").GetBoolean(),
                Counts.Read(first.GetProperty("counts"))),
            "reset" => new Reset(first.GetProperty("epoch").GetInt64(), first.GetProperty("head").GetInt64(), Counts.Read(first.GetProperty("counts"))),
            "closing" => new Closing(
                first.GetProperty("code").GetString()!, first.GetProperty("message").GetString()!, first.GetProperty("reconnect").GetBoolean()),
            _ => throw new InvalidOperationException($"The hub called {target}, which it should not have."),
        };
    }

    private void Drop(int bytes)
    {
        var rest = _unread.WrittenSpan[bytes..].ToArray();
        _unread.ResetWrittenCount();
        _unread.Write(rest);
    }

    private async Task PingAsync()
    {
        using var timer = new PeriodicTimer(PingPeriod, TimeProvider.System);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                await SendAsync("""{"type":6}""");
            }
        }
        catch (Exception e) when (e is OperationCanceledException or HubClosedException)
        {
        }
    }
}
