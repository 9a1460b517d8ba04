using System.Text;
using Notifications.IntegrationTests.Support;

namespace Notifications.Benchmarks;

/// <summary>
/// A prepared POST. Digits within it can be replaced in place, so that a request that differs from the one before costs no more than writing those.
/// </summary>
internal sealed class Request
{
    /// <summary>Stands where a number goes: sixteen digits.</summary>
    public const string Digits = "1000000000000000";

    private readonly byte[] _bytes;
    private readonly int[] _digits;

    private Request(byte[] bytes)
    {
        _bytes = bytes;
        var found = new List<int>();
        for (var at = 0; bytes.AsSpan(at).IndexOf(Encoding.ASCII.GetBytes(Digits)) is >= 0 and var next; at += next + Digits.Length)
        {
            found.Add(at + next);
        }

        _digits = [.. found];
    }

    /// <summary>What is sent.</summary>
    public ReadOnlyMemory<byte> Bytes => _bytes;

    /// <summary>Prepares one.</summary>
    /// <param name="server">Where.</param>
    /// <param name="path">Which endpoint.</param>
    /// <param name="body">Its body; with <see cref="Digits"/> wherever something is to be replaced.</param>
    /// <param name="contentType">What the body is.</param>
    public static Request Post(Uri server, string path, string body, string contentType = "application/json") => new(Encoding.UTF8.GetBytes(
        $"POST {path} HTTP/1.1\r\nHost: {server.Authority}\r\nAuthorization: Bearer {ServerProcess.DevelopmentKey}\r\n" +
        $"Content-Type: {contentType}\r\nContent-Length: {Encoding.UTF8.GetByteCount(body)}\r\n\r\n{body}"));

    /// <summary>Writes a number over the digits, of 0 to 999,999,999,999,999; the first digit stays 1.</summary>
    /// <param name="which">Which of them, in the order of the body.</param>
    /// <param name="number">The number.</param>
    public void Set(int which, long number)
    {
        var digits = _bytes.AsSpan(_digits[which], Digits.Length);
        for (var i = Digits.Length - 1; i > 0; i--, number /= 10)
        {
            digits[i] = (byte)('0' + (number % 10));
        }
    }
}

/// <summary>Events as producers send them, of the usual size.</summary>
internal static class Bodies
{
    /// <summary>An event to one recipient.</summary>
    /// <param name="to">The recipient, such as <c>user:u1</c>.</param>
    /// <param name="number">Its number.</param>
    /// <param name="id">The producer's id; null for none.</param>
    /// <param name="due">What its data says of when it was due; null for nothing.</param>
    /// <param name="more">More members of it, each with a comma before.</param>
    public static string Event(string to, int number, string? id = null, string? due = null, string more = "") =>
        $$$"""{{{{(id is null ? "" : $"\"id\":\"{id}\",")}}}"type":"bench.event","to":["{{{to}}}"],"title":"Event {{{number}}}","body":"A text of the usual length, as people write them.","priority":"normal","data":{"n":{{{number}}}{{{(due is null ? "" : $",\"due\":{due}")}}}}{{{more}}}}""";

    /// <summary>Events as a JSON array.</summary>
    public static string Array(IEnumerable<string> events) => $"[{string.Join(',', events)}]";

    /// <summary>Events, one on each line.</summary>
    public static string Lines(IEnumerable<string> events) => string.Join('\n', events);
}
