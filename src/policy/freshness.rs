//! How long an entry lives, and when a request renews it early.

use crate::dice::{Stream, round_ns, unit_open_zero};
use crate::model::{Jitter, Nanos, Refresh, RefreshMode, Spread, Ttl};

/// The instant of an entry that never expires.
pub const NEVER: Nanos = Nanos::MAX;

/// Expiry of an entry that is filled now.
#[inline]
pub fn expiry(ttl: Ttl, jitter: Jitter, now: Nanos, dice: &mut Stream) -> Nanos {
    let Ttl::After { ns } = ttl else { return NEVER };
    let amount = |spread| match spread {
        Spread::Time { ns } => ns as f64,
        Spread::Share { share } => ns as f64 * share,
    };
    let life = match jitter {
        Jitter::None => ns,
        Jitter::Plus(spread) => round_ns(ns as f64 + amount(spread) * unit_open_zero(dice)),
        Jitter::Around(spread) => round_ns(ns as f64 + amount(spread) * (2.0 * unit_open_zero(dice) - 1.0)),
    };
    now.saturating_add(life)
}

/// Action of a lookup on an entry that it found alive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Renewal {
    Keep,
    /// The request itself goes on to the level below.
    Inline,
    /// The request is answered, a background refresh is started.
    Background,
}

/// An early refresh: decides at every hit whether the entry is to be renewed before it expires.
pub trait OwnRefresh {
    /// Action on an entry that was found alive; `dice` is a stream of its own.
    fn renewal(&mut self, found: &Found, dice: &mut Stream) -> Renewal;
}

/// A live entry, as a lookup finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Found {
    pub key: u32,
    pub now_ns: Nanos,
    /// Later than now.
    pub expiry_ns: Nanos,
    /// Of the class of the key in this tier, before jitter.
    pub ttl: Ttl,
    /// How long the fetch took that filled it.
    pub fetch_ns: Nanos,
}

/// Who decides on the early refreshes of a tier.
pub enum Renewer {
    /// Nobody.
    Nobody,
    /// The policy of the scenario.
    Scenario(Refresh),
    /// A policy from outside the crate.
    Own(Box<dyn OwnRefresh>),
}

impl Renewer {
    /// The policy of the scenario, unless there is one of the caller's own.
    pub fn new(refresh: Refresh, own: Option<Box<dyn OwnRefresh>>) -> Renewer {
        match (own, refresh) {
            (Some(own), _) => Renewer::Own(own),
            (None, Refresh::None | Refresh::StaleWhileRevalidate { .. }) => Renewer::Nobody,
            (None, refresh) => Renewer::Scenario(refresh),
        }
    }

    /// Whether anybody decides at all.
    pub fn may_renew(&self) -> bool {
        !matches!(self, Renewer::Nobody)
    }

    /// Action on an entry that was found alive.
    #[inline(always)]
    pub fn renewal(&mut self, found: Found, dice: &mut Stream) -> Renewal {
        match self {
            Renewer::Nobody => Renewal::Keep,
            Renewer::Scenario(refresh) => {
                renewal(*refresh, found.ttl, found.now_ns, found.expiry_ns, found.fetch_ns, dice)
            }
            Renewer::Own(own) => own.renewal(&found, dice),
        }
    }
}

