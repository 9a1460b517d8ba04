using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;
using Notifications.Stats;

namespace Notifications.Hosting;

/// <summary>Under which address people reach this service from outside.</summary>
/// <param name="options">May name it.</param>
/// <param name="environment">In Development it is where the service listens, if no other is named.</param>
/// <param name="server">Knows that.</param>
public sealed class PublicAddress(IOptions<NotificationsOptions> options, IHostEnvironment environment, IServer server)
{
    /// <summary>The address without a slash at its end, or null where it is not known.</summary>
    public string? Url => options.Value.PublicUrl is { Length: > 0 } url
        ? url
        : environment.IsDevelopment() && server.Features.Get<IServerAddressesFeature>()?.Addresses.FirstOrDefault() is { } address
            ? LocalNode.Reachable(address, "localhost")
            : null;
}
