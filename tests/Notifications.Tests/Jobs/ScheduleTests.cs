using Notifications.Jobs;

namespace Notifications.Tests.Jobs;

public sealed class ScheduleTests
{
    [Fact]
    public void A_schedule_is_the_same_for_both_clocks()
    {
        Assert.Equal(("*/10 * * * *", TimeSpan.FromMinutes(10), "every 10 minutes"), Of(Schedule.Minutes(10)));
        Assert.Equal(("*/1 * * * *", TimeSpan.FromMinutes(1), "every minute"), Of(Schedule.Minutes(1)));
        Assert.Equal(("0 */6 * * *", TimeSpan.FromHours(6), "every 6 hours"), Of(Schedule.Hours(6)));
        Assert.Equal(("0 */1 * * *", TimeSpan.FromHours(1), "every hour"), Of(Schedule.Hours(1)));

        static (string, TimeSpan, string) Of(Schedule schedule) => (schedule.Cron, schedule.Period, schedule.ToString());
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(7)]
    [InlineData(60)]
    [InlineData(120)]
    public void What_cron_cannot_say_is_no_schedule(int count)
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.Minutes(count));
        Assert.Throws<ArgumentOutOfRangeException>(() => Schedule.Hours(count));
    }

    [Fact]
    public void Jobs_have_names_of_their_own_that_fit_into_a_url()
    {
        var jobs = new JobList();
        Assert.Equal(jobs.All.Count, jobs.All.Select(job => job.Name).Distinct().Count());
        Assert.All(jobs.All, job => Assert.Matches("^[a-z][a-z-]{0,30}$", job.Name));
        Assert.All(jobs.All, job => Assert.Same(job, jobs.Find(job.Name)));
    }
}
