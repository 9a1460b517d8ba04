using Microsoft.Extensions.Logging.Abstractions;
using Notifications.Auth;
using Notifications.Storage;
using Notifications.Tests.Hosting;

namespace Notifications.Tests.Auth;

public sealed class KeyDirectoryTests : IAsyncLifetime, IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly ShiftedTime _time = new();
    private SwitchedDatabase _database = null!;
    private Store _store = null!;
    private KeyDirectory _keys = null!;

    public async Task InitializeAsync()
    {
        _database = new SwitchedDatabase(new SqliteDatabase(Path.Combine(_folder.Info.FullName, "test.db"), 2, NullLogger<SqliteDatabase>.Instance));
        await Migrator.MigrateSqliteAsync(_database);
        _store = new Store(_database, _time);
        _keys = new KeyDirectory(_store, _time);
    }

    public async Task DisposeAsync() => await _database.DisposeAsync();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_known_key_is_honoured_for_a_while_when_the_store_is_away()
    {
        var (hash, unseen) = (ApiKey.Hash(ApiKey.Generate())!, ApiKey.Hash(ApiKey.Generate())!);
        await _store.AddKeyAsync("acme", "a", [Scopes.View], hash);
        await _store.AddKeyAsync("acme", "b", [Scopes.View], unseen);
        Assert.Equal("acme", (await _keys.FindAsync(hash))!.Tenant);

        _database.Away = true;
        _time.Shift += TimeSpan.FromMinutes(14);
        Assert.Equal("acme", (await _keys.FindAsync(hash))!.Tenant);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await _keys.FindAsync(unseen));

        _time.Shift += TimeSpan.FromMinutes(2);
        await Assert.ThrowsAsync<StoreUnavailableException>(async () => await _keys.FindAsync(hash));

        _database.Away = false;
        Assert.NotNull(await _keys.FindAsync(hash));
    }

    [Fact]
    public async Task A_key_that_another_process_deleted_is_refused_within_30_seconds()
    {
        var hash = ApiKey.Hash(ApiKey.Generate())!;
        var key = await _store.AddKeyAsync("acme", "a", [Scopes.View], hash);
        Assert.NotNull(await _keys.FindAsync(hash));

        await _store.DeleteKeyAsync("acme", key.Id);
        Assert.NotNull(await _keys.FindAsync(hash));
        _time.Shift += TimeSpan.FromSeconds(30);
        Assert.Null(await _keys.FindAsync(hash));
    }

    [Fact]
    public async Task The_bootstrap_key_is_stored_once_and_replaced_by_the_next()
    {
        var (first, second) = (ApiKey.Hash(ApiKey.Generate())!, ApiKey.Hash(ApiKey.Generate())!);
        Assert.True(await _store.AddBootstrapKeyAsync(first));
        Assert.False(await _store.AddBootstrapKeyAsync(first));
        Assert.True(await _store.AddBootstrapKeyAsync(second));

        Assert.Null(await _store.KeyByHashAsync(first));
        Assert.Equal(Scopes.All, (await _store.KeyByHashAsync(second))!.Scopes);
        Assert.True(await _keys.TenantExistsAsync("default"));
        Assert.False(await _keys.TenantExistsAsync("acme"));
    }
}
