using Microsoft.Data.Sqlite;
using Notifications.IntegrationTests.Support;

namespace Notifications.IntegrationTests.Faults;

/// <summary>What an operator can do to the data folder.</summary>
public sealed class DataFolderTests
{
    [Fact]
    public async Task A_second_process_on_the_same_folder_is_refused_and_disturbs_nothing()
    {
        await using var server = await ServerProcess.StartAsync();
        await using var client = await HubClient.ConnectAsync(server.Address, await server.Api.TokenAsync("ada"));
        var (code, log) = await ServerProcess.RunToExitAsync(new ServerOptions { DataFolder = server.DataFolder });
        await server.Api.PublishAsync("ada", "still there");

        Assert.NotEqual(0, code);
        Assert.Contains(server.DataFolder, log, StringComparison.Ordinal);
        await client.WaitForNotificationsAsync(1);
    }

    [Fact]
    public async Task Data_of_a_newer_version_is_refused_and_left_as_it_is()
    {
        await using var server = await ServerProcess.StartAsync();
        await server.Api.PublishAsync("ada", "1");
        await server.StopAsync();
        SetVersion(server.DataFolder, 999);
        var (code, log) = await ServerProcess.RunToExitAsync(new ServerOptions { DataFolder = server.DataFolder });

        Assert.NotEqual(0, code);
        Assert.Contains("newer version", log, StringComparison.Ordinal);
        Assert.Contains("999", log, StringComparison.Ordinal);
        Assert.Equal(999, DataFile.Number(server.DataFolder, "PRAGMA user_version"));
    }

    [Fact]
    public async Task A_second_start_keeps_everything()
    {
        await using var server = await ServerProcess.StartAsync();
        var token = await server.Api.TokenAsync("ada");
        using var me = server.Api.As(token);
        await server.Api.PublishAsync(new { id = "one", type = "t", to = new[] { "user:ada" }, title = "1" });
        await me.InboxOfAsync(1);
        var before = await me.SyncAsync();
        await server.StopAsync();
        await server.StartAgainAsync();
        var after = await me.SyncAsync();
        var again = (await server.Api.PostAsync("/v1/events", new { id = "one", type = "t", to = new[] { "user:ada" }, title = "1" })).Expect(202);

        Assert.Equal((before.Epoch, before.Head, before.Items[0].Id), (after.Epoch, after.Head, after.Items[0].Id));
        Assert.True(again.Json.GetProperty("duplicate").GetBoolean());
    }

    [Fact]
    public async Task Clients_that_were_ahead_of_a_restored_backup_are_told_to_start_over()
    {
        await using var server = await ServerProcess.StartAsync();
        var token = await server.Api.TokenAsync("ada");
        using var me = server.Api.As(token);
        await server.Api.PublishAsync("ada", "1");
        await server.Api.PublishAsync("ada", "2");
        await me.InboxOfAsync(2);
        var copy = Path.Combine(server.DataFolder, "..", Path.GetFileName(server.DataFolder) + ".backup");
        DataFile.Backup(server.DataFolder, copy);
        await server.Api.PublishAsync("ada", "lost 3");
        await server.Api.PublishAsync("ada", "lost 4");
        await me.InboxOfAsync(4);
        var ahead = await me.SyncAsync();
        await server.StopAsync();
        DataFile.Restore(server.DataFolder, copy);
        File.Delete(copy);
        await server.StartAgainAsync();

        var restored = await me.SyncAsync();
        Assert.NotEqual(ahead.Epoch, restored.Epoch);
        Assert.Equal(["1", "2"], restored.Items.Select(i => i.Title));
        Assert.True((await me.SyncAsync(ahead.Head, ahead.Epoch)).Reset);
        await using var byAddress = await HubClient.ConnectAsync(
            server.Address, new HubOptions { Token = token, After = "4", Epoch = ahead.Epoch });
        await using var byCall = await HubClient.ConnectAsync(server.Address, token, after: "manual");
        await byCall.ResumeAsync(4, ahead.Epoch);
        Assert.Equal((restored.Epoch, 2L), await ResetOfAsync(byAddress));
        Assert.Equal((restored.Epoch, 2L), await ResetOfAsync(byCall));

        // Later ones reach them, under numbers that the lost ones had.
        await server.Api.PublishAsync("ada", "5");
        Assert.Equal(3, (await byAddress.WaitForAsync<Notification>(n => n.Item.Title == "5")).Item.Seq);
        Assert.Equal(3, (await byCall.WaitForAsync<Notification>(n => n.Item.Title == "5")).Item.Seq);

        // Another start is not another restore.
        await server.StopAsync();
        await server.StartAgainAsync();
        Assert.Equal(restored.Epoch, (await me.SyncAsync()).Epoch);
    }

    private static async Task<(long, long)> ResetOfAsync(HubClient client)
    {
        var reset = await client.WaitForAsync<Reset>();
        return (reset.Epoch, reset.Head);
    }

    private static void SetVersion(string dataFolder, int version)
    {
        using var connection = new SqliteConnection($"Data Source={DataFile.In(dataFolder)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
#pragma warning disable CA2100 // A number.
        command.CommandText = $"PRAGMA user_version = {version}";
#pragma warning restore CA2100
        command.ExecuteNonQuery();
    }
}
