namespace Notifications.Storage;

/// <summary>The store cannot serve right now: away, full, or a commit's outcome is unknown. Trying again later is right.</summary>
public sealed class StoreUnavailableException(string message, Exception? inner = null) : Exception(message, inner);
