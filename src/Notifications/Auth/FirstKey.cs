using Microsoft.Extensions.Hosting;
using Notifications.Hosting;
using Notifications.Storage;

namespace Notifications.Auth;

/// <summary>Sees to it that there is a key to call the service with, and that it is not the one everybody knows.</summary>
internal static class FirstKey
{
    private const string Setting = "Notifications:Auth:BootstrapKey";

    /// <summary>Stores the bootstrap key where one is configured.</summary>
    /// <exception cref="StartupException">It is not fit for its purpose, or outside Development there is no key at all.</exception>
    public static async Task EnsureAsync(Store store, AuthOptions options, IHostEnvironment environment)
    {
        if (Configured(options, environment) is { } key)
        {
            await store.AddBootstrapKeyAsync(ApiKey.Hash(key)!);
            return;
        }

        await store.AddTenantAsync(ApiKey.DefaultTenant);
        if (!environment.IsDevelopment() && !await store.HasKeysAsync())
        {
            throw NoKey(environment);
        }
    }

    /// <summary>Like <see cref="EnsureAsync"/>, and changes nothing.</summary>
    public static async Task CheckAsync(Store? store, AuthOptions options, IHostEnvironment environment)
    {
        if (Configured(options, environment) is null && !environment.IsDevelopment() && !(store is not null && await store.HasKeysAsync()))
        {
            throw NoKey(environment);
        }
    }

    internal static string? Configured(AuthOptions options, IHostEnvironment environment)
    {
        var key = options.BootstrapKeyFile is { } file ? SecretFile.Read(Setting + "File", file) : options.BootstrapKey;
        if (key is null)
        {
            return null;
        }

        if (key == LocalCaller.DevelopmentKey)
        {
            return environment.IsDevelopment()
                ? null
                : throw new StartupException(
                    $"{Setting} is {LocalCaller.DevelopmentKey}, which everybody knows; it is for the Development environment, this one is {environment.EnvironmentName}. {HowTo}");
        }

        return key.StartsWith(ApiKey.Prefix, StringComparison.Ordinal) && key.Length >= AuthOptions.MinBootstrapKeyLength && ApiKey.Hash(key) is not null
            && key.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-' or '.' or '~' or '+' or '/' or '=')
            ? key
            : throw new StartupException(
                $"{Setting} must start with {ApiKey.Prefix} and have {AuthOptions.MinBootstrapKeyLength} to 256 characters of a-z, A-Z, 0-9 and _-.~+/=. {HowTo}");
    }

    private const string HowTo = "Make one with: echo sk_$(openssl rand -hex 32)";

    private static StartupException NoKey(IHostEnvironment environment) => new(
        $"There is no API key yet, and outside Development (this is {environment.EnvironmentName}) the first one is configured: set {Setting} or {Setting}File. {HowTo}");
}
