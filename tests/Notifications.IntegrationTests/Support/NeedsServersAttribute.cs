using System.Reflection;
using Xunit.Abstractions;
using Xunit.Sdk;

[assembly: TestFramework("Notifications.IntegrationTests.Support.ServerTestFramework", "Notifications.IntegrationTests")]

namespace Notifications.IntegrationTests.Support;

/// <summary>
/// Tests that need Redis and PostgreSQL. Where these are not installed they are skipped and say why; under CI they fail.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsServersAttribute : Attribute;

/// <summary>xunit, but for classes with <see cref="NeedsServersAttribute"/>, whose tests are inherited and so cannot carry a reason themselves.</summary>
public sealed class ServerTestFramework : XunitTestFramework
{
    /// <summary>Called by the runner.</summary>
    public ServerTestFramework(IMessageSink messages)
        : base(messages) => DisposalTracker.Add(new Cleanup()); // The end of the process comes too fast to delete much then.

    /// <inheritdoc/>
    protected override ITestFrameworkDiscoverer CreateDiscoverer(IAssemblyInfo assemblyInfo) =>
        new Discoverer(assemblyInfo, SourceInformationProvider, DiagnosticMessageSink);

    private sealed class Discoverer(IAssemblyInfo assembly, ISourceInformationProvider source, IMessageSink messages)
        : XunitTestFrameworkDiscoverer(assembly, source, messages)
    {
        private static readonly string? Reason = Environment.GetEnvironmentVariable("CI") == "true" ? null : Executables.Missing;

        protected override bool FindTestsForMethod(
            ITestMethod testMethod, bool includeSourceInformation, IMessageBus messageBus, ITestFrameworkDiscoveryOptions discoveryOptions)
        {
            var isTest = testMethod.Method.GetCustomAttributes(typeof(FactAttribute)).Any();
            if (Reason is null || !isTest || testMethod.TestClass.Class.ToRuntimeType().GetCustomAttribute<NeedsServersAttribute>() is null)
            {
                return base.FindTestsForMethod(testMethod, includeSourceInformation, messageBus, discoveryOptions);
            }

            var skipped = new XunitSkippedDataRowTestCase(
                DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod, Reason);
            return ReportDiscoveredTestCase(skipped, includeSourceInformation, messageBus);
        }
    }

    private sealed class Cleanup : IDisposable
    {
        public void Dispose() => TempFolder.DeleteAll();
    }
}
