using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Notifications.Hosting;

/// <summary>Collects what is wrong with a request, by field, so that its sender learns of all of it at once.</summary>
internal sealed class Faults
{
    private const int MaxReported = 50;

    private readonly Dictionary<string, string[]> _byField = new(StringComparer.Ordinal);

    /// <summary>Whether anything is wrong.</summary>
    public bool Any => _byField.Count > 0;

    /// <summary>The first fault: the field and what is wrong with it.</summary>
    /// <exception cref="InvalidOperationException">Nothing is wrong.</exception>
    public (string Field, string Message) First => _byField.Select(f => (f.Key, f.Value[0])).First();

    /// <summary>Notes a fault; of a field that has one already, the first is kept.</summary>
    public void Add(string field, string message)
    {
        if (_byField.Count < MaxReported)
        {
            _byField.TryAdd(field, [message]);
        }
    }

    /// <summary>400 <c>invalid_request</c> with all of them, or null where nothing is wrong.</summary>
    public ProblemHttpResult? ToProblem()
    {
        if (!Any)
        {
            return null;
        }

        var (field, message) = First;
        var more = _byField.Count > 1 ? $" ({_byField.Count - 1} more in errors)" : "";
        return Problems.Of(StatusCodes.Status400BadRequest, "invalid_request", $"{field}: {message}{more}", _byField);
    }
}
