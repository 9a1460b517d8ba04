using System.Globalization;
using System.Reflection;

namespace Notifications.Storage;

/// <summary>Brings a database to the version of this program: numbered scripts, each in a transaction of its own.</summary>
public static class Migrator
{
    private static readonly Assembly Assembly = typeof(Migrator).Assembly;

    /// <summary>The scripts of an engine, by version.</summary>
    /// <param name="engine">The folder under <c>Storage/Migrations</c>.</param>
    public static SortedDictionary<int, string> Scripts(string engine)
    {
        var prefix = $"Notifications.Storage.Migrations.{engine}.";
        var scripts = new SortedDictionary<int, string>();
        foreach (var name in Assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var stream = Assembly.GetManifestResourceStream(name)!;
            using var text = new StreamReader(stream);
            scripts.Add(int.Parse(name.AsSpan(prefix.Length, 3), CultureInfo.InvariantCulture), text.ReadToEnd());
        }

        return scripts;
    }

    /// <summary>Migrates the embedded database.</summary>
    /// <exception cref="InvalidOperationException">The data was written by a newer version.</exception>
    public static async Task MigrateSqliteAsync(IDatabase database)
    {
        var scripts = Scripts("Sqlite");
        await database.WriteAsync(async session =>
        {
            var version = await session.FirstAsync("PRAGMA user_version", r => r.GetInt32(0));
            if (version > scripts.Keys.Max())
            {
                throw new InvalidOperationException(
                    $"The data was written by a newer version of this service (schema {version}, this one knows {scripts.Keys.Max()}). " +
                    "Run that version, or point Notifications:DataPath at another folder.");
            }

            foreach (var (number, script) in scripts.Where(s => s.Key > version))
            {
                await session.ExecuteAsync(script);
                await session.ExecuteAsync(string.Create(CultureInfo.InvariantCulture, $"PRAGMA user_version = {number}"));
            }

            return version;
        });
    }
}
