using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Auth;
using Notifications.Channels;
using Notifications.Channels.Email;
using Notifications.DeadLetters;
using Notifications.Dispatch;
using Notifications.Events;
using Notifications.Inbox;
using Notifications.Jobs;
using Notifications.Log;
using Notifications.Operations;
using Notifications.Preferences;
using Notifications.Realtime;
using Notifications.Redis;
using Notifications.Stats;
using Notifications.Storage;
using Notifications.Templates;
using Notifications.Topics;
using Notifications.Users;
using Notifications.Webhooks;

namespace Notifications.Hosting;

/// <summary>Registers the service.</summary>
public static class ServiceCollectionExtensions
{
    /// <summary>Registers the engine that is configured, and on it the features of this node's roles.</summary>
    /// <param name="services">Where to.</param>
    /// <param name="configuration">The whole configuration.</param>
    /// <param name="environment">Decides on Development's defaults.</param>
    /// <exception cref="StartupException">The configuration asks for what cannot be, or for what this version does not have.</exception>
    public static IServiceCollection AddNotifications(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        var engine = EngineChoice.Of(configuration);
        var roles = RoleNames.Of(configuration, engine);
        services.TryAddSingleton(TimeProvider.System);
        services.PostConfigure<LoggerFilterOptions>(SecretCategories.Quieten);
        services.Configure<HostOptions>(options => options.ShutdownTimeout = TimeSpan.FromSeconds(15));
        services.AddNotificationsOptions<NotificationsOptions>(configuration, "Notifications", o => o.Validate());
        services.AddSingleton(provider => new Node(
            provider.GetRequiredService<IOptions<NotificationsOptions>>().Value.Node is { Length: > 0 } id ? id : Node.NewId(), roles, engine));
        return services
            .AddNotificationsHttp(configuration)
            .AddNotificationsAuth(configuration, environment)
            .AddNotificationsJson(AuthJson.Default)
            .AddNotificationsJson(EventsQueryJson.Default)
            .AddNotificationsJson(TopicsJson.Default)
            .AddNotificationsJson(InboxJson.Default)
            .AddNotificationsJson(StatsJson.Default)
            .AddEmail(configuration)
            .AddNotificationsJson(JobsJson.Default).AddNotificationsJson(OperationsJson.Default)
            .AddNotificationsJson(DeadLettersJson.Default).AddNotificationsJson(DeliveriesJson.Default)
            .AddNotificationsJson(PreferencesApiJson.Default).AddNotificationsJson(MyTopicsJson.Default).AddNotificationsJson(UsersJson.Default)
            .AddNotificationsWebhooks(configuration)
            .AddNotificationsTemplates()
            .AddNotificationsEngine(engine, configuration)
            .AddChannels(configuration, roles)
            .AddNotificationsRoles(roles, engine)
            .AddNotificationsStats(engine);
    }

    /// <summary>What each role runs; what all of them use is registered for all and made when it is asked for.</summary>
    internal static IServiceCollection AddNotificationsRoles(this IServiceCollection services, Roles roles, EngineKind engine)
    {
        services.AddSingleton<EventIntake>().AddSingleton<EventWithdrawal>().AddSingleton<UserLog>().AddSingleton<UserDeletion>();
        services.AddSingleton<TenantConfigs>().AddSingleton<TemplateRenderer>().AddSingleton<RoutingFacts>();
        services.AddSingleton<JobList>().AddSingleton<JobRunner>().AddSingleton<Retention>().AddSingleton<Digests>();
        services.AddSingleton<OperationRunner>().AddSingleton<DeadLetterReplay>();
        services.TryAddSingleton<IJobClock, LeaseClock>();
        if (roles.HasFlag(Roles.Gateway))
        {
            services.AddRealtime();
            if (engine == EngineKind.Server)
            {
                services.AddSharedGateway();
            }
        }

        if (engine == EngineKind.Server)
        {
            services.AddHostedService(provider => new SharedDeliveryBell(
                provider.GetRequiredService<DeliveryBell>(), provider.GetRequiredService<ServerEngine>().Link,
                provider.GetRequiredService<IOptions<RedisOptions>>().Value, roles.HasFlag(Roles.Channels), provider.GetRequiredService<TimeProvider>()));
        }

        if (roles.HasFlag(Roles.Dispatch))
        {
            services.AddSingleton<EventSchedule>().AddHostedService(provider => provider.GetRequiredService<EventSchedule>());
            services.AddHostedService<Dispatcher>();
        }

        if (roles.HasFlag(Roles.Jobs))
        {
            services.AddHostedService<JobClockService>().AddHostedService<Snoozes>();
        }

        return services;
    }

    /// <summary>What shows how the service is doing, and on the server engine tells the other nodes.</summary>
    private static IServiceCollection AddNotificationsStats(this IServiceCollection services, EngineKind engine)
    {
        services.AddSingleton<LogStats>().AddSingleton<LocalNode>().AddHostedService(provider => provider.GetRequiredService<LocalNode>());
        return engine == EngineKind.Server ? services.AddHostedService<Membership>() : services;
    }

