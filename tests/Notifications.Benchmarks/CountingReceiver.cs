using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>Somebody's HTTP endpoint that does as little as possible: it reads, counts and answers 204.</summary>
internal sealed class CountingReceiver : IAsyncDisposable
{
    private readonly int _port = Ports.Free();
    private readonly WebApplication _application;
    private Wave _wave = new(int.MaxValue);

    private CountingReceiver()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Url.GetLeftPart(UriPartial.Authority));
        _application = builder.Build();
        _application.Run(HandleAsync);
    }

    /// <summary>Its address.</summary>
    public Uri Url => new(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{_port}/hook"));

    /// <summary>The settings with which a server may reach it.</summary>
    public IReadOnlyDictionary<string, string> Settings =>
        new Dictionary<string, string> { ["Notifications__Webhooks__AllowHttp"] = "true", ["Notifications__Webhooks__AllowedHosts__0"] = Url.Authority };

    /// <summary>The last body that came.</summary>
    public byte[] Body { get; private set; } = [];

    public static async Task<CountingReceiver> StartAsync()
    {
        var receiver = new CountingReceiver();
        await receiver._application.StartAsync();
        return receiver;
    }

    /// <summary>Begins to count anew.</summary>
    /// <param name="count">How many different messages are expected.</param>
    /// <returns>Completes with the last of them.</returns>
    public Wave Expect(int count) => _wave = new Wave(count);

    public ValueTask DisposeAsync() => _application.DisposeAsync();

    private async Task HandleAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        Body = body.ToArray();
        _wave.Add(context.Request.Headers["webhook-id"].ToString());
        context.Response.StatusCode = 204;
    }

    /// <summary>What has come since it was asked for.</summary>
    internal sealed class Wave(int expected)
    {
        private readonly ConcurrentDictionary<string, bool> _ids = new(StringComparer.Ordinal);
        private readonly TaskCompletionSource _all = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _first;
        private int _different, _repeated;

        /// <summary>Messages that came again.</summary>
        public int Repeated => Volatile.Read(ref _repeated);

        /// <summary>Waits until all are there.</summary>
        /// <returns>How many came each second, from the first to the last.</returns>
        public async Task<double> PerSecondAsync(TimeSpan patience)
        {
            try
            {
                await _all.Task.WaitAsync(patience, TimeProvider.System);
            }
            catch (TimeoutException)
            {
                throw new TimeoutException($"Only {_different} of {expected} came.");
            }

            return expected / Stopwatch.GetElapsedTime(_first).TotalSeconds;
        }

        internal void Add(string id)
        {
            Interlocked.CompareExchange(ref _first, Stopwatch.GetTimestamp(), 0);
            if (!_ids.TryAdd(id, true))
            {
                Interlocked.Increment(ref _repeated);
            }
            else if (Interlocked.Increment(ref _different) == expected)
            {
                _all.SetResult();
            }
        }
    }
}
