using Notifications.Events;
using Notifications.Log;

namespace Notifications.Tests.Log;

/// <summary>An event must find the partition of those before it with the same key, whatever version accepted them.</summary>
public sealed class PartitioningTests
{
    private static readonly PartitionLayout EightAndTwo = new(8, 2);

    [Theory]
    [InlineData("", "", 3, 9)]
    [InlineData("ab", "c", 7, 9)]
    [InlineData("a", "bc", 4, 8)]
    [InlineData("default", "user:ann", 6, 8)]
    [InlineData("acme", "topic:news", 6, 8)]
    [InlineData("acme", "all", 2, 8)]
    [InlineData("", "user:😀", 7, 9)]
    public void A_key_has_this_partition_for_ever(string tenant, string key, int normal, int critical)
    {
        Assert.Equal(normal, EventIntake.Partition(EightAndTwo, tenant, key, Priority.Low));
        Assert.Equal(normal, EventIntake.Partition(EightAndTwo, tenant, key, Priority.Normal));
        Assert.Equal(normal, EventIntake.Partition(EightAndTwo, tenant, key, Priority.High));
        Assert.Equal(critical, EventIntake.Partition(EightAndTwo, tenant, key, Priority.Critical));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(3, 1)]
    [InlineData(8, 2)]
    [InlineData(16, 4)]
    [InlineData(100, 7)]
    public void Keys_spread_evenly_over_the_partitions_of_their_class(int normal, int critical)
    {
        const int PerPartition = 1_000;
        var layout = new PartitionLayout(normal, critical);
        foreach (var (priority, first, count) in new[] { (Priority.Normal, 0, normal), (Priority.Critical, normal, critical) })
        {
            var used = new int[layout.Count];
            for (var i = 0; i < count * PerPartition; i++)
            {
                used[EventIntake.Partition(layout, "acme", $"user:{i}", priority)]++;
            }

            Assert.All(used[first..(first + count)], n => Assert.InRange(n, PerPartition * 8 / 10, PerPartition * 12 / 10));
            Assert.Equal(count * PerPartition, used[first..(first + count)].Sum());
        }
    }
}
