using Hangfire;
using Hangfire.Dashboard;
using Hangfire.PostgreSql;
using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Notifications.Auth;
using Notifications.Hosting;
using Notifications.Jobs;
using Npgsql;

namespace Notifications.Hangfire;

/// <summary>Puts Hangfire into the service, in place of the clock that is built in: on the server engine alone, which has the database for it.</summary>
public static class HangfireSetup
{
    private const string Path = "/hangfire";
    private const string Schema = "hangfire";

    /// <summary>The dashboard has styles in its elements; everything else comes from its own address.</summary>
    private const string Policy =
        "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self' data:; object-src 'none'; base-uri 'none'; " +
        "form-action 'self'; frame-ancestors 'none'";

    /// <summary>Registers it; after <see cref="ServiceCollectionExtensions.AddNotifications"/>.</summary>
    public static IServiceCollection AddNotificationsHangfire(this IServiceCollection services, IConfiguration configuration)
    {
        if (EngineChoice.Of(configuration) != EngineKind.Server)
        {
            return services;
        }

        services.AddHangfire(hangfire => hangfire
            .SetDataCompatibilityLevel(CompatibilityLevel.Version_180).UseSimpleAssemblyNameTypeSerializer().UseRecommendedSerializerSettings()
            .UsePostgreSqlStorage(postgres => postgres.UseNpgsqlConnection(ConnectionString(configuration)), new PostgreSqlStorageOptions
            {
                SchemaName = Schema,
                QueuePollInterval = TimeSpan.FromMilliseconds(500),
                EnableLongPolling = false,
                UseSlidingInvisibilityTimeout = true,
                InvisibilityTimeout = TimeSpan.FromSeconds(30), // So late is the job of a node that died begun again.
                DistributedLockTimeout = TimeSpan.FromMinutes(1),
                EnableTransactionScopeEnlistment = false,
                StartupConnectionMaxRetries = 0,
                AllowDegradedModeWithoutStorage = false,
            }));
        services.AddTransient<HangfireJobs>();
        services.AddSingleton<HangfireClock>();
        services.Replace(ServiceDescriptor.Singleton<IJobClock>(provider => provider.GetRequiredService<HangfireClock>()));
        services.TryAddSingleton<IAntiforgery, OperatorAntiforgery>();
        return services.AddSingleton(new OperatorPage(Path, "Hangfire"));
    }

    /// <summary>Opens it: prepares its tables and tells it of the jobs. After the engine, which has waited for the database.</summary>
    /// <exception cref="StartupException">Its database cannot be used.</exception>
    public static async Task OpenNotificationsHangfireAsync(this WebApplication app)
    {
        if (!IsUsed(app))
        {
            return;
        }

        try
        {
            await Task.Run(() => app.Services.GetRequiredService<HangfireClock>().Register());
        }
        catch (Exception e) when (e is NpgsqlException or TimeoutException or BackgroundJobClientException or InvalidOperationException)
        {
            throw new StartupException(
                $"Hangfire cannot use the database in ConnectionStrings:Postgres: {(e.InnerException ?? e).Message} Its user needs the right to create the schema {Schema}.", e);
        }
    }

    /// <summary>Maps the dashboard, for operators, on nodes with the role <c>ingest</c>, which serve everything else for them too.</summary>
    public static void MapNotificationsHangfire(this WebApplication app)
    {
        if (!IsUsed(app) || !app.Services.GetRequiredService<Node>().Has(Roles.Ingest))
        {
            return;
        }

        var sessions = app.Services.GetRequiredService<OperatorSessions>();
        var endpoints = app.MapHangfireDashboard(Path, new DashboardOptions
        {
            DashboardTitle = "Notifications: jobs",
            AppPath = null,
            DisplayStorageConnectionString = false,
            Authorization = [],
            AsyncAuthorization = [new OperatorsOnly()],
            IsReadOnlyFunc = context => !context.GetHttpContext().User.CanOperate(),
        });
        endpoints.Add(endpoint =>
        {
            var dashboard = endpoint.RequestDelegate!;
            endpoint.RequestDelegate = async context =>
            {
                context.Response.Headers.ContentSecurityPolicy = Policy;
                await OperatorAntiforgery.PrepareAsync(context, sessions);
                await dashboard(context);
            };
        });
        endpoints.RequireOperator(); // In front of all that.
    }

    private static bool IsUsed(WebApplication app) =>
        app.Services.GetService<HangfireClock>() is not null && (app.Services.GetRequiredService<Node>().Roles & (Roles.Ingest | Roles.Jobs)) != 0;

    /// <summary>A small pool of its own beside the service's.</summary>
    private static string ConnectionString(IConfiguration configuration)
    {
        var builder = new NpgsqlConnectionStringBuilder(configuration.GetConnectionString("Postgres"))
        {
            ApplicationName = "notifications hangfire",
            MaxPoolSize = 15,
            Enlist = false,
        };
        builder.KeepAlive = builder.KeepAlive == 0 ? 10 : builder.KeepAlive;
        return builder.ConnectionString;
    }

    /// <summary>Holds even if the guard in front were forgotten. The default would let in whoever comes from this machine, and so through a proxy on it.</summary>
    private sealed class OperatorsOnly : IDashboardAsyncAuthorizationFilter
    {
        public Task<bool> AuthorizeAsync(DashboardContext context) => Task.FromResult(context.GetHttpContext().User.CanView());
    }
}
