using Notifications.Hosting;

namespace Notifications.Webhooks;

/// <summary>Settings under <c>Notifications:Webhooks</c>.</summary>
public sealed class WebhookOptions
{
    /// <summary>Whether addresses with plain <c>http</c> are taken too. Default: false, in Development true.</summary>
    public bool? AllowHttp { get; set; }

    /// <summary>
    /// What webhooks may reach although it is not on the public internet: host names (also <c>*.corp.example</c>), addresses and networks such as
    /// <c>10.1.0.0/16</c>, each also with a port, as in <c>hooks.internal:8080</c>. Plain <c>http</c> is taken for these. Default: none.
    /// </summary>
    public IList<string> AllowedHosts { get; set; } = [];

    /// <summary>Seconds that one attempt may take from its beginning to the answer, 1 to 120. Default: 15.</summary>
    public int TimeoutSeconds { get; set; } = 15;

    /// <summary>Seconds that connecting may take, 1 to 60. Default: 5.</summary>
    public int ConnectSeconds { get; set; } = 5;

    /// <summary>Hours for which the old secret signs too after a rotation, 0 to 720. Default: 24.</summary>
    public int SecretOverlapHours { get; set; } = 24;

    /// <summary>A webhook whose every attempt has failed for so many hours is disabled, 1 to 720. Default: 72.</summary>
    public int DisableAfterHours { get; set; } = 72;

    /// <summary><see cref="DisableAfterHours"/>.</summary>
    internal TimeSpan DisableAfter => TimeSpan.FromHours(DisableAfterHours);

    /// <summary>What is wrong with these settings.</summary>
    public IEnumerable<string> Validate() => AllowedHosts.Where(entry => !AllowedHost.TryParse(entry, out _))
        .Select(entry => $"Notifications:Webhooks:AllowedHosts holds \"{entry}\"; it must be a host name, an address or a network, with or without a port.")
        .Concat(new[]
        {
            Bounds.Check("Notifications:Webhooks:TimeoutSeconds", TimeoutSeconds, 1, 120),
            Bounds.Check("Notifications:Webhooks:ConnectSeconds", ConnectSeconds, 1, 60),
            Bounds.Check("Notifications:Webhooks:SecretOverlapHours", SecretOverlapHours, 0, 720),
            Bounds.Check("Notifications:Webhooks:DisableAfterHours", DisableAfterHours, 1, 720),
        }.OfType<string>());
}
