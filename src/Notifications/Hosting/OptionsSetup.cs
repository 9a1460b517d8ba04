using System.Collections;
using System.Reflection;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Notifications.Hosting;

/// <summary>A section of the configuration and the type it is read into.</summary>
/// <param name="Path">Such as <c>Notifications:Auth</c>.</param>
/// <param name="Type">The options.</param>
internal sealed record OptionsSection(string Path, Type Type);

/// <summary>Options: bound, checked at start-up, and known by name, so that a typo is told from a setting.</summary>
public static class OptionsSetup
{
    /// <summary>Registers a feature's options.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="configuration">The whole configuration.</param>
    /// <param name="path">The section, such as <c>Notifications:Auth</c>.</param>
    /// <param name="validate">Says what is wrong, naming the setting.</param>
    public static IServiceCollection AddNotificationsOptions<T>(
        this IServiceCollection services, IConfiguration configuration, string path, Func<T, IEnumerable<string>> validate)
        where T : class
    {
        services.AddSingleton(new OptionsSection(path, typeof(T)));
        services.AddSingleton<IValidateOptions<T>>(new Validation<T>(validate));
        services.AddOptions<T>().Bind(configuration.GetSection(path)).ValidateOnStart();
        return services;
    }

    /// <summary>The settings under <c>Notifications</c> that no options know: typos, or features that are not there.</summary>
    internal static IEnumerable<string> UnknownSettings(IConfiguration configuration, IEnumerable<OptionsSection> sections)
    {
        var known = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var open = new List<string>();
        foreach (var section in sections)
        {
            Collect(section.Path, section.Type, known, open);
        }

        return configuration.GetSection("Notifications").AsEnumerable()
            .Where(setting => !string.IsNullOrEmpty(setting.Value) && !known.Contains(setting.Key)
                && !open.Exists(path => setting.Key.StartsWith(path + ":", StringComparison.OrdinalIgnoreCase)))
            .Select(setting => setting.Key)
            .Order(StringComparer.OrdinalIgnoreCase);
    }

    private static void Collect(string path, Type type, HashSet<string> known, List<string> open)
    {
        foreach (var property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite))
        {
            var name = $"{path}:{property.Name}";
            var value = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (value != typeof(string) && typeof(IEnumerable).IsAssignableFrom(value))
            {
                open.Add(name); // Its entries, that is: a value of its own has no effect.
                continue;
            }

            if (value.IsClass && value != typeof(string) && value != typeof(Uri))
            {
                Collect(name, value, known, open);
                continue;
            }

            known.Add(name);
        }
    }

    private sealed class Validation<T>(Func<T, IEnumerable<string>> validate) : IValidateOptions<T>
        where T : class
    {
        public ValidateOptionsResult Validate(string? name, T options) =>
            validate(options).ToList() is { Count: > 0 } errors ? ValidateOptionsResult.Fail(errors) : ValidateOptionsResult.Success;
    }
}
