using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Notifications.Auth;
using Notifications.Storage;

namespace Notifications.Hosting;

/// <summary>Starts the service and puts it into an application.</summary>
public static partial class ApplicationExtensions
{
    /// <summary>
    /// What must hold before the service listens: (1) its settings are valid, (2) its engine is open, (3) there is a key to call it with, (4)
    /// the key that signs tokens is there.
    /// </summary>
    /// <exception cref="StartupException">It does not; the message says what to do.</exception>
    public static async Task OpenNotificationsAsync(this WebApplication app)
    {
        var options = CheckSettings(app); // (1)
        await (IsServer(app) ? app.Services.GetRequiredService<ServerEngine>().OpenAsync() : app.Services.GetRequiredService<EmbeddedEngine>().OpenAsync()); // (2)
        var store = app.Services.GetRequiredService<Store>();
        await FirstKey.EnsureAsync(store, options, app.Environment); // (3)
        await app.Services.GetRequiredService<TokenIssuer>().OpenAsync(); // (4)
    }

    /// <summary>Checks what <see cref="OpenNotificationsAsync"/> would find, without changing anything.</summary>
    /// <exception cref="StartupException">The service could not start.</exception>
    public static async Task CheckNotificationsAsync(this WebApplication app)
    {
        var options = CheckSettings(app);
        var store = await (IsServer(app)
            ? app.Services.GetRequiredService<ServerEngine>().CheckAsync()
            : app.Services.GetRequiredService<EmbeddedEngine>().CheckAsync());
        await FirstKey.CheckAsync(store, options, app.Environment);
    }

    private static bool IsServer(WebApplication app) => EngineChoice.Of(app.Configuration) == EngineKind.Server;

    /// <summary>The way of every request, from the outside in.</summary>
    public static void UseNotifications(this WebApplication app)
    {
        if (app.Services.GetRequiredService<IOptions<ProxyOptions>>().Value.Forwarding() is { } forwarding)
        {
            app.UseForwardedHeaders(forwarding);
        }

        app.Use((context, next) =>
        {
            // As late as possible: an exception's answer starts over without what was set before.
            context.Response.OnStarting(AddSecurityHeaders, context.Response);
            return next(context);
        });
        app.UseExceptionHandler();
        app.UseStatusCodePages(WriteStatusAsync);
        app.UseRouting();
        app.UseCors();
        app.Use(CheckOriginAsync);
        app.UseAuthentication();
        app.UseAuthorization();
    }

    private static Task AddSecurityHeaders(object response)
    {
        var (answer, headers) = ((HttpResponse)response, ((HttpResponse)response).Headers);
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        if (answer.StatusCode == StatusCodes.Status413PayloadTooLarge && HttpProtocol.IsHttp11(answer.HttpContext.Request.Protocol))
        {
            headers.Connection = "close"; // The rest of the body is not read, so that nothing else can come over this connection: the caller must know.
        }

        return Task.CompletedTask;
    }

    private static AuthOptions CheckSettings(WebApplication app)
    {
        try
        {
            app.Services.GetService<IStartupValidator>()?.Validate();
            var auth = app.Services.GetRequiredService<IOptions<AuthOptions>>().Value;
            if (auth.Jwt.IsConfigured)
            {
                app.Services.GetRequiredService<IOptionsMonitor<Microsoft.AspNetCore.Authentication.JwtBearer.JwtBearerOptions>>()
                    .Get(UserTokens.ExternalScheme);
            }

            var logger = app.Services.GetRequiredService<ILoggerFactory>().CreateLogger("Notifications.Hosting.Settings");
            foreach (var setting in OptionsSetup.UnknownSettings(app.Configuration, app.Services.GetServices<OptionsSection>()))
            {
                LogUnknownSetting(logger, setting);
            }

            return auth;
        }
        catch (OptionsValidationException e)
        {
            throw new StartupException(string.Join(" ", e.Failures), e);
        }
        catch (AggregateException e) when (e.InnerExceptions.All(inner => inner is OptionsValidationException))
        {
            throw new StartupException(string.Join(" ", e.InnerExceptions.Cast<OptionsValidationException>().SelectMany(inner => inner.Failures)), e);
        }
        catch (InvalidOperationException e)
        {
            throw new StartupException(e.Message, e);
        }
    }

    private static Task WriteStatusAsync(StatusCodeContext status)
    {
        var context = status.HttpContext;
        return (context.Response.StatusCode switch
        {
            StatusCodes.Status404NotFound => Problems.NotFound("There is nothing here."),
            StatusCodes.Status405MethodNotAllowed => Problems.Of(
                405, "method_not_allowed", $"{context.Request.Method} is not possible here; possible: {context.Response.Headers.Allow}."),
            StatusCodes.Status413PayloadTooLarge => Problems.Of(413, "payload_too_large", "The body is larger than this endpoint takes."),
            StatusCodes.Status415UnsupportedMediaType => Problems.Of(415, "unsupported_media_type", "The content type is not one that is taken here."),
            var other => TypedResults.Problem(statusCode: other),
        }).ExecuteAsync(context);
    }

    private static Task CheckOriginAsync(HttpContext context, RequestDelegate next) =>
        !context.Request.Path.StartsWithSegments(BearerToken.HubPath)
        || context.RequestServices.GetRequiredService<OriginPolicy>().IsAllowed(context)
            ? next(context)
            : Problems.Of(
                StatusCodes.Status403Forbidden, "origin_not_allowed",
                "Pages of this origin may not connect; the service's operator can list it in Notifications:Cors:Origins.").ExecuteAsync(context);

    [LoggerMessage(2020, LogLevel.Warning, "The setting {Setting} is not known and has no effect; is it misspelt?")]
    private static partial void LogUnknownSetting(ILogger logger, string setting);
}
