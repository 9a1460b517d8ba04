namespace Notifications.Templates;

/// <summary>What one rendering may cost. Steps are what bounds it; the clock is for what a step can hide.</summary>
internal sealed class TemplateBudget(TimeProvider time)
{
    /// <summary>Rounds of loops, and values and texts that are written.</summary>
    public const int MaxSteps = 20_000;

    /// <summary>Bytes, nearly, of one field; a subject, title or body of the inbox has a limit of its own.</summary>
    public const int MaxLength = 256 * 1024;

    /// <summary>How long it may take. The first renderings of a process also compile the engine.</summary>
    public static readonly TimeSpan MaxTime = TimeSpan.FromSeconds(2);

    private readonly long _start = time.GetTimestamp();
    private int _steps;

    /// <summary>Counts a step.</summary>
    /// <exception cref="TemplateException">It was one too many.</exception>
    public void Step()
    {
        if (++_steps > MaxSteps)
        {
            throw new TemplateException("template_too_slow", $"The template takes more than {MaxSteps} steps.");
        }

        if ((_steps & 63) == 0 && time.GetElapsedTime(_start) > MaxTime)
        {
            throw new TemplateException("template_too_slow", $"The template takes longer than {MaxTime.TotalSeconds} seconds.");
        }
    }
}
