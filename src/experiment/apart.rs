//! Replications that differ in more than their seed.

use std::sync::Arc;

use super::options::{RunError, RunOptions};
use super::replication::{Together, replicate};
use super::run::{build_tables, record, with_warmup};
use super::workers::{map, pool};
use crate::model::Experiment;
use crate::policy::own::Policies;
use crate::record::Record;
use crate::sim::{Control, Engine};

/// The record of one replication after the other, each of the experiment of its own number: all of them with the same variants, workload and
/// seed, and with other times of their parts. Needs at least one experiment.
///
/// # Errors
/// A simulation that fails, or is cancelled.
pub fn run_apart(experiments: &[Experiment], control: &Arc<Control>) -> Result<Record, RunError> {
    let options = RunOptions { control: Arc::clone(control), ..RunOptions::default() };
    let pool = pool(0, experiments.len() as u64)?;
    let first = &experiments[0];
    let tables = pool.install(|| build_tables(first))?;
    let first = pool.install(|| with_warmup(first, &tables, &options))?;
    let mut variants = Vec::with_capacity(first.variants.len());
    for (index, tables) in tables.iter().enumerate() {
        let simulate = |replication: usize| {
            let variant = &experiments[replication].variants[index];
            let mut model = variant.model.clone();
            model.warmup_ns = first.variants[index].model.warmup_ns;
            let replication = replication as u32;
            Engine::new(&model, Arc::clone(tables), first.seed, replication)
                .and_then(|engine| replicate(&model, engine, control))
                .map_err(|source| RunError::Simulation { variant: variant.name.clone(), replication, source })
        };
        let replications = pool.install(|| map((0..experiments.len()).collect(), simulate))?;
        let mut together = Together::default();
        replications.into_iter().for_each(|replication| together.take_in(replication));
        variants.push(together);
    }
    let count = experiments.len() as u32;
    record(&first, variants, (count, count), &Policies::new())
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::experiment::run::run;
    use crate::scenario::{Overrides, parse};

    fn experiment(read: &str) -> Experiment {
        let source = format!(
            r#"
            question = "?"
            duration = "4s"
            replications = 3
            workload = {{ arrivals = {{ poisson = {{ rate = 100 }} }}, keys = 50 }}
            tier = [{{ name = "l2", scope = "shared", ttl = "1s" }}]
            database = {{ read = "{read}" }}
            variant = [{{ name = "plain", set = {{}} }}, {{ name = "long", set = {{ "tier.l2.ttl" = "3s" }} }}]
            "#
        );
        parse(&source, "apart.toml", Path::new(""), &Overrides::default()).unwrap()
    }

    #[test]
    fn each_replication_is_that_of_its_own_experiment() {
        let (fast, slow) = (experiment("2ms"), experiment("30ms"));
        let whole = |experiment| run(experiment, &RunOptions::default()).unwrap().record;
        let apart = run_apart(&[fast.clone(), slow.clone(), fast.clone()], &Arc::default()).unwrap();
        let (fast, slow) = (whole(&fast), whole(&slow));
        assert_eq!(apart.scenario.finished, 3);
        for (index, variant) in apart.variants.iter().enumerate() {
            for measure in &variant.measures {
                let values =
                    |record: &Record| record.variants[index].measure(&measure.name).unwrap().values.clone();
                let (fast, slow) = (values(&fast), values(&slow));
                assert_eq!(measure.values, [fast[0], slow[1], fast[2]], "{}", measure.name);
            }
        }
    }
}
