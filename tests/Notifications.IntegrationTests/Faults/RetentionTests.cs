using Microsoft.Data.Sqlite;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>What clients notice of items that are past their retention. Time is set by making the stored items old.</summary>
public sealed class RetentionTests
{
    [Fact]
    public async Task Who_was_away_for_longer_than_items_are_kept_is_told_so()
    {
        await using var server = await ServerProcess.StartAsync(new ServerOptions
        {
            Settings = new Dictionary<string, string>
            {
                ["Notifications__Retention__InboxDays"] = "30",
                ["Notifications__Retention__InboxItems"] = "2",
            },
        });
        var token = await server.Api.TokenAsync("ada");
        using var me = server.Api.As(token);
        for (var i = 1; i <= 6; i++)
        {
            await server.Api.PublishAsync("ada", $"{i}");
        }

        await me.InboxOfAsync(6);
        await using (var phone = await HubClient.ConnectAsync(server.Address, token, device: "phone"))
        {
            await phone.WaitForNotificationsAsync(6);
            await phone.AckAsync(1);
        }

        var epoch = (await me.SyncAsync()).Epoch;
        await server.StopAsync();
        MakeOld(server.DataFolder, days: 31);
        await server.StartAgainAsync();
        (await server.Api.SendAsync(HttpMethod.Post, "/v1/jobs/retention/run", null)).Expect(202);
        await Until.TrueAsync("the old ones gone", async () => (await me.InboxAsync()).Items.Count == 2);

        // The newest two stay, however old they are.
        var list = await me.InboxAsync();
        Assert.Equal(["6", "5"], list.Items.Select(i => i.Title));
        Assert.Equal(new Counts(2, 2), list.Counts);
        Assert.True((await me.SyncAsync(3, epoch)).Reset);
        Assert.Equal(["5", "6"], (await me.SyncAsync(4, epoch)).Items.Select(i => i.Title));

        // A client with a position of its own starts over, one without goes on with what there is.
        await using var resuming = await HubClient.ConnectAsync(server.Address, new HubOptions { Token = token, After = "3", Epoch = epoch });
        var reset = await resuming.WaitForAsync<Reset>();
        Assert.Equal((6L, new Counts(2, 2)), (reset.Head, reset.Counts));
        await using var plain = await HubClient.ConnectAsync(server.Address, token, device: "phone");
        Assert.Equal(["5", "6"], (await plain.WaitForNotificationsAsync(2)).Select(i => i.Title));
        Assert.False((await plain.WaitForAsync<Resumed>()).Recovered);
        await using var near = await HubClient.ConnectAsync(server.Address, new HubOptions { Token = token, After = "4", Epoch = epoch });
        Assert.True((await near.WaitForAsync<Resumed>()).Recovered);
        Assert.Equal(["5", "6"], near.Notifications.Select(i => i.Title));

        // Numbers go on where they were.
        await server.Api.PublishAsync("ada", "7");
        Assert.Equal(7, (await resuming.WaitForNotificationsAsync(1))[0].Seq);
    }

    private static void MakeOld(string dataFolder, int days)
    {
        using var connection = new SqliteConnection($"Data Source={DataFile.In(dataFolder)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "UPDATE inbox SET created_at = created_at - $ms; UPDATE events SET accepted_at = accepted_at - $ms";
        command.Parameters.AddWithValue("$ms", days * 24L * 3_600_000);
        command.ExecuteNonQuery();
    }
}
