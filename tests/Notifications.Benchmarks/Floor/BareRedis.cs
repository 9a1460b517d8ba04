using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using StackExchange.Redis;

namespace Notifications.Benchmarks;

/// <summary>A stream that each request appends to by itself, with the fields that an entry of the event log has.</summary>
internal static class BareRedis
{
    /// <summary>The stream.</summary>
    public const string Stream = "floor:log";

    /// <summary>Maps <c>/xadd</c>.</summary>
    public static async Task MapRedisAsync(this WebApplication app, int port)
    {
        var link = await ConnectionMultiplexer.ConnectAsync(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{port}"));
        var database = link.GetDatabase();
        RedisKey stream = Stream;
        app.MapPost("/xadd", async (HttpContext context) =>
        {
            var body = new byte[(int)context.Request.ContentLength!.Value];
            await context.Request.Body.ReadExactlyAsync(body);
            await database.ExecuteAsync(
                "XADD", stream, "*", "p", "1795379123456-0", "n", "123456", "c", "55555555", "i", Guid.CreateVersion7().ToByteArray(), "t", "default", "d", body);
            return BareHubSetup.Answer();
        });
    }
}
