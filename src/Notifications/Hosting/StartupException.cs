namespace Notifications.Hosting;

/// <summary>The service cannot start, for a reason that whoever starts it can mend: the message names the setting. Shown without a stack trace.</summary>
public sealed class StartupException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Secrets that are given as files.</summary>
internal static class SecretFile
{
    /// <summary>The text of a secret's file, without the white space around it.</summary>
    /// <exception cref="StartupException">It cannot be read, or is empty.</exception>
    public static string Read(string setting, string path)
    {
        try
        {
            var text = File.ReadAllText(path).Trim();
            return text.Length > 0 ? text : throw new StartupException($"{setting}: {path} is empty.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new StartupException($"{setting}: {path} cannot be read: {e.Message}", e);
        }
    }
}
