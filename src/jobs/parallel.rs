//! GNU parallel: a script that runs the parts on the cores of this machine, or of others, and merges them.

use super::{Job, shell};

pub(super) fn script(job: &Job) -> String {
    let Job { tasks, threads, folder_option, .. } = job;
    let (comment, estimate, folder) = (job.comment(), job.estimate(), shell(&job.folder));
    let words = job.line();
    let words = words.trim_start_matches("herdlab ");
    let rounds = match job.rounds {
        Some(reason) => {
            format!("# {reason} takes several rounds: after each the merge ends with exit code 4.\n")
        }
        None => String::new(),
    };
    format!(
        r#"#!/usr/bin/env bash
# {tasks} tasks for GNU parallel, each with a part of
#   {comment}
# and the merge of their journals. Run it with `bash` and this file.
#
# Estimated: {estimate}.
# After an interrupt run it again: finished simulations are in the journals.
{rounds}set -euo pipefail

# More machines: JOBS="--sshlogin host1,host2 --workdir ." with the folder on a file system that they share.
herdlab=${{HERDLAB:-herdlab}}
folder={folder}
mkdir -p -- "$folder"
while true; do
    # One task on each core unless JOBS says otherwise; a task that fails is tried three times.
    # shellcheck disable=SC2086
    seq {tasks} | parallel --quote -N0 --retries 3 --joblog "$folder/parallel.log" ${{JOBS:-}} \
        "$herdlab" {words} \
        --shard auto/{tasks} --threads {threads} {folder_option} "$folder" --quiet
    code=0
    "$herdlab" merge "$folder" "$@" || code=$?
    test "$code" = 4 || exit "$code"
done
"#
    )
}
