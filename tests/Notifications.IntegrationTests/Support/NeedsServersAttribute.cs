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

/// <summary>Tests that need a mail server, which needs Node.js; skipped and failed likewise.</summary>
[AttributeUsage(AttributeTargets.Class)]
public sealed class NeedsMailServerAttribute : Attribute;

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
        private static readonly bool MustRun = Environment.GetEnvironmentVariable("CI") == "true";

        protected override bool FindTestsForMethod(
            ITestMethod testMethod, bool includeSourceInformation, IMessageBus messageBus, ITestFrameworkDiscoveryOptions discoveryOptions)
        {
            var isTest = testMethod.Method.GetCustomAttributes(typeof(FactAttribute)).Any();
            var type = testMethod.TestClass.Class.ToRuntimeType();
            var reason = MustRun || !isTest ? null
                : type.GetCustomAttribute<NeedsServersAttribute>() is not null ? Executables.Missing
                : type.GetCustomAttribute<NeedsMailServerAttribute>() is not null ? SmtpServer.Missing
                : null;
            if (reason is null)
            {
                return base.FindTestsForMethod(testMethod, includeSourceInformation, messageBus, discoveryOptions);
            }

            var skipped = new XunitSkippedDataRowTestCase(
                DiagnosticMessageSink, discoveryOptions.MethodDisplayOrDefault(), discoveryOptions.MethodDisplayOptionsOrDefault(), testMethod, reason);
            return ReportDiscoveredTestCase(skipped, includeSourceInformation, messageBus);
        }
    }

    private sealed class Cleanup : IDisposable
    {
        public void Dispose() => TempFolder.DeleteAll();
    }
}
