using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Auth;
using Notifications.Dispatch;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Jobs;
using Notifications.Log;
using Notifications.Realtime;
using Notifications.Storage;
using Notifications.Topics;

namespace Notifications.Hosting;

/// <summary>Registers the service.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Registers all features on the embedded engine.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="configuration">The whole configuration.</param>
    /// <param name="environment">Decides on Development's defaults.</param>
    /// <exception cref="StartupException">The configuration asks for what this version does not have.</exception>
    public static IServiceCollection AddNotifications(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        CheckEngine(configuration);
        services.TryAddSingleton(TimeProvider.System);
        services.PostConfigure<LoggerFilterOptions>(SecretCategories.Quieten);
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(15));
        return services
            .AddNotificationsHttp(configuration)
            .AddNotificationsAuth(configuration, environment)
            .AddNotificationsJson(AuthJson.Default)
            .AddNotificationsJson(EventsQueryJson.Default)
            .AddNotificationsJson(TopicsJson.Default)
            .AddNotificationsJson(InboxJson.Default)
            .AddNotificationsEngine(configuration)
            .AddRealtime()
            .AddJourney();
    }

    /// <summary>The HTTP API's common ground: JSON, problems, CORS, health, its description.</summary>
    private static IServiceCollection AddNotificationsHttp(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddNotificationsJson();
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ExceptionProblems>();
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddNotificationsOptions<CorsOptions>(configuration, "Notifications:Cors", o => o.Validate());
        services.AddCors();
        services.AddOptions<Microsoft.AspNetCore.Cors.Infrastructure.CorsOptions>().Configure<IOptions<CorsOptions>>((cors, own) =>
            cors.AddDefaultPolicy(policy => policy.WithOrigins([.. own.Value.Origins]).AllowAnyHeader().AllowAnyMethod().AllowCredentials()
                .WithExposedHeaders("Location", "Retry-After", "ETag").SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
        services.AddSingleton<OriginPolicy>().AddSingleton<Readiness>();
        return services.AddNotificationsOpenApi();
    }

    private static IServiceCollection AddNotificationsEngine(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddNotificationsOptions<NotificationsOptions>(configuration, "Notifications", o => o.Validate());
        services.AddSingleton<EmbeddedEngine>();

        // The engine closes what it opened; behind these the container sees nothing that it would close a second time.
        services.AddSingleton(provider => new Store(provider.GetRequiredService<EmbeddedEngine>().Database, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IEventLog>(provider => provider.GetRequiredService<EmbeddedEngine>().Log);
        return services.AddSingleton(provider => new StoreEpoch(provider.GetRequiredService<EmbeddedEngine>().Stamp.Epoch));
    }

    /// <summary>From the door to the inbox, and what the clock drives.</summary>
    private static IServiceCollection AddJourney(this IServiceCollection services) => services
        .AddSingleton<EventIntake>()
        .AddSingleton<UserLog>()
        .AddHostedService<Dispatcher>()
        .AddHostedService<Housekeeping>();

    private static void CheckEngine(IConfiguration configuration)
    {
        var redis = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("Redis"));
        var postgres = !string.IsNullOrWhiteSpace(configuration.GetConnectionString("Postgres"));
        if (redis != postgres)
        {
            throw new StartupException(redis
                ? "ConnectionStrings:Redis is set without ConnectionStrings:Postgres; set both for the server engine, or neither for the embedded one."
                : "ConnectionStrings:Postgres is set without ConnectionStrings:Redis; set both for the server engine, or neither for the embedded one.");
        }

        if (redis)
        {
            throw new StartupException(
                "The server engine is not in this version: unset ConnectionStrings:Redis and ConnectionStrings:Postgres to run the embedded one.");
        }
    }
}