    /// <summary>The HTTP API's common ground: JSON, problems, CORS, health, its description.</summary>
    private static IServiceCollection AddNotificationsHttp(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddNotificationsJson();
        services.AddSingleton<IProblemDetailsWriter, ProblemWriter>();
        services.AddProblemDetails();
        services.AddExceptionHandler<ExceptionProblems>();
        services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        services.AddNotificationsOptions<ProxyOptions>(configuration, "Notifications:Proxy", o => o.Validate());
        services.AddNotificationsOptions<CorsOptions>(configuration, "Notifications:Cors", o => o.Validate());
        services.AddCors();
        services.AddOptions<Microsoft.AspNetCore.Cors.Infrastructure.CorsOptions>().Configure<IOptions<CorsOptions>>((cors, own) =>
            cors.AddDefaultPolicy(policy => policy.WithOrigins([.. own.Value.Origins]).AllowAnyHeader().AllowAnyMethod().AllowCredentials()
                .WithExposedHeaders("Location", "Retry-After", "ETag").SetPreflightMaxAge(TimeSpan.FromMinutes(10))));
        services.AddSingleton<OriginPolicy>().AddSingleton<Readiness>();
        return services.AddNotificationsOpenApi();
    }

    private static IServiceCollection AddNotificationsEngine(this IServiceCollection services, EngineKind engine, IConfiguration configuration) =>
        engine == EngineKind.Embedded ? services.AddEmbeddedEngine() : services.AddServerEngine(configuration);

    private static IServiceCollection AddEmbeddedEngine(this IServiceCollection services)
    {
        services.AddSingleton<EmbeddedEngine>();

        // The engine closes what it opened; behind these the container sees nothing that it would close a second time.
        services.AddSingleton(provider => new Store(provider.GetRequiredService<EmbeddedEngine>().Database, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IEventLog>(provider => provider.GetRequiredService<EmbeddedEngine>().Log);
        services.AddSingleton(provider => new StoreEpoch(provider.GetRequiredService<EmbeddedEngine>().Stamp.Epoch));

        // One process: who commits tells this node's gateway directly.
        return services.AddSingleton<IDoorbell>(provider => provider.GetRequiredService<Gateway>()).AddSingleton<ILeases, SoleLeases>();
    }

    private static IServiceCollection AddServerEngine(this IServiceCollection services, IConfiguration configuration)
    {
        services.AddNotificationsOptions<RedisOptions>(configuration, "Notifications:Redis", o => o.Validate());
        services.AddNotificationsOptions<PostgresOptions>(configuration, "Notifications:Postgres", _ => []);
        services.AddSingleton<PostgresIdentity>().AddSingleton<ServerEngine>();

        // The engine closes what it opened.
        services.AddSingleton(provider => new Store(provider.GetRequiredService<ServerEngine>().Database, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<IEventLog>(provider => provider.GetRequiredService<ServerEngine>().Log);
        services.AddSingleton(provider => provider.GetRequiredService<PostgresIdentity>().Epoch);
        services.AddHostedService(provider => new PostgresWatch(
            provider.GetRequiredService<PostgresIdentity>(), provider.GetRequiredService<ServerEngine>().Database, provider.GetRequiredService<TimeProvider>()));

        // Whoever commits tells the gateways, wherever they are.
        services.AddSingleton(provider =>
        {
            var engine = provider.GetRequiredService<ServerEngine>();
            var doorbell = new SharedDoorbell(
                engine.Link, provider.GetRequiredService<IOptions<RedisOptions>>().Value, provider.GetRequiredService<Node>(), provider.GetRequiredService<TimeProvider>());
            engine.Database.InDoubt += doorbell.Doubt;
            return doorbell;
        });
        services.AddSingleton<IDoorbell>(provider => provider.GetRequiredService<SharedDoorbell>());
        services.AddHostedService(provider => provider.GetRequiredService<SharedDoorbell>());
        services.AddSingleton<ILeases>(provider => new SharedLeases(
            provider.GetRequiredService<IEventLog>(), provider.GetRequiredService<Store>(), provider.GetRequiredService<Node>(),
            provider.GetRequiredService<ServerEngine>().Link, provider.GetRequiredService<IOptions<RedisOptions>>().Value,
            provider.GetRequiredService<ILogger<SharedLeases>>()));
        return services;
    }

    /// <summary>What a gateway has on the server engine beside itself: who is connected to it, and its ear.</summary>
    private static IServiceCollection AddSharedGateway(this IServiceCollection services) => services
        .AddSingleton(provider => new Presence(
            provider.GetRequiredService<ServerEngine>().Link, provider.GetRequiredService<IOptions<RedisOptions>>().Value, provider.GetRequiredService<Node>()))
        .AddHostedService(provider => new DoorbellListener(
            provider.GetRequiredService<Gateway>(), provider.GetRequiredService<Presence>(), provider.GetRequiredService<ServerEngine>().Link,
            provider.GetRequiredService<IOptions<RedisOptions>>().Value, provider.GetRequiredService<Node>(), provider.GetRequiredService<TimeProvider>()));
}
