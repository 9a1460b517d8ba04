using System.Runtime.InteropServices;

namespace Notifications.Storage;

/// <summary>
/// A hash that is the same in every process and version, for what is stored or shared between nodes: FNV-1a over UTF-16 code units,
/// finished with the mixer of SplitMix64 (FNV alone spreads its low bits badly).
/// </summary>
public static class StableHash
{
    /// <summary>Hashes a text.</summary>
    public static ulong Of(ReadOnlySpan<char> text) => Mix(Fnv(0xcbf29ce484222325, text));

    /// <summary>Hashes a pair; <c>("ab", "c")</c> and <c>("a", "bc")</c> differ.</summary>
    public static ulong Of(ReadOnlySpan<char> first, ReadOnlySpan<char> second) =>
        Mix(Fnv((Fnv(0xcbf29ce484222325, first) ^ 0x1F) * 0x100000001b3, second));

    internal static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }

    private static ulong Fnv(ulong hash, ReadOnlySpan<char> text)
    {
        foreach (var unit in MemoryMarshal.Cast<char, ushort>(text))
        {
            hash = (hash ^ unit) * 0x100000001b3;
        }

        return hash;
    }
}
