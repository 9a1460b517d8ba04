using System.Diagnostics;
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

    private IReadOnlyList<Poster> _posters = [];
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
        try
        {
            using var posters = new Posters(server, connections);
            var (held, stopping) = (new Queue<Poster>(_posters = posters.All), 0L);
            while (!_enough || _answered < _sent)
            {
                for (var i = held.Count; i > 0 && !_enough; i--)
                {
                    Send(held.Dequeue());
                }

                posters.Wait(held.Count > 0 ? 1 : 50, poster =>
                {
                    Volatile.Write(ref _answered, _answered + 1); // Only this thread writes.
                    Send(poster);
                });
                stopping = _enough && stopping == 0 ? Stopwatch.GetTimestamp() : stopping;
                if (stopping > 0 && Stopwatch.GetElapsedTime(stopping) > Patience)
                {
                    throw new TimeoutException($"{_sent - _answered} requests were never answered.");
                }
            }

            ended.SetResult();

            void Send(Poster poster)
            {
                if (_enough)
                {
                    return;
                }

                if (IsTooMuch?.Invoke(_sent) == true)
                {
                    held.Enqueue(poster);
                    return;
                }

                _sent++;
                poster.Send(next(poster.Number, poster.Sent).Bytes.Span);
            }
        }
        catch (Exception e)
        {
            ended.SetException(e);
        }
    }
}
