//! Slurm: a script that submits an array and the merge that depends on it.

use super::{Job, shell};

pub(super) fn script(job: &Job) -> String {
    let Job { tasks, threads, folder_option, .. } = job;
    let (line, comment, estimate, label) = (job.line(), job.comment(), job.estimate(), job.label());
    let (folder, last) = (shell(&job.folder), tasks - 1);
    let (minutes, mebibytes) = (job.minutes(), job.mebibytes());
    format!(
        r#"#!/usr/bin/env bash
# An array of {tasks} Slurm tasks, each with a part of
#   {comment}
# and the merge of their journals as a job that depends on it. Submit both with `bash` and this file.
#
# Estimated: {estimate}; asked for is more (--time, --mem).
# A task that is requeued, or submitted again, goes on where it stopped: finished simulations are in its journal.
# To see how far it is: herdlab merge --partial {folder} --out so-far
set -euo pipefail

# The program, at the same place on all nodes. The folder is on a file system that all nodes share.
export HERDLAB=${{HERDLAB:-herdlab}}
folder={folder}
mkdir -p -- "$folder/log"
# In names of logs Slurm replaces what follows a per cent sign.
logs=${{folder//%/%%}}/log

# Sites limit the number of tasks (MaxArraySize of `scontrol show config`). `%50` behind the indices runs 50 at a time.
array=$(sbatch --parsable --job-name={label} --array=0-{last} \
    --ntasks=1 --cpus-per-task={threads} --mem={mebibytes}M --time={minutes} \
    --requeue --open-mode=append --output="$logs/%a.log" <<'TASK'
#!/usr/bin/env bash
exec "$HERDLAB" {words} \
    --shard auto/{tasks} --threads "${{SLURM_CPUS_PER_TASK:-{threads}}}" {folder_option} {folder} --quiet
TASK
)

# After the tasks, however they ended: exit code 3 names what is missing.
merge=$(sbatch --parsable --job-name={label}-merge --dependency=afterany:"${{array%%;*}}" \
    --ntasks=1 --cpus-per-task=1 --mem={merge_mebibytes}M --time={merge_minutes} \
    --requeue --open-mode=append --output="$logs/merge.log" <<'MERGE'
#!/usr/bin/env bash
exec "$HERDLAB" merge {folder} --quiet
MERGE
)
echo "tasks: job ${{array%%;*}}, merge: job ${{merge%%;*}}, report: $folder/index.html"
"#,
        words = line.trim_start_matches("herdlab "),
        merge_mebibytes = job.merge_mebibytes(),
        merge_minutes = super::MINUTES_MIN,
    )
}

impl Job {
    /// Memory of the merge: the measures of every simulation, and the report.
    pub(super) fn merge_mebibytes(&self) -> u64 {
        512 + self.simulations / 200
    }
}
