using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Notifications.Hosting;

namespace Notifications.Events;

/// <summary>
/// A whole request body in contiguous memory: the server's own where it arrived in one piece, as most events do, otherwise a pooled array.
/// Valid until it is disposed of.
/// </summary>
internal readonly struct RequestBody : IDisposable
{
    private readonly PipeReader? _pipe;
    private readonly ReadOnlySequence<byte> _piece;
    private readonly byte[]? _rented;

    private RequestBody(PipeReader pipe, ReadOnlySequence<byte> piece)
    {
        (_pipe, _piece) = (pipe, piece);
        Bytes = piece.First;
    }

    private RequestBody(byte[] rented, int length)
    {
        _rented = rented;
        Bytes = rented.AsMemory(0, length);
    }

    private RequestBody(ProblemHttpResult problem) => Problem = problem;

    /// <summary>The body.</summary>
    public ReadOnlyMemory<byte> Bytes { get; }

    /// <summary>Why there is no body, or null.</summary>
    public ProblemHttpResult? Problem { get; }

    /// <summary>Reads the body of a request, however it is sent.</summary>
    /// <param name="context">The request.</param>
    /// <param name="limit">How many bytes it may have; both the server and this method stop there.</param>
    /// <exception cref="OperationCanceledException">The caller went away.</exception>
    public static async ValueTask<RequestBody> ReadAsync(HttpContext context, int limit)
    {
        if (context.Request.ContentLength > limit)
        {
            return TooLarge(limit);
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            size.MaxRequestBodySize = limit;
        }

        try
        {
            return await ReadAsync(context.Request, limit, context.RequestAborted);
        }
        catch (BadHttpRequestException e) when (e.StatusCode == StatusCodes.Status413PayloadTooLarge)
        {
            return TooLarge(limit);
        }
        catch (BadHttpRequestException e)
        {
            // Chunks that are none, an end that comes too early, bytes that come too slowly.
            return new RequestBody(Problems.Of(e.StatusCode, "bad_request", e.Message));
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _pipe?.AdvanceTo(_piece.End);
        if (_rented is not null)
        {
            ArrayPool<byte>.Shared.Return(_rented);
        }
    }

    private static async ValueTask<RequestBody> ReadAsync(HttpRequest request, int limit, CancellationToken cancellationToken)
    {
        var pipe = request.BodyReader;
        var result = await pipe.ReadAsync(cancellationToken);
        if (result.IsCompleted && result.Buffer.IsSingleSegment && result.Buffer.Length <= limit)
        {
            return new RequestBody(pipe, result.Buffer);
        }

        var rented = ArrayPool<byte>.Shared.Rent((int)Math.Max(request.ContentLength ?? 0, result.Buffer.Length));
        var length = 0;
        try
        {
            while (true)
            {
                var buffer = result.Buffer;
                if (length + buffer.Length > limit)
                {
                    pipe.AdvanceTo(buffer.End);
                    return TooLarge(limit);
                }

                Grow(ref rented, length, length + (int)buffer.Length);
                buffer.CopyTo(rented.AsSpan(length));
                length += (int)buffer.Length;
                pipe.AdvanceTo(buffer.End);
                if (result.IsCompleted)
                {
                    var body = new RequestBody(rented, length);
                    rented = [];
                    return body;
                }

                result = await pipe.ReadAsync(cancellationToken);
            }
        }
        finally
        {
            if (rented.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static void Grow(ref byte[] rented, int used, int needed)
    {
        if (rented.Length < needed)
        {
            var larger = ArrayPool<byte>.Shared.Rent(Math.Max(needed, rented.Length * 2));
            rented.AsSpan(0, used).CopyTo(larger);
            ArrayPool<byte>.Shared.Return(rented);
            rented = larger;
        }
    }

    private static RequestBody TooLarge(int limit) => new(Problems.Of(
        StatusCodes.Status413PayloadTooLarge, EventRefusal.PayloadTooLarge, $"The request body is at most {limit / 1024} KiB."));
}
