//! GitHub Actions: a matrix of shards, and a job that needs it.

use super::{Job, expression, json};

pub(super) fn workflow(job: &Job) -> String {
    let Job { tasks, threads, folder_option, .. } = job;
    let (comment, estimate) = (expression(&job.comment()), job.estimate());
    let name = json(&expression(&format!("herdlab {} {}", job.command, job.name)));
    let line = expression(&job.line());
    // A line break inside a quoted word goes on at the depth of the block.
    let line = line.replace('\n', "\n          ");
    let indices: Vec<String> = (0..*tasks).map(|index| index.to_string()).collect();
    let indices = indices.join(", ");
    let minutes = job.minutes() + INSTALL_MINUTES;
    let install =
        "cargo install --locked --git https://github.com/OWNER/herdlab    # or fetch your own build";
    format!(
        r#"# {tasks} jobs, each with a part of
#   {comment}
# and a job that merges their journals. Put it into .github/workflows/ and start it by hand.
#
# Estimated: {estimate}.
# "Re-run failed jobs" computes the failed parts again; the journals of the others are kept as artifacts.
name: {name}
on: workflow_dispatch
permissions:
  contents: read
jobs:
  shard:
    runs-on: ubuntu-latest
    timeout-minutes: {minutes}
    strategy:
      fail-fast: false
      matrix:
        shard: [{indices}]
    steps:
      - uses: actions/checkout@v4
      - run: {install}
      - run: |
          {line} \
            --shard ${{{{ matrix.shard }}}}/{tasks} --threads {threads} {folder_option} shards --quiet
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: shard-${{{{ matrix.shard }}}}
          path: shards/
          overwrite: true
  merge:
    needs: shard
    if: ${{{{ !cancelled() }}}}
    runs-on: ubuntu-latest
    timeout-minutes: {merge_minutes}
    steps:
      - uses: actions/checkout@v4
      - run: {install}
      - uses: actions/download-artifact@v4
        with:
          pattern: shard-*
          path: shards
          merge-multiple: true
      - run: |
          herdlab merge shards --out report --format md >> "$GITHUB_STEP_SUMMARY"
      - uses: actions/upload-artifact@v4
        if: always()
        with:
          name: report
          path: report/
          overwrite: true
"#,
        merge_minutes = super::MINUTES_MIN + INSTALL_MINUTES,
    )
}

/// Compiling the program on a hosted runner.
const INSTALL_MINUTES: u64 = 20;
