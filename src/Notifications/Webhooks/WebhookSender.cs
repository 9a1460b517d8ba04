using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using Notifications.Channels;

namespace Notifications.Webhooks;

/// <summary>Sends one signed request and says what came of it.</summary>
public sealed class WebhookSender : IDisposable
{
    /// <summary>Bytes of an answer that are read.</summary>
    internal const int MaxResponse = 64 * 1024;

    private const int KeptCharacters = 500;

    /// <summary>How long an attempt that is under way is waited for when the process ends.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromHours(24);

    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;
    private readonly TimeSpan _timeout;

    /// <param name="options">How long things may take.</param>
    /// <param name="targets">Where it may go.</param>
    /// <param name="time">The clock of signatures and timeouts.</param>
    /// <param name="resolve">Resolves names.</param>
    internal WebhookSender(WebhookOptions options, WebhookTargets targets, TimeProvider time, Func<string, CancellationToken, Task<IPAddress[]>> resolve)
    {
        _time = time;
        _timeout = TimeSpan.FromSeconds(options.TimeoutSeconds);
        _http = new HttpMessageInvoker(new WebhookConnections(targets, resolve).Handler(TimeSpan.FromSeconds(options.ConnectSeconds)));
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    /// <summary>Sends once.</summary>
    /// <param name="endpoint">Where to, and with which secrets.</param>
    /// <param name="id">The message's id; the same at every attempt.</param>
    /// <param name="body">JSON.</param>
    /// <param name="cancellationToken">The process ends; what has begun is given a few seconds more.</param>
    /// <exception cref="OperationCanceledException">The process ends.</exception>
    internal async Task<SendOutcome> SendAsync(WebhookEndpoint endpoint, string id, byte[] body, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        using var timeout = new CancellationTokenSource(_timeout, _time);
        using var ending = new CancellationTokenSource(Timeout.InfiniteTimeSpan, _time);
        using var end = cancellationToken.UnsafeRegister(static source => ((CancellationTokenSource)source!).CancelAfter(Grace), ending);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timeout.Token, ending.Token);
        try
        {
            using var request = Request(endpoint, id, body);
            using var response = await _http.SendAsync(request, either.Token);
            return Outcome(response, await BeginningAsync(response, either.Token), _time.GetUtcNow());
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException or SocketException or AuthenticationException)
        {
            if (ending.IsCancellationRequested && !timeout.IsCancellationRequested)
            {
                throw new OperationCanceledException("The process ends.", e, cancellationToken);
            }

            return Failure(e, timeout.IsCancellationRequested);
        }
    }

    private HttpRequestMessage Request(WebhookEndpoint endpoint, string id, byte[] body)
    {
        var now = _time.GetUtcNow();
        var request = new HttpRequestMessage(HttpMethod.Post, endpoint.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("User-Agent", "Notifications-Webhooks/1");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSecrets.Sign(endpoint, id, now, body));
        return request;
    }

    /// <summary>What an answer means.</summary>
    private static SendOutcome Outcome(HttpResponseMessage response, string? beginning, DateTimeOffset now)
    {
        var code = (int)response.StatusCode;
        if (response.IsSuccessStatusCode)
        {
            return new(SendStatus.Sent, "sent", Code: code, Response: beginning);
        }

        var status = response.StatusCode == HttpStatusCode.Gone ? SendStatus.Gone : SendStatus.Retry;
        var error = code is >= 300 and < 400 ? $"The endpoint answered {code}; redirects are not followed." : $"The endpoint answered {code}.";
        return new(status, string.Create(CultureInfo.InvariantCulture, $"http_{code}"), error, code, beginning, RetryAfter(response, now));
    }

    private static TimeSpan? RetryAfter(HttpResponseMessage response, DateTimeOffset now)
    {
        var asked = response.Headers.RetryAfter is { } header ? header.Delta ?? (header.Date - now) : null;
        return asked is not { } wait || wait <= TimeSpan.Zero ? null : wait < MaxRetryAfter ? wait : MaxRetryAfter;
    }

    /// <summary>What became of an attempt without an answer.</summary>
    private static SendOutcome Failure(Exception e, bool timedOut)
    {
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            switch (cause)
            {
                case PrivateAddressException:
                    return new(SendStatus.Rejected, "private_address", cause.Message);
                case AuthenticationException:
                    return new(SendStatus.Retry, "tls_failed", cause.Message);
                case SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain or SocketError.NoRecovery }:
                    return new(SendStatus.Retry, "dns_failed", cause.Message);
                case TimeoutException:
                    return new(SendStatus.Retry, "timeout", "The endpoint took too long to connect to.");
            }
        }

        if (timedOut || e is OperationCanceledException)
        {
            return new(SendStatus.Retry, "timeout", "The endpoint took too long to answer.");
        }

        return e is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError }
            ? new(SendStatus.Retry, "tls_failed", e.Message)
            : new(SendStatus.Retry, "connection_failed", (e.InnerException ?? e).Message);
    }

    /// <summary>The beginning of the answer's body, as text; null where it is empty or cannot be read. What counts is the status.</summary>
    private static async Task<string?> BeginningAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.Content.Headers.ContentLength == 0 || response.StatusCode == HttpStatusCode.NoContent)
        {
            return null;
        }

        var bytes = ArrayPool<byte>.Shared.Rent(MaxResponse);
        var length = 0;
        try
        {
            await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
            for (int read; length < MaxResponse && (read = await stream.ReadAsync(bytes.AsMemory(length, MaxResponse - length), cancellationToken)) > 0;)
            {
                length += read;
            }
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or IOException)
        {
            // What there is of it will do.
        }

        var beginning = Encoding.UTF8.GetString(bytes, 0, Math.Min(length, KeptCharacters * 4));
        ArrayPool<byte>.Shared.Return(bytes);
        var text = new StringBuilder();
        foreach (var rune in beginning.EnumerateRunes())
        {
            if (text.Length + rune.Utf16SequenceLength > KeptCharacters)
            {
                break;
            }

            text.Append(Rune.IsControl(rune) ? " " : rune.ToString());
        }

        return text.ToString().Trim() is { Length: > 0 } shown ? shown : null;
    }
}
