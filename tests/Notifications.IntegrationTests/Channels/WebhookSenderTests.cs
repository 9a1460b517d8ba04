using System.Net;
using System.Net.Sockets;
using System.Text;
using Notifications.Channels;
using Notifications.IntegrationTests.Support;
using Notifications.Storage;
using Notifications.Users;
using Notifications.Webhooks;

namespace Notifications.IntegrationTests.Channels;

/// <summary>What the channel makes of what real endpoints do.</summary>
public sealed class WebhookSenderTests : IAsyncLifetime
{
    private const string Id = "dlv_0199f0c52f7b7c3e8a4d5b6c7d8e9f01";
    private static readonly byte[] Body = """{"type":"webhook.test"}"""u8.ToArray();

    private WebhookReceiver _receiver = null!;

    public async Task InitializeAsync() => _receiver = await WebhookReceiver.StartAsync();

    public async Task DisposeAsync() => await _receiver.DisposeAsync();

    [Fact]
    public async Task A_delivery_is_posted_signed_by_both_secrets_while_they_overlap()
    {
        var endpoint = Endpoint(_receiver.Url);
        var outcome = await SendAsync(endpoint with { OldSecret = new byte[24], OldSecretUntil = long.MaxValue });
        Assert.Equal((SendStatus.Sent, "sent", 204), (outcome.Status, outcome.Reason, outcome.Code));
        await SendAsync(endpoint with { OldSecret = new byte[24], OldSecretUntil = 1 });

        var received = await _receiver.WaitAsync(2);
        Assert.Equal(Body, received[0].Body);
        Assert.Equal(Id, received[0].Id);
        Assert.Equal("application/json", received[0].Headers["content-type"]);
        Assert.True(received[0].IsSignedBy(WebhookSecrets.Show(endpoint.Secret)));
        Assert.True(received[0].IsSignedBy(WebhookSecrets.Show(new byte[24])));
        Assert.True(received[1].IsSignedBy(WebhookSecrets.Show(endpoint.Secret)));
        Assert.False(received[1].IsSignedBy(WebhookSecrets.Show(new byte[24])));
    }

    [Fact]
    public async Task A_delivery_tells_of_its_event_with_the_bytes_that_the_producer_sent()
    {
        var endpoint = Endpoint(_receiver.Url);
        const string Content = """{"type":"order.shipped","title":"T\u0041","body":null,"url":null,"imageUrl":null,"data":{"n":1.50},"actions":null,"category":"orders","priority":"high"}""";
        var eventId = Guid.CreateVersion7();
        var delivery = new Outgoing
        {
            Id = Guid.CreateVersion7(),
            Tenant = "acme",
            Kind = "event",
            Target = Ids.Format(Ids.Webhook, endpoint.Id),
            Attempt = 1,
            CreatedAt = TimeProvider.System.GetUtcNow(),
            Recipient = new Profile { UserId = "alice" },
            Config = TenantConfig.Empty with { Webhooks = new Dictionary<Guid, WebhookEndpoint> { [endpoint.Id] = endpoint } },
            Items =
            [
                new(eventId, "order-42", ["user:alice", "topic:a\"b"], DateTimeOffset.FromUnixTimeMilliseconds(1_772_366_400_001), Encoding.UTF8.GetBytes(Content), null, "ntf_1"),
            ],
        };
        using var sender = Sender();
        var channel = new WebhookChannel(sender);
        Assert.Equal(_receiver.Url.GetLeftPart(UriPartial.Authority), channel.Bucket(delivery));
        Assert.Equal(SendStatus.Sent, (await channel.SendAsync(delivery, default)).Status);
        Assert.Equal(SendStatus.Sent, (await channel.SendAsync(delivery with { Kind = "test", Items = [] }, default)).Status);
        var gone = await channel.SendAsync(delivery with { Config = TenantConfig.Empty }, default);
        Assert.Equal((SendStatus.Rejected, "endpoint_removed"), (gone.Status, gone.Reason));

        var received = await _receiver.WaitAsync(2);
        Assert.Equal(Ids.Format(Ids.Delivery, delivery.Id), received[0].Id);
        Assert.Equal(
            $$"""{"type":"order.shipped","timestamp":"2026-03-01T12:00:00.001Z","data":{"eventId":"{{Ids.Format(Ids.Event, eventId)}}","externalId":"order-42","to":["user:alice","topic:a\"b"],"notificationId":"ntf_1","userId":"alice",{{Content[1..]}}"""
            + "}",
            Encoding.UTF8.GetString(received[0].Body));
        Assert.Equal("webhook.test", received[1].Type);
        Assert.Equal(delivery.Target, received[1].Data.GetProperty("webhookId").GetString());
    }

