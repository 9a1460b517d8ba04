using System.Net;
using Microsoft.AspNetCore.Http;
using Notifications.Auth;

namespace Notifications.Tests.Auth;

public sealed class LocalCallerTests
{
    [Theory]
    [InlineData("127.0.0.1", "127.0.0.1", "localhost", true)]
    [InlineData("::1", "::1", "[::1]:8080", true)]
    [InlineData("::ffff:127.0.0.1", "::ffff:127.0.0.1", "127.0.0.1:8080", true)]
    [InlineData(null, "127.0.0.1", "localhost:8080", true)]
    [InlineData("10.0.0.5", "10.0.0.5", "localhost", false)]
    [InlineData("10.0.0.5", "127.0.0.1", "localhost", false)]
    [InlineData("127.0.0.1", "10.0.0.5", "localhost", false)]
    [InlineData("127.0.0.1", null, "localhost", false)]
    [InlineData("127.0.0.1", "127.0.0.1", "evil.example", false)]
    [InlineData("127.0.0.1", "127.0.0.1", "localhost.evil.example", false)]
    [InlineData("127.0.0.1", "127.0.0.1", "", false)]
    public void Only_a_direct_connection_of_this_machine_is_local(string? socket, string? connection, string host, bool local)
    {
        var request = new DefaultHttpContext().Request;
        request.Host = new HostString(host);
        Assert.Equal(local, LocalCaller.IsLocal(Address(socket), Address(connection), request));

        request.Headers["X-Forwarded-For"] = "127.0.0.1";
        Assert.False(LocalCaller.IsLocal(Address(socket), Address(connection), request));
    }

    private static IPAddress? Address(string? text) => text is null ? null : IPAddress.Parse(text);
}
