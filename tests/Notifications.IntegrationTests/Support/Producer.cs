using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Notifications.IntegrationTests.Support;

/// <summary>
/// A producer that does what the README tells producers to: it gives each event an id, and sends it again until it is accepted. Where there
/// are several processes that take events, each request goes to the next.
/// </summary>
public sealed class Producer(params IReadOnlyList<Api> apis)
{
    private int _at;
    private int _accepted;
    private int _retries;
    private int _duplicates;
    private int _refusals;
    private int _deliveries;
    private int _silences;

    /// <summary>The ids of the accepted events, by the producer's id, with their recipients and the name of the line they were sent in.</summary>
    public ConcurrentDictionary<string, (string EventId, string[] Users)> Accepted { get; } = [];

    /// <summary>How many were accepted so far.</summary>
    public int Count => Volatile.Read(ref _accepted);

    /// <summary>How many notifications the accepted events come to: one for each of their recipients.</summary>
    public int Deliveries => Volatile.Read(ref _deliveries);

    /// <summary>How many requests were sent again.</summary>
    public int Retries => _retries;

    /// <summary>How many events turned out to have been accepted before, by a request whose answer was lost.</summary>
    public int Duplicates => _duplicates;

    /// <summary>How many requests were refused for the moment.</summary>
    public int Refusals => _refusals;

    /// <summary>How many requests got no answer, as long as the caller was willing to wait.</summary>
    public int Silences => _silences;

    /// <summary>Sends events one by one, each when the one before is accepted.</summary>
    public async Task SendAsync(IEnumerable<OutgoingEvent> events)
    {
        foreach (var @event in events)
        {
            var answer = await SendUntilAnsweredAsync("/v1/events", @event.ToJson());
            Take(@event, answer.Expect(202).Json);
        }
    }

    /// <summary>Sends events in batches, each when the one before is accepted.</summary>
    public async Task SendBatchesAsync(IEnumerable<OutgoingEvent> events, int size)
    {
        foreach (var batch in events.Chunk(size))
        {
            var rest = batch;
            while (rest.Length > 0)
            {
                var answer = await SendUntilAnsweredAsync("/v1/events/batch", $"[{string.Join(',', rest.Select(e => e.ToJson()))}]");
                var again = new List<OutgoingEvent>();
                foreach (var result in answer.Expect(202).Json.GetProperty("results").EnumerateArray())
                {
                    var @event = rest[result.GetProperty("index").GetInt32()];
                    if (result.TryGetProperty("problem", out var problem) && problem.ValueKind == JsonValueKind.Object)
                    {
                        if (problem.GetProperty("status").GetInt32() != 503)
                        {
                            throw new InvalidOperationException($"{@event} was refused: {problem}");
                        }

                        again.Add(@event);
                    }
                    else
                    {
                        Take(@event, result);
                    }
                }

                rest = [.. again];
            }
        }
    }

    private void Take(OutgoingEvent @event, JsonElement result)
    {
        if (!Accepted.TryAdd(@event.Id, (result.GetProperty("id").GetString()!, @event.Users)))
        {
            throw new InvalidOperationException($"{@event} was accepted twice.");
        }

        if (result.TryGetProperty("duplicate", out var duplicate) && duplicate.GetBoolean())
        {
            Interlocked.Increment(ref _duplicates);
        }

        Interlocked.Add(ref _deliveries, @event.Users.Length);
        Interlocked.Increment(ref _accepted);
    }

    private async Task<Answer> SendUntilAnsweredAsync(string path, string body)
    {
        for (var at = Interlocked.Increment(ref _at); ; at++)
        {
            try
            {
                var answer = await apis[(int)((uint)at % apis.Count)].SendTextAsync(HttpMethod.Post, path, body);
                if (answer.Status is not (503 or 409))
                {
                    return answer;
                }

                Interlocked.Increment(ref _refusals);
            }
            catch (HttpRequestException)
            {
                // Down, or gone before it answered: whether the event was accepted is not known.
            }
            catch (TaskCanceledException)
            {
                Interlocked.Increment(ref _silences);
            }

            Interlocked.Increment(ref _retries);
            await Task.Delay(TimeSpan.FromMilliseconds(50), TimeProvider.System);
        }
    }
}

/// <summary>An event to be sent.</summary>
/// <param name="Id">The producer's id.</param>
/// <param name="To">Its recipients, as they are written.</param>
/// <param name="Users">The users who should get it.</param>
/// <param name="Line">Events of one line are sent one after the other.</param>
/// <param name="Number">Its place in the line.</param>
/// <param name="Ordered">Whether the line's name is its ordering key.</param>
public sealed record OutgoingEvent(string Id, string[] To, string[] Users, string Line, int Number, bool Ordered)
{
    /// <summary>When it was sent first, in <see cref="Stopwatch"/> ticks; 0 where nobody wants to know.</summary>
    public long SentAt { get; init; }

    /// <summary>What of an inbox is not in the order in which its line was sent.</summary>
    /// <param name="user">Whose inbox it is.</param>
    /// <param name="log">By <c>seq</c>.</param>
    /// <param name="isOrdered">Whether a line has an order.</param>
    public static IEnumerable<string> OutOfLine(string user, IEnumerable<Item> log, Func<string, bool> isOrdered)
    {
        var last = new Dictionary<string, int>();
        foreach (var item in log)
        {
            var data = item.Json.GetProperty("data");
            var line = data.GetProperty("line").GetString()!;
            var number = data.GetProperty("number").GetInt32();
            if (isOrdered(line))
            {
                if (last.TryGetValue(line, out var before) && before >= number)
                {
                    yield return $"{user}: {line} {number} came after {before}";
                }

                last[line] = number;
            }
        }
    }

    /// <summary>The body of the request.</summary>
    public string ToJson()
    {
        var @event = new Dictionary<string, object>
        {
            ["id"] = Id,
            ["type"] = "test.event",
            ["to"] = To,
            ["title"] = string.Create(CultureInfo.InvariantCulture, $"{Line} {Number}"),
            ["data"] = new { line = Line, number = Number, sentAt = SentAt },
        };
        if (Ordered)
        {
            @event["orderingKey"] = Line;
        }

        return JsonSerializer.Serialize(@event);
    }
}