    [Theory]
    [InlineData(200, SendStatus.Sent, "sent")]
    [InlineData(202, SendStatus.Sent, "sent")]
    [InlineData(301, SendStatus.Retry, "http_301")]
    [InlineData(400, SendStatus.Retry, "http_400")]
    [InlineData(404, SendStatus.Retry, "http_404")]
    [InlineData(410, SendStatus.Gone, "http_410")]
    [InlineData(429, SendStatus.Retry, "http_429")]
    [InlineData(500, SendStatus.Retry, "http_500")]
    [InlineData(503, SendStatus.Retry, "http_503")]
    public async Task The_status_decides(int code, SendStatus status, string reason)
    {
        _receiver.Answer = _ => new WebhookAnswer { Status = code, Body = "said\nso" };
        var outcome = await SendAsync(Endpoint(_receiver.Url));
        Assert.Equal((status, reason, code, "said so"), (outcome.Status, outcome.Reason, outcome.Code, outcome.Response));
        Assert.Equal(status == SendStatus.Sent, outcome.Error is null);
    }

    [Theory]
    [InlineData("120", 120, 120)]
    [InlineData("99999999", 86_400, 86_400)]
    [InlineData("-5", null, null)]
    [InlineData("0", null, null)]
    [InlineData("soon", null, null)]
    [InlineData("Fri, 31 Dec 2060 23:59:59 GMT", 86_400, 86_400)]
    [InlineData("Fri, 31 Dec 1999 23:59:59 GMT", null, null)]
    public async Task What_it_asks_to_wait_is_heard_within_bounds(string header, int? from, int? to)
    {
        _receiver.Answer = _ => new WebhookAnswer { Status = 503, RetryAfter = header };
        var wait = (await SendAsync(Endpoint(_receiver.Url))).RetryAfter?.TotalSeconds;
        Assert.Equal(from is null, wait is null);
        Assert.InRange(wait ?? 0, from ?? 0, to ?? 0);
    }

    [Fact]
    public async Task A_redirect_is_not_followed()
    {
        await using var other = await WebhookReceiver.StartAsync();
        _receiver.Answer = _ => new WebhookAnswer { Status = 307, Location = other.Url.AbsoluteUri };
        Assert.Equal("http_307", (await SendAsync(Endpoint(_receiver.Url))).Reason);
        Assert.Equal(0, other.Begun);
    }

    [Fact]
    public async Task An_endless_answer_is_read_only_in_part()
    {
        _receiver.Answer = _ => new WebhookAnswer { Status = 500, Body = new string('x', 1 << 20), Repeat = 1 << 20 };
        var outcome = await SendAsync(Endpoint(_receiver.Url));
        Assert.Equal(("http_500", 500), (outcome.Reason, outcome.Response!.Length));
    }

    [Fact]
    public async Task A_connection_that_breaks_or_is_refused_is_tried_again_later()
    {
        _receiver.Answer = _ => new WebhookAnswer { Drop = true };
        Assert.Equal((SendStatus.Retry, "connection_failed"), Short(await SendAsync(Endpoint(_receiver.Url))));
        await _receiver.StopAsync();
        Assert.Equal((SendStatus.Retry, "connection_failed"), Short(await SendAsync(Endpoint(_receiver.Url))));
    }

    [Fact]
    public async Task An_endpoint_that_does_not_answer_is_a_timeout()
    {
        _receiver.Answer = _ => new WebhookAnswer { Stall = true };
        Assert.Equal((SendStatus.Retry, "timeout"), Short(await SendAsync(Endpoint(_receiver.Url), seconds: 1)));
    }

    [Fact]
    public async Task One_that_does_not_speak_TLS_is_said_to_be_so()
    {
        var url = new UriBuilder(_receiver.Url) { Scheme = "https" }.Uri;
        Assert.Equal((SendStatus.Retry, "tls_failed"), Short(await SendAsync(Endpoint(url))));
    }

    [Fact]
    public async Task A_name_that_does_not_resolve_is_said_to_be_so()
    {
        using var sender = Sender(resolve: (_, _) => throw new SocketException((int)SocketError.HostNotFound));
        var outcome = await sender.SendAsync(Endpoint(new Uri("http://hooks.example.com/")), Id, Body, default);
        Assert.Equal((SendStatus.Retry, "dns_failed"), Short(outcome));
    }

