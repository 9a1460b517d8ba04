using System.Text;
using Notifications.Storage;
using Notifications.Templates;

namespace Notifications.IntegrationTests.Contracts;

public abstract partial class StoreContract
{
    [Fact]
    public async Task Each_write_of_a_template_is_a_version_that_stays_readable()
    {
        Assert.Null(await Store.TemplateAsync(Tenant, "welcome", null));
        Assert.Equal(new TemplateWrite(1, true, true, Time.Milliseconds), await Store.WriteTemplateAsync(Tenant, "welcome", Text("a"), null));
        Time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(new TemplateWrite(2, true, false, Time.Milliseconds), await Store.WriteTemplateAsync(Tenant, "welcome", Text("b"), null));
        Assert.Equal(new TemplateWrite(2, true, false, Time.Milliseconds), await Store.WriteTemplateAsync(Tenant, "welcome", Text("b"), null)); // The same again.
        Assert.Equal(2, await VersionAsync());

        Assert.Equal((2L, "b"), await CurrentAsync("welcome"));
        Assert.Equal("a", Encoding.UTF8.GetString((await Store.TemplateAsync(Tenant, "welcome", 1))!.Document!));
        Assert.Null(await Store.TemplateAsync(Tenant, "welcome", 3));
        Assert.Null(await Store.TemplateAsync("other", "welcome", null));
        Assert.Equal([2L, 1L], (await Store.TemplateVersionsAsync(Tenant, "welcome", long.MaxValue, 10)).Select(t => t.Version));
        Assert.Equal([1L], (await Store.TemplateVersionsAsync(Tenant, "welcome", 2, 10)).Select(t => t.Version));
    }

    [Fact]
    public async Task A_deleted_template_is_gone_and_its_versions_are_not_used_again()
    {
        await Store.WriteTemplateAsync(Tenant, "welcome", Text("a"), null);
        Assert.Equal((2L, true), Written(await Store.WriteTemplateAsync(Tenant, "welcome", null, null)));
        Assert.Equal((0L, false), Written(await Store.WriteTemplateAsync(Tenant, "welcome", null, null)));
        Assert.Null((await Store.TemplateAsync(Tenant, "welcome", null))!.Document);
        Assert.Empty(await Store.TemplatesAsync(Tenant, "", 10));
        Assert.Equal(new TemplateWrite(3, true, true, Time.Milliseconds), await Store.WriteTemplateAsync(Tenant, "welcome", Text("a"), 0));
        Assert.Equal(3, await VersionAsync());
    }

    [Fact]
    public async Task A_template_is_written_only_where_the_condition_holds()
    {
        Assert.Equal((0L, false), Written(await Store.WriteTemplateAsync(Tenant, "t", Text("a"), 1)));
        Assert.Equal((0L, false), Written(await Store.WriteTemplateAsync(Tenant, "t", Text("a"), Store.AnyTemplate)));
        Assert.Equal((1L, true), Written(await Store.WriteTemplateAsync(Tenant, "t", Text("a"), 0)));
        Assert.Equal((1L, false), Written(await Store.WriteTemplateAsync(Tenant, "t", Text("b"), 0)));
        Assert.Equal((2L, true), Written(await Store.WriteTemplateAsync(Tenant, "t", Text("b"), 1)));
        Assert.Equal((2L, false), Written(await Store.WriteTemplateAsync(Tenant, "t", null, 1)));
        Assert.Equal((3L, true), Written(await Store.WriteTemplateAsync(Tenant, "t", Text("c"), Store.AnyTemplate)));
    }

    [Fact]
    public async Task Of_many_who_write_a_template_at_once_on_one_version_one_succeeds()
    {
        await Store.WriteTemplateAsync(Tenant, "t", Text("a"), null);
        var writes = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => Store.WriteTemplateAsync(Tenant, "t", Text($"by {i}"), 1)));
        Assert.Single(writes, w => w!.Value.Written);
        Assert.Equal(2, (await Store.TemplateAsync(Tenant, "t", null))!.Version);
    }

    [Fact]
    public async Task Templates_are_listed_by_key_and_only_so_many_versions_are_kept()
    {
        foreach (var key in new[] { "b", "a", "Z", "é" })
        {
            await Store.WriteTemplateAsync(Tenant, key, Text(key), null);
        }

        await Store.WriteTemplateAsync(Tenant, "a", Text("again"), null);
        Assert.Equal(["Z", "a", "b", "é"], (await Store.TemplatesAsync(Tenant, "", 10)).Select(t => t.Key));
        Assert.Equal([("a", 2L), ("b", 1L)], (await Store.TemplatesAsync(Tenant, "Z", 2)).Select(t => (t.Key, t.Version)));

        for (var i = 2; i <= Store.MaxTemplateVersions + 5; i++)
        {
            await Store.WriteTemplateAsync(Tenant, "b", Text($"{i}"), null);
        }

        var versions = await Store.TemplateVersionsAsync(Tenant, "b", long.MaxValue, 1_000);
        Assert.Equal(Store.MaxTemplateVersions, versions.Count);
        Assert.Equal(Store.MaxTemplateVersions + 5, versions[0].Version);
    }

    [Fact]
    public async Task A_template_is_found_as_it_is_at_the_version_of_the_configuration_that_is_asked_for()
    {
        var renderer = new TemplateRenderer(Store, Time);
        Assert.Null(await renderer.FindAsync(Tenant, 0, "t", Never));
        await Store.WriteTemplateAsync(Tenant, "t", Template("first"), null);
        Assert.Null(await renderer.FindAsync(Tenant, 0, "t", Never)); // As the caller's configuration has it.
        var first = await renderer.FindAsync(Tenant, 1, "t", Never);
        Assert.Equal(1, first!.Version);

        await Store.WriteTemplateAsync(Tenant, "other", Template("x"), null);
        Assert.Same(first, await renderer.FindAsync(Tenant, 2, "t", Never)); // Not compiled again.
        await Store.WriteTemplateAsync(Tenant, "t", Template("second"), null);
        Assert.Same(first, await renderer.FindAsync(Tenant, 2, "t", Never));
        Assert.Equal(2, (await renderer.FindAsync(Tenant, 3, "t", Never))!.Version);
        await Store.WriteTemplateAsync(Tenant, "t", null, null);
        Assert.Null(await renderer.FindAsync(Tenant, 4, "t", Never));
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Template(string title) => Text("{\"locales\":{\"en\":{\"inbox\":{\"title\":\"" + title + "\"}}}}");

    private static (long Version, bool Written) Written(TemplateWrite? write) => (write!.Value.Version, write.Value.Written);

    private async Task<(long, string)> CurrentAsync(string key) =>
        await Store.TemplateAsync(Tenant, key, null) is { Document: { } document } t ? (t.Version, Encoding.UTF8.GetString(document)) : default;

    /// <summary>The version of what the tenant has configured.</summary>
    private Task<long> VersionAsync() =>
        _database.ReadAsync(session => session.FirstAsync("SELECT version FROM tenants WHERE id = $1", r => r.GetInt64(0), Tenant));
}
