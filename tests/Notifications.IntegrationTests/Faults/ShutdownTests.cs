using Notifications.IntegrationTests.Support;
using Xunit.Abstractions;

namespace Notifications.IntegrationTests.Faults;

/// <summary>An orderly end: SIGTERM, as a service manager or a terminal sends it.</summary>
public sealed class ShutdownTests(ITestOutputHelper output)
{
    [Fact]
    public async Task A_shutdown_is_announced_and_ends_well()
    {
        await using var server = await ServerProcess.StartAsync();
        var token = await server.Api.TokenAsync("ada");
        await using var client = await HubClient.ConnectAsync(server.Address, token, device: "phone");
        await server.Api.PublishAsync("ada", "1");
        var item = (await client.WaitForNotificationsAsync(1))[0];
        await client.AckAsync(item.Rev);
        var code = await server.StopAsync();
        await client.WaitForCloseAsync();
        var closing = Assert.Single(client.Received.OfType<Closing>());

        Assert.True(closing.Reconnect);
        Assert.False(string.IsNullOrEmpty(closing.Code) || string.IsNullOrEmpty(closing.Message));
        Assert.Equal(0, code);

        // The token and what was acknowledged outlive it.
        await server.StartAgainAsync();
        await server.Api.PublishAsync("ada", "2");
        await using var again = await HubClient.ConnectAsync(server.Address, token, device: "phone");
        Assert.Equal(["2"], (await again.WaitForNotificationsAsync(1)).Select(i => i.Title));
    }

    [Fact]
    public async Task A_client_that_takes_nothing_does_not_hold_up_the_end()
    {
        await using var server = await ServerProcess.StartAsync();
        var token = await server.Api.TokenAsync("ada");
        await using var deaf = await HubClient.ConnectAsync(
            server.Address, new HubOptions { Token = token, Device = "deaf", ReceiveBufferBytes = 4096 });
        deaf.StopReading();
        var body = new string('x', 8_000);
        for (var batch = 0; batch < 10; batch++)
        {
            (await server.Api.PostAsync(
                "/v1/events/batch", Enumerable.Range(0, 100).Select(i => new { type = "t", to = new[] { "user:ada" }, title = $"{i}", body }))).Expect(202);
        }

        using var me = server.Api.As(token);
        await Until.TrueAsync(
            "all stored", async () => (await me.GetAsync("/v1/me/inbox/counts")).Expect(200).Json.GetProperty("unread").GetInt64() == 1_000);
        Assert.Equal(0, await server.StopAsync());

        // What it did not take is still there for it.
        await deaf.DropAsync();
        await server.StartAgainAsync();
        await using var back = await HubClient.ConnectAsync(server.Address, token, device: "deaf");
        Assert.Equal(Enumerable.Range(1, 1_000).Select(i => (long)i), (await back.WaitForNotificationsAsync(1_000)).Select(i => i.Seq));
    }

    [Fact]
    public async Task Under_load_nothing_is_lost_or_repeated()
    {
        const int Events = 4_000;
        const int Users = 8;
        await using var server = await ServerProcess.StartAsync();
        var users = Enumerable.Range(0, Users)
            .Select(i => new TestUser(server, $"u{i}", i % 2 == 0 ? ClientKind.ResumesByAddress : ClientKind.ResumesByCall, i)).ToList();
        var tokens = await Task.WhenAll(users.Select(u => server.Api.TokenAsync(u.Name)));
        var visits = users.Zip(tokens, (user, token) => user.ComeAndGoAsync(token)).ToList();
        using var api = new Api(server.Address, ServerProcess.DevelopmentKey);
        var producer = new Producer(api);
        var sending = Task.WhenAll(Enumerable.Range(0, 8).Select(line => Task.Run(() => producer.SendAsync(
            Enumerable.Range(0, Events / 8).Select(n =>
            {
                var user = $"u{(n + line) % Users}";
                return new OutgoingEvent($"{line}-{n}", ["user:" + user], [user], $"line{line}", n, Ordered: true);
            })))));
        for (var stop = 1; stop <= 3; stop++)
        {
            var threshold = Events * stop / 4;
            await Until.TrueAsync($"{threshold} accepted events", () => Task.FromResult(producer.Count >= threshold || sending.IsCompleted));
            Assert.Equal(0, await server.StopAsync());
            await server.StartAgainAsync();
        }

        await sending;
        users.ForEach(u => u.Stay());
        await Task.WhenAll(visits);
        foreach (var (user, token) in users.Zip(tokens))
        {
            await Until.TrueAsync($"all shown to {user.Name}", () => Task.FromResult(user.Known >= Events / Users));
            await user.LeaveAsync();
            using var me = server.Api.As(token);
            var log = (await me.InboxAsync()).Items.OrderBy(i => i.Seq).ToList();
            Assert.Equal(
                producer.Accepted.Values.Where(e => e.Users[0] == user.Name).Select(e => e.EventId).Order(), log.Select(i => i.EventId).Order());
            Assert.Empty(user.Faults);
            Assert.Empty(user.Compare(log));
        }

        output.WriteLine($"{producer.Retries} requests sent again, {producer.Duplicates} of their events known before");
    }
}
