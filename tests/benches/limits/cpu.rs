//! Processor time: steadier than the clock where something else is at work on the machine.

use std::time::Duration;

use crate::Outcome;

/// What something took.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    /// By the clock.
    pub span: Duration,
    /// Of the processors, by all threads of this process.
    pub cpu: Duration,
}

impl std::ops::Add for Spent {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            span: self.span + other.span,
            cpu: self.cpu + other.cpu,
        }
    }
}

/// What something takes that says itself how long it took. Only this process is asked for its processor time.
pub async fn spent(work: impl Future<Output = Outcome<Duration>>) -> Outcome<Spent> {
    let before = cpu_time("self")?;
    let span = work.await?;
    Ok(Spent {
        span,
        cpu: cpu_time("self")?.saturating_sub(before),
    })
}

/// The processor time of a process so far, user and system, in steps of 10 ms.
pub fn cpu_time(process: &str) -> Outcome<Duration> {
    let stat = std::fs::read_to_string(format!("/proc/{process}/stat"))?;
    // The name of the program stands in brackets and may hold spaces: what follows begins with the third field.
    let (_, fields) = stat
        .rsplit_once(") ")
        .ok_or("stat has a name in brackets")?;
    let mut fields = fields.split(' ').skip(11);
    let mut ticks = || -> Outcome<u64> { Ok(fields.next().ok_or("stat has 15 fields")?.parse()?) };
    let sum = ticks()? + ticks()?;
    // On Linux a tick is a hundredth of a second for all that is shown to programs.
    Ok(Duration::from_millis(sum * 10))
}
