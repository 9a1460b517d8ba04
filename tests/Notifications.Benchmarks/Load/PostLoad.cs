using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>
/// Connections of which each sends again when it is answered: as much as whoever answers can take, or as much as arrives where what is under way is
/// bounded. All on one thread, as a swarm is, and as lean.
/// </summary>
/// <param name="server">Where it goes.</param>
/// <param name="connections">How many send.</param>
/// <param name="next">The next request: of a connection, and how many it has sent before. Called on one thread.</param>
internal sealed class PostLoad(Uri server, int connections, Func<int, long, Request> next)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly List<Poster> _posters = [];
    private readonly Queue<Poster> _held = [];
    private long _sent;
    private long _answered;
    private volatile bool _enough;

    /// <summary>Requests answered so far.</summary>
    public long Answered => Interlocked.Read(ref _answered);

    /// <summary>Holds senders back while it says so: asked before each request, with the number of requests that were sent before it.</summary>
    public Func<long, bool>? IsTooMuch { get; init; }

    /// <summary>Measures how many requests are answered each second.</summary>
    /// <returns>Requests each second.</returns>
    public Task<double> MeasureAsync(Turn turn) => MeasureAsync(turn, () => Answered);

    /// <summary>Sends, gets going first, measures how fast something grows, and waits until the last request was answered.</summary>
    /// <param name="turn">Begins and ends with what counts.</param>
    /// <param name="count">What grows.</param>
    /// <returns>How much each second.</returns>
    /// <exception cref="InvalidOperationException">An answer was not 202.</exception>
    public async Task<double> MeasureAsync(Turn turn, Func<long> count)
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        new Thread(() => Run(ended)) { IsBackground = true, Name = "posts" }.Start();
        await Within(ended.Task, Turn.RampUp);
        turn.Begin();
        var (before, began) = (count(), Stopwatch.GetTimestamp());
        await Within(ended.Task, Turn.Length);
        var perSecond = (count() - before) / Stopwatch.GetElapsedTime(began).TotalSeconds;
        turn.End();
        _enough = true;
        await ended.Task;
        return perSecond;
    }

    /// <summary>Waits until the last events, which name themselves in the last answers, are in inboxes.</summary>
    public async Task StoredAsync(Api api)
    {
        foreach (var poster in _posters.Where(p => p.Sent > 0))
        {
            const int IdLength = 36;
            var id = poster.Answer.Substring(poster.Answer.LastIndexOf("evt_", StringComparison.Ordinal), IdLength);
            await Until.TrueAsync("the last events to be stored", async () => (await api.GetAsync($"/v1/events/{id}")).Status == 200, Patience);
        }
    }

    private static async Task Within(Task sending, TimeSpan time)
    {
        if (await Task.WhenAny(sending, Task.Delay(time, TimeProvider.System)) == sending)
        {
            await sending;
        }
    }

    private void Run(TaskCompletionSource ended)
    {
        var (set, events) = (Epoll.Create(), Epoll.Room(256));
        try
        {
            for (var i = 0; i < connections; i++)
            {
                _posters.Add(new Poster(server, i));
                Epoll.Watch(set, _posters[i].Descriptor, i);
                _held.Enqueue(_posters[i]);
            }

            var enoughSince = 0L;
            while (!_enough || _answered < _sent)
            {
                for (var i = _held.Count; i > 0 && !_enough; i--)
                {
                    Send(_held.Dequeue());
                }

                for (var (i, count) = (0, Epoll.Wait(set, events, _held.Count > 0 ? 1 : 50)); i < count; i++)
                {
                    var poster = _posters[Epoll.Number(events, i)];
                    if (poster.IsAnswered())
                    {
                        Volatile.Write(ref _answered, _answered + 1); // Only this thread writes.
                        Send(poster);
                    }
                }

                enoughSince = _enough && enoughSince == 0 ? Stopwatch.GetTimestamp() : enoughSince;
                if (enoughSince > 0 && Stopwatch.GetElapsedTime(enoughSince) > Patience)
                {
                    throw new TimeoutException($"{_sent - _answered} requests were never answered.");
                }
            }

            ended.SetResult();
        }
        catch (Exception e)
        {
            ended.SetException(e);
        }
        finally
        {
            _posters.ForEach(p => p.Dispose());
            Epoll.Close(set);
        }
    }

    private void Send(Poster poster)
    {
        if (_enough)
        {
            return;
        }

        if (IsTooMuch?.Invoke(_sent) == true)
        {
            _held.Enqueue(poster);
            return;
        }

        _sent++;
        poster.Send(next(poster.Number, poster.Sent).Bytes.Span);
    }

    /// <summary>One keep-alive connection; of an answer only the status and the end are looked for.</summary>
    private sealed class Poster : IDisposable
    {
        private readonly Socket _socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, SendBufferSize = 256 * 1024 };
        private byte[] _buffer = new byte[16 * 1024];
        private int _filled;
        private int _length;

        public Poster(Uri server, int number)
        {
            Number = number;
            _socket.Connect(IPAddress.Loopback, server.Port);
            Descriptor = (int)_socket.Handle;
        }

        /// <summary>Which of them it is.</summary>
        public int Number { get; }

        /// <summary>The system's number of its socket.</summary>
        public int Descriptor { get; }

        /// <summary>How many requests it has sent.</summary>
        public long Sent { get; private set; }

        /// <summary>The last answer.</summary>
        public string Answer => Encoding.UTF8.GetString(_buffer, 0, _filled);

        public void Send(ReadOnlySpan<byte> request)
        {
            Sent++;
            (_filled, _length) = (0, 0);
            if (!Epoll.Write(Descriptor, request))
            {
                throw new IOException("The server does not read.");
            }
        }

        /// <summary>Reads what there is.</summary>
        /// <returns>Whether the answer is complete.</returns>
        public bool IsAnswered()
        {
            if (_filled == _buffer.Length)
            {
                Array.Resize(ref _buffer, 2 * _buffer.Length);
            }

            switch (Epoll.Read(Descriptor, _buffer.AsSpan(_filled)))
            {
                case 0: throw new IOException($"The server closed the connection. {Answer}");
                case > 0 and var read: _filled += read; break;
            }

            if ((_length == 0 && !HasLength()) || _filled < _length)
            {
                return false;
            }

            return _buffer.AsSpan().StartsWith("HTTP/1.1 202"u8) ? true : throw new InvalidOperationException(Answer);
        }

        public void Dispose() => _socket.Dispose();

        private bool HasLength()
        {
            var answer = _buffer.AsSpan(0, _filled);
            var head = answer.IndexOf("\r\n\r\n"u8);
            if (head < 0)
            {
                return false;
            }

            var name = "\r\nContent-Length: "u8;
            var at = answer[..head].IndexOf(name);
            if (at >= 0 && Utf8Parser.TryParse(answer[(at + name.Length)..], out int length, out _))
            {
                _length = head + 4 + length;
                return true;
            }

            _length = answer.EndsWith("\r\n0\r\n\r\n"u8) ? _filled : 0; // Chunked.
            return _length > 0;
        }
    }
}