    [Fact]
    public async Task When_the_process_ends_nothing_new_begins()
    {
        using var sender = Sender();
        await Assert.ThrowsAsync<OperationCanceledException>(() => sender.SendAsync(Endpoint(_receiver.Url), Id, Body, new CancellationToken(canceled: true)));
        Assert.Equal(0, _receiver.Begun);
    }

    [Theory]
    [InlineData("http://127.0.0.1:{0}/")]
    [InlineData("http://0x7f000001:{0}/")]
    [InlineData("http://2130706433:{0}/")]
    [InlineData("http://127.1:{0}/")]
    [InlineData("http://localhost:{0}/")]
    [InlineData("http://hooks.example.com:{0}/")]
    public async Task What_is_not_on_the_public_internet_is_not_connected_to(string address)
    {
        using var sender = Sender(allowed: [], resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Loopback, IPAddress.IPv6Loopback, IPAddress.Parse("10.0.0.1")]));
        var outcome = await sender.SendAsync(Endpoint(new Uri(string.Format(null, address, _receiver.Url.Port))), Id, Body, default);
        Assert.Equal((SendStatus.Rejected, "private_address"), Short(outcome));
        Assert.Equal(0, _receiver.Begun);
    }

    /// <summary>
    /// A name that answers with a harmless address when it is checked and with another when it is connected to. Here 127.0.0.1 is the one that is
    /// allowed, and a listener on 127.0.0.2 the one that is to be reached.
    /// </summary>
    [Fact]
    public async Task A_name_is_resolved_once_and_the_connection_goes_to_what_was_checked()
    {
        using var inside = new TcpListener(IPAddress.Parse("127.0.0.2"), _receiver.Url.Port);
        inside.Start();
        var asked = 0;
        using var sender = Sender(
            allowed: ["127.0.0.1/32"],
            resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse(Interlocked.Increment(ref asked) == 1 ? "127.0.0.1" : "127.0.0.2")]));
        var url = new Uri($"http://rebound.example.com:{_receiver.Url.Port}/");
        Assert.Equal(SendStatus.Sent, (await sender.SendAsync(Endpoint(url), Id, Body, default)).Status);
        Assert.Equal(1, asked);

        // Where the connection is gone it is asked again, and refused.
        await _receiver.StopAsync();
        Assert.Equal((SendStatus.Rejected, "private_address"), Short(await sender.SendAsync(Endpoint(url), Id, Body, default)));
        Assert.False(inside.Pending());
        Assert.Single(_receiver.Received);
    }

    [Fact]
    public async Task Of_several_addresses_only_those_that_are_allowed_are_connected_to()
    {
        using var inside = new TcpListener(IPAddress.Parse("127.0.0.2"), _receiver.Url.Port);
        inside.Start();
        using var sender = Sender(
            allowed: ["127.0.0.1", "127.0.0.3"],
            resolve: (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("127.0.0.2"), IPAddress.Parse("127.0.0.3"), IPAddress.Parse("127.0.0.1")]));
        var url = new Uri($"http://mixed.example.com:{_receiver.Url.Port}/");
        Assert.Equal(SendStatus.Sent, (await sender.SendAsync(Endpoint(url), Id, Body, default)).Status);
        Assert.False(inside.Pending());
    }

    private static (SendStatus, string) Short(SendOutcome outcome) => (outcome.Status, outcome.Reason);

    private static WebhookEndpoint Endpoint(Uri url) => new() { Id = Guid.CreateVersion7(), Url = url, Types = [], Secret = new byte[] { 1, 2, 3, 4 } };

    private WebhookSender Sender(IList<string>? allowed = null, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, int seconds = 60)
    {
        var options = new WebhookOptions { AllowHttp = true, AllowedHosts = allowed ?? [_receiver.Host], TimeoutSeconds = seconds, ConnectSeconds = 60 };
        return new WebhookSender(options, new WebhookTargets(options, development: false), TimeProvider.System, resolve ?? Dns.GetHostAddressesAsync);
    }

    private async Task<SendOutcome> SendAsync(WebhookEndpoint endpoint, int seconds = 60)
    {
        using var sender = Sender(seconds: seconds);
        return await sender.SendAsync(endpoint, Id, Body, default);
    }
}
