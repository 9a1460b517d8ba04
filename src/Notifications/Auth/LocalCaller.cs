using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http;

namespace Notifications.Auth;

/// <summary>
/// Who may use what only Development has: a program on this machine that connected to this process by itself. Not one that came through a
/// proxy on this machine, and not a page of another site whose name was made to point here.
/// </summary>
public static class LocalCaller
{
    /// <summary>The key of the Development environment: all scopes, tenant <c>default</c>.</summary>
    public const string DevelopmentKey = "sk_dev_local";

    /// <summary>What proxies add, and the names under which it stays once it has been taken into the request.</summary>
    private static readonly string[] ProxyHeaders =
    [
        "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Original-For", "X-Original-Host", "X-Original-Proto", "X-Real-IP", "Forwarded", "Via",
    ];

    private static readonly byte[] KeyBytes = Encoding.UTF8.GetBytes(DevelopmentKey);

    /// <summary>Whether a text is the development key, compared in constant time.</summary>
    public static bool IsDevelopmentKey(string key) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(key), KeyBytes);

    /// <summary>Whether a request comes from this machine, directly, and was meant for it.</summary>
    public static bool IsLocal(HttpContext context)
    {
        // The socket's own address, since what the request says of its origin may have been taken into Connection already.
        var socket = context.Features.Get<IConnectionSocketFeature>()?.Socket.RemoteEndPoint as IPEndPoint;
        return IsLocal(socket?.Address, context.Connection.RemoteIpAddress, context.Request);
    }

    internal static bool IsLocal(IPAddress? socket, IPAddress? connection, HttpRequest request) =>
        connection is not null && IPAddress.IsLoopback(connection)
        && (socket is null || IPAddress.IsLoopback(socket))
        && !ProxyHeaders.Any(request.Headers.ContainsKey)
        && IsLocalHost(request.Host.Host);

    private static bool IsLocalHost(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || host.EndsWith(".localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out var address) && IPAddress.IsLoopback(address));
}
