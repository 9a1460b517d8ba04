using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Exporters.Json;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using BenchmarkDotNet.Validators;
using Notifications.IntegrationTests.Support;
using Perfolizer.Horology;

namespace Notifications.Benchmarks.Micro;

/// <summary>
/// What each step of an event's path costs in processor time and memory where nothing is waited for: no server, no network, no disk. Run in this
/// process, so that nothing has to be built or restored.
/// </summary>
internal static class MicroBenchmarks
{
    private const int WarmUps = 3, Iterations = 8;

    /// <summary>In the order in which an event meets them.</summary>
    private static readonly Type[] Types =
    [
        typeof(ParsingBenchmarks), typeof(PartitioningBenchmarks), typeof(RecordBenchmarks), typeof(RoutingBenchmarks), typeof(DoorbellBenchmarks),
        typeof(HubMessageBenchmarks), typeof(PumpBenchmarks),
    ];

    /// <summary>Where tables and figures are saved: Markdown and JSON for each class, and <c>micro.md</c> with all of them.</summary>
    public static string Folder { get; } = Path.Combine(Repository.Root, "artifacts", "micro");

    /// <summary>Measures and prints; all of it takes about three minutes, more where much else runs.</summary>
    /// <param name="args">What BenchmarkDotNet understands, such as <c>--filter *Routing*</c>; nothing measures everything.</param>
    /// <returns>0 if everything was measured, else 1.</returns>
    public static int Run(string[] args)
    {
        var load = MicroTables.Load();
        var summaries = BenchmarkSwitcher.FromTypes(Types).Run(args.Length == 0 ? ["--filter", "*"] : args, Config()).ToArray();
        if (summaries.Length > 0)
        {
            File.WriteAllText(Path.Combine(Folder, "micro.md"), MicroTables.Write(summaries, load));
        }

        return summaries.Length > 0 && summaries.All(s => !s.HasCriticalValidationErrors && s.Reports.All(r => r.Success)) ? 0 : 1;
    }

    private static ManualConfig Config() => ManualConfig.CreateEmpty()
        .AddJob(Job.Default
            .WithClock(new ProcessorClock())
            .WithToolchain(InProcessEmitToolchain.Instance)
            .WithWarmupCount(WarmUps)
            .WithIterationCount(Iterations)
            .WithIterationTime(TimeInterval.FromMilliseconds(250)))
        .AddLogger(ConsoleLogger.Default)
        .AddColumnProvider(DefaultColumnProviders.Descriptor, DefaultColumnProviders.Params, DefaultColumnProviders.Metrics)
        .AddColumn(StatisticColumn.Min, StatisticColumn.Median, StatisticColumn.Max)
        .AddValidator(JitOptimizationsValidator.FailOnError)
        .AddExporter(MarkdownExporter.GitHub, JsonExporter.Brief)
        .WithArtifactsPath(Folder);
}
