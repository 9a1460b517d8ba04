namespace Notifications.Storage;

/// <summary>
/// Which history of the store this is: raised when the data turns out to have been restored from an older copy, because positions that clients
/// got since then mean something else now.
/// </summary>
/// <param name="Value">Grows with each restore.</param>
public sealed record StoreEpoch(long Value);
