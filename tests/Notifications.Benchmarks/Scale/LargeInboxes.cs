using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks.Scale;

/// <summary>
/// A service with many inbox rows beside one with few: reading a page and the counts, and sending. All of it in one measure, because filling the database
/// takes minutes.
/// </summary>
internal static class LargeInboxes
{
    private const int ManyUsers = 100_000, FewUsers = 100, ItemsEach = 100, Readers = 20_000;
    private const string Page = "/v1/me/inbox", Counts = "/v1/me/inbox/counts";

    /// <summary>Ten million rows beside ten thousand, and beside none for sending.</summary>
    public static Measure Measure { get; } = new(
        "inbox",
        [
            new Row(
                "inbox-page", $"GET {Page}, 25 items, 16 connections, random users, {ManyUsers * ItemsEach:#,0} rows beside {FewUsers * ItemsEach:#,0}",
                "requests/s", Goal.AtLeast(0.8)),
            new Row("inbox-counts", $"GET {Counts}, the same", "requests/s", Goal.AtLeast(0.8)),
            .. FlatLoad.Rows("flat-rows", $"{ManyUsers * ItemsEach:#,0} inbox rows beside none"),
        ],
        OpenAsync)
    {
        WarmUps = 2,
    };

    private static async Task<Sides> OpenAsync()
    {
        NeedRoom();
        var twins = await Twins.StartAsync();
        var large = await twins.AddServiceAsync("large");
        await twins.Seed("large", large).FillAsync(ManyUsers, ItemsEach);
        var small = await twins.AddServiceAsync("small");
        await twins.Seed("small", small).FillAsync(FewUsers, ItemsEach);
        var (ofMany, many) = await ReadersAsync("large", large, ManyUsers);
        var (ofFew, few) = await ReadersAsync("small", small, FewUsers);
        await twins.RemoveAsync(small);
        var empty = await twins.AddServiceAsync("empty");
        var full = await FlatLoad.ConnectAsync(large, i => Seed.User(i * (ManyUsers / FlatLoad.Connected)), after: ItemsEach);
        var bare = await FlatLoad.ConnectAsync(empty, Seed.User);

        // Each process does one thing, on both sides, so that all have had as long to compile what is hot.
        (string, Func<IEnumerable<int>>)[] processes =
        [
            ("large, read", () => [many.Id]), ("small, read", () => [few.Id]), ("large", () => [large.Id]), ("empty", () => [empty.Id]), .. twins.Processes,
        ];
        return new Sides
        {
            Ours = _ => MeasureAsync(ofMany, full, "large"),
            Floor = _ => MeasureAsync(ofFew, bare, "empty"),
            Processes = processes,
        }.Owning(twins, full, bare);

        // Users drawn at random, the same ones each time.
        async Task<(InboxReads Readers, ServerProcess Gateway)> ReadersAsync(string service, ServerProcess server, int users)
        {
            var random = new Random(1);
            var drawn = Enumerable.Range(0, Math.Min(Readers, users)).Select(_ => random.Next(users)).ToArray();
            var tokens = await Clients.TokensAsync(server.Api, drawn.Length, i => Seed.User(drawn[i]));
            var gateway = await twins.AddProcessAsync(service, service + "-read", "gateway");
            return (new InboxReads(gateway, tokens), gateway);
        }

        async Task<double[]> MeasureAsync(InboxReads readers, FlatLoad load, string name) =>
        [
            await readers.PerSecondAsync(Page, "\"seq\":", Turn.Length),
            await readers.PerSecondAsync(Counts, "\"unread\":1", Turn.Length),
            .. await load.MeasureAsync(new Turn(processes), name, "Redis", "PostgreSQL"),
        ];
    }

    private static void NeedRoom()
    {
        const long Needed = 12L << 30; // Rows and indexes of 4 GB, and the write-ahead log of making them.
        var free = new DriveInfo(Path.GetTempPath()).AvailableFreeSpace;
        if (free < Needed)
        {
            throw new InvalidOperationException($"{Needed >> 30} GB have to be free where temporary files are; {free >> 30} GB are.");
        }
    }
}
