using System.Text.Json;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>What goes out by mail and webhook while things break: every delivery ends somewhere, and nothing waits for what is broken.</summary>
[NeedsMailServer]
[Collection(FaultTests.Name)]
public sealed class DeliveryFaultTests
{
    private const int Kills = 20;

    [Fact]
    public async Task A_process_that_is_killed_twenty_times_in_mid_send_loses_no_delivery()
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var server = await StartAsync(smtp, receiver);
        (await server.Api.PostAsync("/v1/webhooks", new { url = receiver.Url })).Expect(201);
        var users = Enumerable.Range(0, 10).Select(i => $"u{i}").ToArray();
        foreach (var user in users)
        {
            (await server.Api.SendAsync(HttpMethod.Put, $"/v1/users/{user}", new { email = $"{user}@example.com" })).Expect(201);
        }

        var events = new List<string>();
        for (var kill = 0; kill < Kills; kill++)
        {
            var before = receiver.Begun;
            for (var i = 0; i < 20; i++)
            {
                events.Add(await server.Api.PublishAsync(new
                {
                    type = "t",
                    to = new[] { "user:" + users[i % users.Length] },
                    title = $"{kill}.{i}",
                    channels = new[] { "email", "webhook" },
                }));
            }

            await Until.TrueAsync("deliveries to be under way", () => Task.FromResult(receiver.Begun > before));
            await server.KillAndRestartAsync();
        }

        foreach (var id in events)
        {
            var deliveries = await SettledAsync(server.Api, id, 2);
            Assert.All(deliveries, d => Assert.Equal("sent", d.State));
        }

