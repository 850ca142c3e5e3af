//! Random sizes and lengths of time.

use serde::Serialize;

/// A size in bytes, fixed per key.
#[derive(Clone, Copy, Debug, Serialize)]
pub enum Size {
    Constant {
        bytes: u64,
    },
    /// `exp(mu + sigma z)`; `min_bytes..=max_bytes` bounds it.
    Lognormal {
        mu: f64,
        sigma: f64,
        max_bytes: u64,
    },
    /// Generalised Pareto: `location + scale ((1-u)^-shape - 1) / shape`.
    Pareto {
        location: f64,
        scale: f64,
        shape: f64,
        max_bytes: u64,
    },
    /// From the trace's size column (first size seen of each key).
    Trace,
}

/// A random length of time; parameters in nanoseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub enum Dist {
    Constant {
        ns: f64,
    },
    Exponential {
        mean_ns: f64,
    },
    /// `exp(mu + sigma z)` nanoseconds.
    Lognormal {
        mu: f64,
        sigma: f64,
    },
    Gamma {
        mean_ns: f64,
        cv2: f64,
    },
    /// Two-phase, balanced means; `cv2 >= 1`.
    Hyperexponential {
        mean_ns: f64,
        cv2: f64,
    },
    /// Sorted observations, drawn uniformly.
    Empirical {
        ns: Vec<f64>,
    },
}

impl Dist {
    pub const ZERO: Dist = Dist::Constant { ns: 0.0 };

    /// Whether it is always the same.
    pub fn is_constant(&self) -> bool {
        matches!(self, Dist::Constant { .. })
    }

    /// Expected value in nanoseconds.
    pub fn mean_ns(&self) -> f64 {
        match self {
            Dist::Constant { ns } => *ns,
            Dist::Exponential { mean_ns }
            | Dist::Gamma { mean_ns, .. }
            | Dist::Hyperexponential { mean_ns, .. } => *mean_ns,
            Dist::Lognormal { mu, sigma } => libm::exp(mu + sigma * sigma / 2.0),
            Dist::Empirical { ns } => ns.iter().sum::<f64>() / ns.len().max(1) as f64,
        }
    }
}
