using System.Diagnostics;
using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>No loss, no repeat, no disorder, while everything that can go away goes away.</summary>
public sealed class KilledServerTests(ITestOutputHelper output)
{
    private const int Users = 20;
    private const int Events = 20_000;
    private const int Kills = 5;
    private const int SingleLines = 24;
    private const int BatchLines = 4;

    [Fact]
    public async Task Nothing_is_lost_repeated_or_out_of_order_while_the_server_is_killed_five_times()
    {
        var seed = int.TryParse(Environment.GetEnvironmentVariable("NOTIFICATIONS_TEST_SEED"), out var given) ? given : Random.Shared.Next();
        output.WriteLine($"NOTIFICATIONS_TEST_SEED={seed}");
        var random = new Random(seed);
        await using var server = await ServerProcess.StartAsync();
        var users = Enumerable.Range(0, Users)
            .Select(i => new TestUser(server, $"u{i}", (ClientKind)(i % 3), random.Next()) { Diligence = i % 2 == 0 ? 0 : 0.3 })
            .ToList();
        string[] team = ["u0", "u1", "u2", "u3", "u4"];
        foreach (var member in team)
        {
            await server.Api.SubscribeAsync("team", member);
        }

        var tokens = await Task.WhenAll(users.Select(u => server.Api.TokenAsync(u.Name)));
        var started = Stopwatch.GetTimestamp();

        // Everything at once: users come and go, producers send, the server is killed.
        var visits = users.Zip(tokens, (user, token) => user.ComeAndGoAsync(token)).ToList();
        using var api = new Api(server.Address, ServerProcess.DevelopmentKey, connections: SingleLines + BatchLines);
        var producer = new Producer(api);
        var lines = Lines(random, team);
        var sending = Task.WhenAll(lines.Select((line, i) =>
            Task.Run(() => i < SingleLines ? producer.SendAsync(line) : producer.SendBatchesAsync(line, 50))));
        for (var kill = 1; kill <= Kills; kill++)
        {
            var threshold = (Events * kill / (Kills + 1)) + random.Next(-300, 300);
            await Until.TrueAsync(
                $"{threshold} accepted events", () => Task.FromResult(producer.Count >= threshold || sending.IsCompleted), TimeSpan.FromMinutes(3));
            await server.KillAndRestartAsync();
        }

        await sending;
        var sent = Stopwatch.GetElapsedTime(started);
        foreach (var user in users)
        {
            user.Stay();
        }

        await Task.WhenAll(visits);

        // What each user should have, and has.
        var faults = new List<string>();
        var expected = users.ToDictionary(u => u.Name, _ => new HashSet<string>());
        foreach (var (eventId, recipients) in producer.Accepted.Values)
        {
            foreach (var recipient in recipients)
            {
                if (!expected[recipient].Add(eventId))
                {
                    faults.Add($"{eventId} was the answer for two events to {recipient}");
                }
            }
        }

        await Task.WhenAll(users.Select(async user =>
        {
            try
            {
                await Until.TrueAsync("all shown", () => Task.FromResult(user.Known >= expected[user.Name].Count));
            }
            catch (TimeoutException)
            {
                // What is missing is said below.
            }
        }));
        foreach (var (user, token) in users.Zip(tokens))
        {
            using var me = server.Api.As(token);
            var due = expected[user.Name];
            await user.LeaveAsync();
            var (list, sync) = await QuietAsync(me);
            var log = list.Items.OrderBy(i => i.Seq).ToList();
            Assert.True(due.SetEquals(log.Select(i => i.EventId)) && log.Count == due.Count, $"{user.Name}: {due.Count} accepted, {log.Count} in the inbox");
            Assert.Equal(log.Select(i => (i.Id, i.Rev)), sync.Items.GroupBy(i => i.Seq).OrderBy(i => i.Key).Select(i => (i.Last().Id, i.Last().Rev)));
            Assert.Equal(Counts.Of(log), list.Counts);
            Assert.Equal(list.Counts, sync.Counts);
            Assert.True(sync.Head >= log[^1].Seq);
            faults.AddRange(user.Faults);
            faults.AddRange(user.Compare(log));
            faults.AddRange(OutgoingEvent.OutOfLine(user.Name, log, line => int.Parse(line[4..]) % 2 == 0));
        }

        output.WriteLine(
            $"{producer.Count} events accepted in {sent.TotalSeconds:0.0} s with {Kills} kills; {producer.Retries} requests sent again, " +
            $"{producer.Duplicates} of their events known before; {users.Sum(u => u.Sessions.Count)} connections, " +
            $"{users.Sum(u => u.Refused)} refused, showed {users.Sum(u => u.Sessions.Sum(s => s.Shown.Count))} notifications " +
            $"of {expected.Values.Sum(e => e.Count)}");
        output.WriteLine(server.Log[^Math.Min(server.Log.Length, 4_000)..]);
        Assert.True(faults.Count == 0, $"seed {seed}, {faults.Count} faults:\n" + string.Join('\n', faults.Take(40)));
        Assert.Equal(Events, producer.Count);
    }

    /// <summary>The inbox and the log as of the same moment: changes that a user made before leaving may still be on their way.</summary>
    private static async Task<(InboxList List, SyncResult Sync)> QuietAsync(Api me)
    {
        var before = await me.SyncAsync();
        while (true)
        {
            var list = await me.InboxAsync();
            var after = await me.SyncAsync();
            if (after.Head == before.Head)
            {
                return (list, after);
            }

            before = after;
        }
    }

    private static List<List<OutgoingEvent>> Lines(Random random, string[] team)
    {
        var lines = new List<List<OutgoingEvent>>();
        for (var line = 0; line < SingleLines + BatchLines; line++)
        {
            // Half are sent one by one, half in batches; every other line asks for its order over all its recipients.
            var count = line < SingleLines ? Events / 2 / SingleLines : Events / 2 / BatchLines;
            lines.Add([.. Enumerable.Range(0, count).Select(number => Event(random, team, $"line{line}", number, ordered: line % 2 == 0))]);
        }

        var missing = Events - lines.Sum(l => l.Count);
        lines[0].AddRange([.. Enumerable.Range(lines[0].Count, missing).Select(number => Event(random, team, "line0", number, ordered: true))]);
        return lines;
    }

    private static OutgoingEvent Event(Random random, string[] team, string line, int number, bool ordered)
    {
        var user = $"u{random.Next(Users)}";
        var other = $"u{random.Next(Users)}";
        var (to, users) = random.Next(50) switch
        {
            0 => (["topic:team"], team),
            < 5 when other != user => (["user:" + user, "user:" + other], [user, other]),
            5 when !team.Contains(user) => (["user:" + user, "topic:team"], (string[])[user, .. team]),
            _ => (new[] { "user:" + user }, new[] { user }),
        };
        return new OutgoingEvent($"{line}-{number}", to, users, line, number, ordered);
    }
}
