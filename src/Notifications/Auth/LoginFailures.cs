using System.Net;
using System.Net.Sockets;

namespace Notifications.Auth;

/// <summary>
/// Counts keys that were not valid, by the address they came from, minute by minute. A key cannot be guessed; this keeps those who try from costing
/// much, and shows them that it is of no use.
/// </summary>
internal sealed class LoginFailures(TimeProvider time)
{
    private const int MaxPerMinute = 10;
    private const int MaxAddresses = 10_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<IPAddress, int> _counts = [];
    private long _minute;

    /// <summary>How many seconds to wait before another attempt; null where there is no need to.</summary>
    public int? WaitSeconds(IPAddress? address)
    {
        lock (_lock)
        {
            var now = Turn();
            return _counts.GetValueOrDefault(Network(address)) < MaxPerMinute ? null : 60 - (int)(now.ToUnixTimeSeconds() % 60);
        }
    }

    /// <summary>Notes an attempt that failed.</summary>
    public void Add(IPAddress? address)
    {
        lock (_lock)
        {
            Turn();
            var network = Network(address);
            if (_counts.TryGetValue(network, out var count))
            {
                _counts[network] = count + 1;
            }
            else if (_counts.Count < MaxAddresses)
            {
                _counts.Add(network, 1);
            }
        }
    }

    private DateTimeOffset Turn()
    {
        var now = time.GetUtcNow();
        var minute = now.ToUnixTimeSeconds() / 60;
        if (minute != _minute)
        {
            _minute = minute;
            _counts.Clear();
        }

        return now;
    }

    /// <summary>Of IPv6 the half that a provider hands out as one.</summary>
    private static IPAddress Network(IPAddress? address)
    {
        if (address is null || address.IsIPv4MappedToIPv6)
        {
            return address?.MapToIPv4() ?? IPAddress.None;
        }

        return address.AddressFamily == AddressFamily.InterNetworkV6 ? new IPAddress([.. address.GetAddressBytes()[..8], 0, 0, 0, 0, 0, 0, 0, 0]) : address;
    }
}