        // Each came; what came twice was under way when the process ended, and had the same id.
        var webhooks = receiver.Received.GroupBy(r => r.Data.GetProperty("eventId").GetString()!).ToDictionary(g => g.Key, g => g.ToArray());
        Assert.Equal(events.Order(), webhooks.Keys.Order());
        Assert.All(webhooks.Values, same => Assert.Single(same.Select(r => r.Id).Distinct()));
        Assert.InRange(webhooks.Values.Sum(same => same.Length - 1), 0, Kills * 20);
        var mails = (await smtp.StateAsync()).Messages.GroupBy(m => m.Header("Message-ID")!).ToDictionary(g => g.Key, g => g.ToArray());
        Assert.Equal(events.Count, mails.Count);
        Assert.All(mails.Values, same => Assert.Single(same.Select(m => m.Subject).Distinct()));
    }

    [Fact]
    public async Task A_delivery_that_ends_its_process_is_given_up_and_its_neighbours_arrive()
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var server = await StartAsync(smtp, receiver);
        (await server.Api.PostAsync("/v1/webhooks", new { url = receiver.Url })).Expect(201);
        var wave = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var forever = new TaskCompletionSource();
        receiver.Answer = request =>
        {
            if (request.Data.GetProperty("title").GetString() != "poison")
            {
                return new WebhookAnswer();
            }

            Interlocked.Exchange(ref wave, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).TrySetResult();
            return new WebhookAnswer { Gate = forever.Task };
        };
        var poison = await server.Api.PublishAsync(new { type = "t", to = new[] { "user:a" }, title = "poison" });
        var good = new List<string>();
        for (var i = 0; i < 5; i++)
        {
            var struck = Volatile.Read(ref wave).Task;
            if (i > 0)
            {
                await server.StartAgainAsync();
            }

            good.Add(await server.Api.PublishAsync(new { type = "t", to = new[] { "user:a" }, title = $"good {i}" }));
            await struck.WaitAsync(Until.Limit);
            await server.KillAsync();
        }

        await server.StartAgainAsync();
        var ended = Assert.Single(await SettledAsync(server.Api, poison, 1));
        Assert.Equal(("dead", "crashed_process"), (ended.State, ended.Reason));
        foreach (var id in good)
        {
            Assert.Equal("sent", Assert.Single(await SettledAsync(server.Api, id, 1)).State);
        }

        forever.SetResult();
    }

    [Fact]
    public async Task A_host_that_does_not_answer_holds_nobody_up_and_gets_everything_when_it_is_back()
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var dead = await WebhookReceiver.StartAsync();
        await using var alive = await WebhookReceiver.StartAsync();
        await using var server = await StartAsync(smtp, dead, alive);
        (await server.Api.PostAsync("/v1/webhooks", new { url = dead.Url, types = new[] { "dead" } })).Expect(201);
        (await server.Api.PostAsync("/v1/webhooks", new { url = alive.Url, types = new[] { "alive" } })).Expect(201);
        dead.Answer = _ => new WebhookAnswer { Stall = true };
        var (lost, kept) = (new List<string>(), new List<string>());
        for (var i = 0; i < 300; i++)
        {
            lost.Add(await server.Api.PublishAsync(new { type = "dead", to = new[] { $"user:u{i % 20}" }, title = $"{i}" }));
        }

        await Until.TrueAsync("the host to be tried", () => Task.FromResult(dead.Begun > 0));
        for (var i = 0; i < 100; i++)
        {
            kept.Add(await server.Api.PublishAsync(new { type = "alive", to = new[] { $"user:u{i % 20}" }, title = $"{i}" }));
        }

        await alive.WaitAsync(100); // While hundreds for the other are due before them.
        Assert.True(dead.Received.Count < 300);
        dead.Answer = _ => new WebhookAnswer();
        foreach (var id in lost.Concat(kept))
        {
            Assert.Equal("sent", Assert.Single(await SettledAsync(server.Api, id, 1)).State);
        }
    }

    [Fact]
    public async Task While_the_mail_server_is_away_mail_waits_and_nothing_else_does()
    {
        await using var smtp = await SmtpServer.StartAsync();
        await using var receiver = await WebhookReceiver.StartAsync();
        await using var server = await StartAsync(smtp, receiver);
        (await server.Api.PostAsync("/v1/webhooks", new { url = receiver.Url })).Expect(201);
        (await server.Api.SendAsync(HttpMethod.Put, "/v1/users/ann", new { email = "ann@example.com" })).Expect(201);
        await smtp.KillAsync();
        var events = new List<string>();
        for (var i = 0; i < 200; i++)
        {
            events.Add(await server.Api.PublishAsync(new { type = "t", to = new[] { "user:ann" }, title = $"{i}", channels = new[] { "email", "webhook" } }));
        }

        await receiver.WaitAsync(200);
        using var ann = await server.Api.AsUserAsync("ann");
        await ann.InboxOfAsync(200);
        await smtp.StartAgainAsync();
        Assert.Equal(200, (await smtp.MessagesAsync(200)).Select(m => m.Header("Message-ID")).Distinct().Count());
        foreach (var id in events)
        {
            Assert.All(await SettledAsync(server.Api, id, 2), d => Assert.Equal(("sent", 1), (d.State, d.Attempts))); // Waiting was no attempt.
        }
    }

    private static Task<ServerProcess> StartAsync(SmtpServer smtp, params WebhookReceiver[] receivers) => ServerProcess.StartAsync(new ServerOptions
    {
        Settings = new Dictionary<string, string>(receivers.SelectMany((r, i) => r.Settings.Select(s => KeyValuePair.Create(s.Key.Replace("__0", $"__{i}", StringComparison.Ordinal), s.Value))).DistinctBy(s => s.Key))
        {
            ["Notifications__Smtp__Host"] = "127.0.0.1",
            ["Notifications__Smtp__Port"] = $"{smtp.Port}",
            ["Notifications__Smtp__From"] = "news@example.org",
            ["Notifications__Webhooks__TimeoutSeconds"] = "3",
            ["Notifications__Channels__RetrySeconds"] = "1",
            ["Notifications__Channels__MaxRetrySeconds"] = "3",
            ["Notifications__Channels__MaxRestSeconds"] = "2",
            ["Notifications__Channels__Attempts"] = "30",
        },
    });

    private static async Task<List<(string State, string Reason, int Attempts)>> SettledAsync(Api api, string id, int deliveries)
    {
        var answer = await Until.ValueAsync(
            $"{deliveries} deliveries of {id} to be settled", () => api.GetAsync($"/v1/events/{id}"),
            a => a.Status == 200 && Read(a.Json) is var all && all.Count == deliveries && all.TrueForAll(d => d.State != "pending"));
        return Read(answer.Json);
    }

    private static List<(string State, string Reason, int Attempts)> Read(JsonElement e) =>
        [.. e.GetProperty("deliveries").EnumerateArray().Select(d => (d.GetProperty("state").GetString()!, d.GetProperty("reason").GetString()!, d.GetProperty("attempts").GetInt32()))];
}