/// Decides on an early refresh.
///
/// XFetch (Vattani, Chierichetti, Lowenstein, VLDB 2015, algorithm 2): refresh if
/// `now - delta * beta * ln(U) >= expiry`, with delta the measured time of the last fetch.
#[inline]
pub fn renewal(
    refresh: Refresh,
    ttl: Ttl,
    now: Nanos,
    expiry: Nanos,
    delta_ns: Nanos,
    dice: &mut Stream,
) -> Renewal {
    let left = (expiry - now) as f64;
    let early = match refresh {
        Refresh::None | Refresh::StaleWhileRevalidate { .. } => return Renewal::Keep,
        Refresh::XFetch { beta, .. } => -libm::log(unit_open_zero(dice)) * beta * delta_ns as f64 >= left,
        Refresh::Uniform { window_ns, .. } => unit_open_zero(dice) * window_ns as f64 >= left,
        Refresh::Ahead { fraction, .. } => match ttl {
            Ttl::After { ns } => left <= (1.0 - fraction) * ns as f64,
            Ttl::None => false,
        },
    };
    match refresh {
        _ if !early => Renewal::Keep,
        Refresh::XFetch { mode: RefreshMode::Background, .. } | Refresh::Ahead { .. } => Renewal::Background,
        _ => Renewal::Inline,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dice::stream;

    const SECOND: Nanos = 1_000_000_000;

    #[test]
    fn jitter_stays_within_its_bounds() {
        let mut dice = stream(1, 0, "test");
        let ttl = Ttl::After { ns: 300 * SECOND };
        for _ in 0..10_000 {
            let plus = expiry(ttl, Jitter::Plus(Spread::Time { ns: 30 * SECOND }), 0, &mut dice);
            assert!((300 * SECOND..=330 * SECOND).contains(&plus));
            let around = expiry(ttl, Jitter::Around(Spread::Share { share: 0.1 }), 0, &mut dice);
            assert!((270 * SECOND..=330 * SECOND).contains(&around));
        }
        assert_eq!(expiry(Ttl::None, Jitter::None, 5, &mut dice), NEVER);
    }

    #[test]
    fn xfetch_refreshes_with_the_published_probability() {
        // P(refresh) with s left is e^(-s / (beta delta)): with s = 2 s, delta = 1 s, beta = 1 it is .1353.
        let mut dice = stream(2, 0, "test");
        let refresh = Refresh::XFetch { beta: 1.0, mode: RefreshMode::Inline, grace_ns: None };
        let ttl = Ttl::After { ns: 60 * SECOND };
        let early = (0..200_000)
            .filter(|_| renewal(refresh, ttl, 58 * SECOND, 60 * SECOND, SECOND, &mut dice) == Renewal::Inline)
            .count();
        assert!((early as f64 / 200_000.0 - 0.13534).abs() < 0.003, "{early}");
    }
    /// How many of 200,000 lookups of an entry with so much time left renew it, as a share.
    fn renewed(refresh: Refresh, left_ns: Nanos, delta_ns: Nanos, how: Renewal) -> f64 {
        let (ttl, now) = (Ttl::After { ns: 60 * SECOND }, 7 * SECOND);
        let mut dice = stream(3, 0, "test");
        let renew = |_: &u32| renewal(refresh, ttl, now, now + left_ns, delta_ns, &mut dice) == how;
        f64::from((0..200_000).filter(renew).count() as u32) / 200_000.0
    }

    #[test]
    fn beta_and_the_time_of_the_fetch_stretch_the_time_before_the_expiry() {
        // With beta 0.3 and a fetch of 2 s: e^(-1.5/0.6) = 0.0821 at 1.5 s, and with 5 s: e^-1 = 0.3679.
        let refresh = Refresh::XFetch { beta: 0.3, mode: RefreshMode::Background, grace_ns: None };
        let at = |delta_ns| renewed(refresh, 3 * SECOND / 2, delta_ns, Renewal::Background);
        assert!((at(2 * SECOND) - 0.0821).abs() < 0.002, "{}", at(2 * SECOND));
        assert!((at(5 * SECOND) - 0.3679).abs() < 0.004, "{}", at(5 * SECOND));
        // What was there from the start took no time to fetch.
        assert_eq!(at(0), 0.0);
    }

    #[test]
    fn a_uniform_window_renews_in_proportion_to_what_has_passed_of_it() {
        // 5 U >= 1.5 with probability 0.7.
        let refresh = Refresh::Uniform { window_ns: 5 * SECOND, grace_ns: None };
        let at = |left_ns| renewed(refresh, left_ns, SECOND, Renewal::Inline);
        assert!((at(3 * SECOND / 2) - 0.7).abs() < 0.004, "{}", at(3 * SECOND / 2));
        assert_eq!(at(5 * SECOND + 1), 0.0);
    }

    #[test]
    fn ahead_of_time_is_after_its_share_of_the_ttl() {
        let mut dice = stream(4, 0, "test");
        let mut at = |fraction, left_ns: Nanos| {
            let ttl = Ttl::After { ns: 10_000 };
            renewal(Refresh::Ahead { fraction, grace_ns: None }, ttl, 500, 500 + left_ns, 7, &mut dice)
        };
        assert_eq!([at(0.8, 2_001), at(0.8, 1_999)], [Renewal::Keep, Renewal::Background]);
        assert_eq!([at(0.3, 7_001), at(0.3, 6_999)], [Renewal::Keep, Renewal::Background]);
        assert_eq!(
            renewal(Refresh::Ahead { fraction: 0.8, grace_ns: None }, Ttl::None, 0, 1, 7, &mut dice),
            Renewal::Keep
        );
    }

    /// Least, mean and greatest of 100,000 lifetimes of 300 s, in tenths of a second.
    fn lives(jitter: Jitter) -> [f64; 3] {
        let mut dice = stream(5, 0, "test");
        let ttl = Ttl::After { ns: 300 * SECOND };
        let lives: Vec<f64> = (0..100_000)
            .map(|_| (expiry(ttl, jitter, 9 * SECOND, &mut dice) - 9 * SECOND) as f64 / 1e9)
            .collect();
        let least = lives.iter().copied().fold(f64::MAX, f64::min);
        let greatest = lives.iter().copied().fold(0.0, f64::max);
        [least, lives.iter().sum::<f64>() / 1e5, greatest].map(|life| (life * 10.0).round() / 10.0)
    }

    #[test]
    fn jitter_is_uniform_between_its_bounds() {
        // The mean of so many has a standard error of 0.05 s at most.
        for (jitter, [least, mean, greatest]) in [
            (Jitter::None, [300.0, 300.0, 300.0]),
            (Jitter::Plus(Spread::Time { ns: 50 * SECOND }), [300.0, 325.0, 350.0]),
            (Jitter::Plus(Spread::Share { share: 0.2 }), [300.0, 330.0, 360.0]),
            (Jitter::Around(Spread::Time { ns: 20 * SECOND }), [280.0, 300.0, 320.0]),
            (Jitter::Around(Spread::Share { share: 0.1 }), [270.0, 300.0, 330.0]),
        ] {
            let found = lives(jitter);
            let near = [least, mean, greatest]
                .iter()
                .zip(found)
                .all(|(expected, found)| (expected - found).abs() <= 0.2);
            assert!(near, "{jitter:?}: {found:?}");
        }
    }
}
