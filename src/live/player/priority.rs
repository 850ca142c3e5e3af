//! Threads that have to be on time.

use std::sync::atomic::{AtomicBool, Ordering};

/// Whether the system has refused it once.
static REFUSED: AtomicBool = AtomicBool::new(false);

/// Gives the present thread a real-time schedule where the system allows it; without one, other processes may make it late,
/// which is measured.
pub fn raise() {
    if !try_raise() {
        REFUSED.store(true, Ordering::Relaxed);
    }
}

/// Whether all threads that asked for it have a real-time schedule.
pub fn is_raised() -> bool {
    !REFUSED.load(Ordering::Relaxed)
}

fn try_raise() -> bool {
    use thread_priority::{
        RealtimeThreadSchedulePolicy, ThreadPriority, ThreadSchedulePolicy, set_thread_priority_and_policy,
        thread_native_id,
    };
    let Ok(priority) = ThreadPriority::try_from(10u8) else { return false };
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::Fifo);
    set_thread_priority_and_policy(thread_native_id(), priority, policy).is_ok()
}
