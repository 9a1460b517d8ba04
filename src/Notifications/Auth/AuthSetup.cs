using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.JwtBearer;
using Microsoft.AspNetCore.Authorization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Notifications.Hosting;

namespace Notifications.Auth;

/// <summary>Registers who may call: schemes, policies, keys and tokens.</summary>
internal static class AuthSetup
{
    private const string AnyScheme = "Bearer";

    /// <summary>
    /// One bearer scheme in front of three: API keys, our users' tokens, an external issuer's. Each scope is a policy of its name, and
    /// <see cref="Scopes.User"/> is the one for users.
    /// </summary>
    public static IServiceCollection AddNotificationsAuth(this IServiceCollection services, IConfiguration configuration, IHostEnvironment environment)
    {
        services.AddNotificationsOptions<AuthOptions>(configuration, "Notifications:Auth", o => o.Validate());
        services.AddSingleton<KeyDirectory>().AddSingleton<TokenIssuer>().AddSingleton<OperatorSessions>().AddSingleton<LoginFailures>();
        services.AddSingleton<IAuthorizationMiddlewareResultHandler, AuthorizationProblems>();

        // Which schemes there are is decided once, at registration; what they hold comes from the validated options.
        var external = (configuration["Notifications:Auth:Jwt:Authority"] ?? configuration["Notifications:Auth:Jwt:SigningKey"]
            ?? configuration["Notifications:Auth:Jwt:SigningKeyFile"]) is not null;
        // What AddAuthentication does, without the key ring for cookies, which would be written to the home directory and protect nothing.
        services.AddAuthenticationCore(options => options.DefaultScheme = AnyScheme).AddWebEncoders();
        services.AddSingleton<IAuthenticationConfigurationProvider, NoSchemeSettings>();
        var authentication = new AuthenticationBuilder(services)
            .AddPolicyScheme(AnyScheme, null, options => options.ForwardDefaultSelector = context => UserTokens.SchemeOf(context, external))
            .AddScheme<AuthenticationSchemeOptions, KeyAuthenticationHandler>(KeyAuthenticationHandler.SchemeName, null)
            .AddJwtBearer(UserTokens.OwnScheme, _ => { });
        services.AddOptions<JwtBearerOptions>(UserTokens.OwnScheme).Configure<IServiceProvider, TimeProvider>(UserTokens.ConfigureOwn);
        if (external)
        {
            authentication.AddJwtBearer(UserTokens.ExternalScheme, _ => { });
            services.AddOptions<JwtBearerOptions>(UserTokens.ExternalScheme).Configure<IOptions<AuthOptions>, TimeProvider>(
                (options, auth, time) => UserTokens.ConfigureExternal(options, auth.Value.Jwt, time, environment));
        }

        var authorization = services.AddAuthorizationBuilder();
        foreach (var scope in Scopes.All)
        {
            authorization.AddPolicy(scope, policy => policy.RequireAuthenticatedUser().AddRequirements(new ScopeRequirement(scope)));
        }

        authorization.AddPolicy(Scopes.User, policy => policy.RequireAuthenticatedUser().AddRequirements(new UserRequirement()));
        return services;
    }

    /// <summary>The framework's own settings for schemes: none, so that nothing but <see cref="AuthOptions"/> says what is accepted.</summary>
    private sealed class NoSchemeSettings : IAuthenticationConfigurationProvider
    {
        public IConfiguration AuthenticationConfiguration { get; } = new ConfigurationBuilder().Build();
    }
}
