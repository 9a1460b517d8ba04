using Microsoft.AspNetCore.Authorization;

namespace Notifications.Auth;

/// <summary>The caller is an API key with a scope; <see cref="Scopes.Admin"/> implies all.</summary>
internal sealed class ScopeRequirement(string scope) : AuthorizationHandler<ScopeRequirement>, IAuthorizationRequirement
{
    /// <summary>The scope that is needed.</summary>
    public string Scope => scope;

    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, ScopeRequirement requirement)
    {
        if (context.User.HasClaim(KeyAuthenticationHandler.ScopeClaim, requirement.Scope)
            || context.User.HasClaim(KeyAuthenticationHandler.ScopeClaim, Scopes.Admin))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}

/// <summary>The caller is a user, with a token of their own.</summary>
internal sealed class UserRequirement : AuthorizationHandler<UserRequirement>, IAuthorizationRequirement
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, UserRequirement requirement)
    {
        if (context.User.HasClaim(claim => claim.Type == Caller.UserClaim))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }
}
